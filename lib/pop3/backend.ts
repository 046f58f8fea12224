/** What the POP3 server needs from the application that it is part of. `lib/app/` implements it. */
import type { Body } from "../mail/body.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import type { MaybePromise } from "../wire/session.ts";

export interface Pop3Backend {
  open(peer: Pop3Peer): MaybePromise<Pop3Conversation>;
}

export interface Pop3Peer {
  /** IP address. */
  readonly address: string;
  readonly port: number;
}

/** One client's conversation. A call that throws is answered with -ERR [SYS/TEMP] (RFC 3206). */
export interface Pop3Conversation {
  /**
   * Logs in and locks the mailbox (RFC 1939 §4), when the password is right.
   */
  login(user: string, password: string, signal: AbortSignal): MaybePromise<Pop3Login>;
  /** What SCRAM begins with; the same for users who are not there. */
  secret(user: string, signal: AbortSignal): MaybePromise<ScramStart | "later">;
  /** Like `login`, for whoever has shown (or not) in SCRAM that they know the password. */
  proven(user: string, right: boolean, signal: AbortSignal): MaybePromise<Pop3Login>;
  /** The whole message; `null` when it is gone. */
  message(message: Pop3Message, signal: AbortSignal): MaybePromise<Body | null>;
  /**
   * RFC 1939 §6: removes these, at QUIT only. When there are many, it is called more than once:
   * what was removed stays removed when a later call fails.
   */
  remove(messages: readonly Pop3Message[]): MaybePromise<void>;
  /** Resolves when everybody else has had a turn; waited for within a response that is long. */
  turn(): MaybePromise<void>;
  /** The conversation is over, however it came to its end: the lock is given up. */
  close(): void;
}

/**
 * How a login went: a snapshot of the mailbox; `refused` when the user or the password is wrong,
 * `later` when there were too many wrong ones, so that this one was not looked at, `inUse` when
 * another session has the lock, `tooSoon` when the last login was a moment ago (RFC 2449 §6.5).
 */
export type Pop3Login = Pop3Snapshot | "refused" | "later" | "inUse" | "tooSoon";

/** What was in the mailbox at the login. There may be very many messages: none is made unasked. */
export interface Pop3Snapshot {
  readonly count: number;
  /** Of all together, in bytes. */
  readonly size: number;
  /** The message with this number, from 1 to `count`. */
  message(number: number): Pop3Message;
}

/** One message of the snapshot. */
export interface Pop3Message {
  /** In bytes, as RETR sends them before dot-stuffing. */
  readonly size: number;
  /** Unique for the life of the mailbox, 1 to 70 printable characters (RFC 1939 §7 UIDL). */
  readonly uniqueId: string;
}
