/** Why what an operator asks for is not done. */

/** `failed`: the store did; the others are the operator's. */
export type AdminFault = "usage" | "unknown" | "exists" | "failed";

/** What an operator asks for and does not get. */
export class RefusedError extends Error {
  readonly kind: AdminFault;
  constructor(kind: AdminFault, message: string) {
    super(message);
    this.kind = kind;
  }
}
