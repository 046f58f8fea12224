/**
 * The peer broke the protocol. The one class that parsers throw; a session catches it in one place
 * and answers with the hint that it carries.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** The reply code to answer with, in protocols that have codes. */
  readonly code: number;
  /** The enhanced status (RFC 3463), in protocols that have one. */
  readonly status: string;
  /** `message` is shown to the peer: short, dull, and never an echo of what it sent. */
  constructor(message: string, hint: { readonly code: number; readonly status: string }) {
    super(message);
    this.code = hint.code;
    this.status = hint.status;
  }
}
