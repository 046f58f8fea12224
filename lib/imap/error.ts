/** What a client did wrong, or cannot have: the tagged reply that says so. */

/** RFC 9051 §7.1 and RFC 5530 §3: what may stand in brackets in front of the words. */
export type ResponseCode = string;

/**
 * Ends a command with a tagged BAD or NO. The one class that parsers and commands throw; the
 * session catches it in one place.
 */
export class ImapError extends Error {
  override readonly name = "ImapError";
  /** RFC 9051 §7.1: BAD for what is no command, NO for one that cannot be done. */
  readonly condition: "NO" | "BAD";
  readonly code: ResponseCode | null;
  /** `message` is shown to the client: short, dull, and never an echo of what it sent. */
  constructor(condition: "NO" | "BAD", message: string, code: ResponseCode | null = null) {
    super(message);
    this.condition = condition;
    this.code = code;
  }
}

/** The client broke the grammar. */
export function malformed(message: string): ImapError {
  return new ImapError("BAD", message);
}

/** The command was understood, and cannot be done. */
export function refused(message: string, code: ResponseCode | null = null): ImapError {
  return new ImapError("NO", message, code);
}
