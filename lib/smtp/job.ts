/** What an SMTP client is given to do, and what became of it. */
import type { Body } from "../mail/body.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { MaybePromise, TlsInfo } from "../wire/session.ts";
import type { Extensions } from "./ehlo.ts";
import type { Reply } from "./reply.ts";

/** `verify` asks whether the recipients are taken, and sends nothing. */
export type SmtpJob =
  & {
    readonly envelope: Envelope;
    /** At least one. */
    readonly recipients: readonly Recipient[];
  }
  & (
    | { readonly do: "verify"; readonly contentBytes: number | null }
    | {
      readonly do: "send";
      readonly content: Body;
      /** Sends nothing when a single recipient is refused. */
      readonly allOrNothing?: boolean;
    }
  );

/** Where jobs come from and their results go. */
export interface SmtpJobs {
  /** The next job; `null` ends the conversation with QUIT. May take as long as it likes. */
  next(signal: AbortSignal): MaybePromise<SmtpJob | null>;
  /** One attempt for each of the job's recipients, in their order. */
  done(job: SmtpJob, attempts: readonly Attempt[]): void;
  /** Milliseconds since 1970: what is left of a deadline is counted when MAIL is said. */
  now(): number;
  /**
   * The conversation has come to the point where jobs are done. `serverName` is what the server
   * called itself in its greeting (RFC 5321 §4.2); unverified, and empty where it gave no name.
   */
  ready?(extensions: Extensions, serverName: string, tls: TlsInfo | null): void;
}

/** What became of one recipient. */
export interface Attempt {
  readonly recipient: Recipient;
  /** The server's words; `null` when there were none. */
  readonly reply: Reply | null;
  /**
   * What the words were said to. `greeting`: to us, before any transaction. `hello`: we decided
   * ourselves, from what the server offers; `deferred` there: its limits leave no place for this
   * recipient on this connection.
   */
  readonly at: "greeting" | "hello" | "mail" | "rcpt" | "data";
  /**
   * `delivered`: the server has taken the message, or was asked and would take it. `unknown`: the
   * connection was lost between the final dot and its reply (RFC 5321 §4.5.3.2.6).
   */
  readonly result: "delivered" | "deferred" | "refused" | "unknown";
}
