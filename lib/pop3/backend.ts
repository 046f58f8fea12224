/** What the POP3 server needs from the application that it is part of. `lib/app/` implements it. */
import type { Body } from "../mail/body.ts";
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
   * Logs in and locks the mailbox (RFC 1939 §4): a snapshot of it, `inUse` when another session has
   * the lock, `refused` when the user or the password is wrong.
   */
  login(
    user: string,
    password: string,
    signal: AbortSignal,
  ): MaybePromise<readonly Pop3Message[] | "refused" | "inUse">;
  /** The whole message; `null` when it is gone. */
  message(message: Pop3Message, signal: AbortSignal): MaybePromise<Body | null>;
  /** RFC 1939 §6: removes these, at QUIT only; one transaction. */
  remove(messages: readonly Pop3Message[]): MaybePromise<void>;
  /** The conversation is over, however it came to its end: the lock is given up. */
  close(): void;
}

/** One message of the snapshot; its number is its place in it, from 1. */
export interface Pop3Message {
  /** In bytes, as RETR sends them before dot-stuffing. */
  readonly size: number;
  /** Unique for the life of the mailbox, 1 to 70 printable characters (RFC 1939 §7 UIDL). */
  readonly uniqueId: string;
}
