/** RFC 5321 §4.5.3.2, in milliseconds. */
export interface SmtpClientTimeouts {
  readonly greetingMs: number;
  readonly commandMs: number;
  readonly dataMs: number;
  /** For each piece of content. */
  readonly blockMs: number;
  /** From the final dot to its reply: giving up early makes duplicates. */
  readonly finalMs: number;
}

export const DEFAULT_CLIENT_TIMEOUTS: SmtpClientTimeouts = {
  greetingMs: 5 * 60_000,
  commandMs: 5 * 60_000,
  dataMs: 2 * 60_000,
  blockMs: 3 * 60_000,
  finalMs: 10 * 60_000,
};
