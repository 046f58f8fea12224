/** What the SMTP server needs from the application that it is part of. `lib/app/` implements it. */
import type { Address } from "../mail/address.ts";
import type { Body } from "../mail/body.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import type { MaybePromise, TlsInfo } from "../wire/session.ts";
import type { MailCommand, RcptCommand } from "./command.ts";
import type { FutureRelease } from "./ehlo.ts";
import type { Reply } from "./reply.ts";

export interface SmtpBackend {
  /** A conversation with this peer, or the reply that it gets instead of a greeting. */
  open(peer: SmtpPeer): MaybePromise<SmtpConversation | Reply>;
}

/** Who is there: as the connection shows it. */
export interface SmtpPeer {
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** Its host name, where a proxy has looked it up. */
  readonly name?: string;
  /** The IP address of this host that the connection came to; missing where there is none. */
  readonly local?: string;
}

/** What the client has said about itself so far; handed over with each transaction. */
export interface SmtpHello {
  /** As given to HELO or EHLO; unverified. */
  readonly name: string;
  readonly extended: boolean;
  readonly protocol: "smtp" | "lmtp";
  readonly tls: TlsInfo | null;
  /** The account that logged in. */
  readonly user: string | null;
}

/**
 * How a login went. `refused`: the user or the password is wrong. `later`: there were too many
 * wrong ones, so that this one was not looked at.
 */
export type SmtpLogin = { readonly account: string } | "refused" | "later";

/**
 * One client's conversation. A call that throws is answered with 451 4.3.0, and the session goes
 * on. `signal` is aborted when the server is about to stop.
 */
export interface SmtpConversation {
  /** Whether the password is right. */
  login(user: string, password: string, signal: AbortSignal): MaybePromise<SmtpLogin>;
  /** What SCRAM begins with; the same for users who are not there. */
  secret(user: string, signal: AbortSignal): MaybePromise<ScramStart | "later">;
  /** Logs in, or does not, whoever has shown (or not) in SCRAM that they know the password. */
  proven(user: string, right: boolean, signal: AbortSignal): MaybePromise<SmtpLogin>;
  /** The account of a user whom a trusted proxy has seen log in; `null` for no account. */
  vouched(user: string): MaybePromise<string | null>;
  /** How far into the future a message can be held just now; asked where it can be at all. */
  futureRelease(): FutureRelease;
  /**
   * Who is on a mailing list, as EXPN asks for a user who has logged in; `null` when no list has
   * that name, which is whatever the client wrote.
   */
  members(name: string): MaybePromise<readonly Address[] | null>;
  /** A new transaction: from whom, and with which parameters. */
  mail(mail: MailCommand, hello: SmtpHello, signal: AbortSignal): MaybePromise<Reply>;
  /** Recipients that the client sent in one group; one reply each, in their order. */
  recipients(
    group: readonly RcptCommand[],
    signal: AbortSignal,
  ): MaybePromise<readonly Reply[]>;
  /** The content is about to come: `message`, `deliver`, `reset` or `close` will follow. */
  expect(): void;
  /** The content for the accepted recipients. A 2yz answer promises that it is durable. */
  message(content: Body, signal: AbortSignal): MaybePromise<Reply>;
  /**
   * The same by LMTP: one reply for each accepted recipient, in their order (RFC 2033 §4.2). A 2yz
   * answer promises final delivery.
   */
  deliver(content: Body, signal: AbortSignal): MaybePromise<readonly Reply[]>;
  /** RFC 5321 §4.1.1.5: the transaction is forgotten. */
  reset(): void;
  /** The conversation is over, however it came to its end. */
  close(): void;
}
