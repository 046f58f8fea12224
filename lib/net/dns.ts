/** Questions to the DNS, as the world answers them: one at a time, and nothing is remembered. */

export interface Dns {
  /**
   * Asks one question; a name with a CNAME counts as the name that this leads to.
   * @throws {DnsError} nothing is known then; RFC 5321 §5.1: such a question is asked again later.
   */
  query(name: string, type: DnsType, signal: AbortSignal): Promise<DnsAnswer>;
}

/** What can be asked for. */
export type DnsType = DnsRecord["type"];

/** `ttlMs`: how long this may be remembered; 0: not at all. */
export type DnsAnswer =
  | { readonly kind: "found"; readonly records: readonly DnsRecord[]; readonly ttlMs: number }
  /** The name exists, and has nothing of this type. */
  | { readonly kind: "noData"; readonly ttlMs: number }
  /** There is no such name. */
  | { readonly kind: "noName"; readonly ttlMs: number };

/** Names are without a dot at their end; the root is the empty name. */
export type DnsRecord =
  | { readonly type: "MX"; readonly preference: number; readonly exchange: string }
  | { readonly type: "A" | "AAAA"; readonly address: string }
  /** Each character is a byte; the strings of one record are joined. */
  | { readonly type: "TXT"; readonly text: string };

/** Nobody has answered the question, which is not the answer that there is nothing. */
export class DnsError extends Error {
  override readonly name = "DnsError";
  readonly kind: DnsErrorKind;
  constructor(kind: DnsErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export type DnsErrorKind =
  | "timeout"
  /** SERVFAIL, REFUSED, a server that knows nothing of the name, or no server at all. */
  | "failed"
  /** The signal was aborted. */
  | "aborted";
