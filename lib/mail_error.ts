/** The one error that the library throws when mail did not go as it should. */

/**
 * What went wrong, for programs:
 * - `refused`: a server refuses for good (a 5yz reply, RFC 5321 §4.2.1): trying again is useless.
 * - `deferred`: a server, or a part of one, cannot just now (a 4yz reply); later it may.
 * - `unknown`: the connection was lost when the whole message was sent and the answer had not come.
 *   It may be delivered; sent again, it may arrive twice.
 * - `login`: the user or the password is wrong, or the server offers no login that works here.
 * - `unavailable`: nobody answers there, or what answers is no mail server.
 * - `missing`: the mail that was waited for did not come in time, or there is no such mailbox.
 */
export type MailErrorKind =
  | "refused"
  | "deferred"
  | "unknown"
  | "login"
  | "unavailable"
  | "missing";

/** What became of one recipient of a message that was sent. */
export interface RecipientReport {
  /** Like `bob@example.test`. */
  readonly address: string;
  /**
   * `accepted`: the server has taken the message for this recipient. `refused`, `deferred` and
   * `unknown` are as in {@linkcode MailErrorKind}. `withheld`: nothing was wrong with this
   * recipient, and the message was not sent because of another one.
   */
  readonly result: "accepted" | "refused" | "deferred" | "unknown" | "withheld";
  /** The server's words, like `550 5.1.1 There is no such user here`; `null` without any. */
  readonly reply: string | null;
}

/** Mail did not go as it should; the message says what, where and why in one sentence. */
export class MailError extends Error {
  /** `MailError`. */
  override readonly name = "MailError";
  /** What went wrong, for programs. */
  readonly kind: MailErrorKind;
  /** One for each recipient, where a message was on its way; else empty. */
  readonly recipients: readonly RecipientReport[];

  /** Made by this library only. */
  constructor(
    kind: MailErrorKind,
    message: string,
    options: ErrorOptions & { readonly recipients?: readonly RecipientReport[] } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.recipients = options.recipients ?? [];
  }
}
