/**
 * What is remembered, and what is promised about it. Three parts share one commit point: accounts,
 * mailboxes and the queue. `memory.ts` and `sqlite.ts` keep these promises; one conformance suite
 * (`tests/conformance/store.ts`) holds both to them.
 *
 * Every promise that a method here returns resolves only when its change is durable.
 */
import type { Address } from "../mail/address.ts";
import type { Body } from "../mail/body.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { StoredSecret } from "../sasl/secret.ts";
import type { Reply } from "../smtp/reply.ts";
import type { MaybePromise } from "../wire/session.ts";

export interface Store extends AsyncDisposable {
  readonly users: Users;
  readonly mail: Mail;
  readonly queue: Queue;
  /**
   * Takes responsibility for a message: all its deliveries in one transaction, durable when it
   * resolves. When it rejects, nothing of it is there.
   */
  accept(message: Accepted): Promise<void>;
  /** Everything that is wrong with the store, in words; empty when its invariants hold. */
  check(): Promise<readonly string[]>;
}

/** The id of a message in this server, unique for ever; made by the caller from the world. */
export type MessageId = string;

export interface Accepted {
  readonly id: MessageId;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  /** Trace fields in front. Stored once, whatever the number of deliveries. */
  readonly content: Body;
  /** At least one. */
  readonly deliveries: readonly Delivery[];
}

export type Delivery =
  | {
    readonly to: "mailbox";
    readonly account: AccountId;
    readonly mailbox: string;
    /** What final delivery puts in front (Return-Path); what readers get is prefix + content. */
    readonly prefix: Uint8Array;
  }
  | {
    readonly to: "queue";
    readonly hop: HopId;
    readonly recipient: Recipient;
    /** Milliseconds since 1970. */
    readonly dueAt: number;
  };

// Accounts

export type AccountId = number;

export interface Account {
  readonly id: AccountId;
  /** A full address in the form of `accountName` (lower case, NFC). */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Accounts are read from memory: they are asked for with every recipient. */
export interface Users {
  /** In the order in which they were added. */
  list(): readonly Account[];
  find(name: string): Account | null;
  secret(id: AccountId): StoredSecret | null;
  /**
   * Makes an account and its INBOX.
   * @throws {StoreError} `exists`
   */
  add(name: string, secret: StoredSecret, createdAt: number): Promise<Account>;
  /** @throws {StoreError} `unknown` */
  setSecret(id: AccountId, secret: StoredSecret): Promise<void>;
  /**
   * Removes the account with its mailboxes and mail.
   * @throws {StoreError} `unknown`
   */
  remove(id: AccountId): Promise<void>;
}

// Mailboxes

export type MailboxId = number;
/** Grows with every arrival in a mailbox and is never used again (RFC 9051 §2.3.1.1). */
export type Uid = number;
/** Grows with every change of an account; the spine of views, watchers and snapshots. */
export type ModSeq = number;

export interface Mailbox {
  readonly id: MailboxId;
  readonly account: AccountId;
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: Uid;
}

export interface Entry {
  readonly uid: Uid;
  /** Prefix and content, in bytes. */
  readonly size: number;
  readonly receivedAt: number;
  readonly modSeq: ModSeq;
  readonly message: MessageId;
}

/** What is true now about everything that changed after a mark. */
export interface Changes {
  /** By `modSeq`, rising. */
  readonly entries: readonly Entry[];
  readonly removed: readonly Uid[];
  /** The mark for the next call. */
  readonly modSeq: ModSeq;
  /** Whether the page was full and more changes wait behind `modSeq`. */
  readonly more: boolean;
}

export interface Mail {
  mailbox(account: AccountId, name: string): Promise<Mailbox | null>;
  /** The account's newest mark. */
  modSeq(account: AccountId): ModSeq;
  /** At most `max` changes after `since`; 0 gives everything that is there. */
  changes(mailbox: MailboxId, since: ModSeq, max: number): Promise<Changes>;
  /** `null` when it is not there any more. A body that was given can be read to its end. */
  body(mailbox: MailboxId, uid: Uid): Promise<Body | null>;
  /** In one transaction; what is already gone is passed over. */
  remove(mailbox: MailboxId, uids: readonly Uid[]): Promise<void>;
  /** Resolves when the account has a change after `since`: at once when it has one already. */
  changed(account: AccountId, since: ModSeq, signal: AbortSignal): Promise<void>;
}

// Queue

/** A next hop: the recipient's domain. Where it leads is asked anew at each attempt. */
export type HopId = string;
/** A taken recipient; valid until it is settled or given back. */
export type Token = string;

export interface Hop {
  readonly hop: HopId;
  /** When its oldest due recipient became due. */
  readonly dueAt: number;
}

export interface Taken {
  readonly token: Token;
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  readonly recipient: Recipient;
  readonly content: Body;
  /** Attempts that were made before this one. */
  readonly attempts: number;
}

export type Verdict =
  /** The recipient has its outcome: accepted by the next server, or reported, or recorded. */
  | { readonly do: "finish"; readonly outcome: "relayed" | "failed"; readonly reply: Reply }
  | { readonly do: "retry"; readonly dueAt: number; readonly reply: Reply };

/** One queued recipient, for the operator. */
export interface Queued {
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly size: number;
  readonly sender: Address | null;
  readonly recipient: Address;
  readonly hop: HopId;
  readonly dueAt: number;
  readonly attempts: number;
  /** What the last attempt was answered; `null` before the first. */
  readonly lastReply: Reply | null;
  /** Whether it is being delivered just now. */
  readonly taken: boolean;
}

export interface Queue {
  /** Next hops that have due work which nobody has taken, the longest waiting first. */
  ready(now: number, max: number): Promise<readonly Hop[]>;
  /**
   * Takes due recipients of one hop, oldest first. With one owner of the data directory, taking is a
   * fact in memory: it costs no commit, and opening the store forgets it.
   */
  take(hop: HopId, now: number, max: number): Promise<readonly Taken[]>;
  /** Gives back what was taken and not tried. */
  release(tokens: readonly Token[]): void;
  /** A dead hop: nothing of it is due before `until`; one row, not one for each message. */
  defer(hop: HopId, until: number, reply: Reply): Promise<void>;
  /**
   * Records outcomes and accepts the reports about them, all in one transaction.
   * Gives the tokens that were stale (dropped meanwhile, or settled before); those are ignored.
   */
  settle(
    verdicts: readonly (readonly [token: Token, verdict: Verdict])[],
    reports: readonly Accepted[],
  ): Promise<readonly Token[]>;
  /** When the next recipient that nobody has taken becomes due; `null` when none waits. */
  nextDueAt(): MaybePromise<number | null>;
  /** Counts commits that brought work or made some due; for {@linkcode changed}. */
  version(): number;
  /** Resolves when `version()` differs from `since`: at once when it does already. */
  changed(since: number, signal: AbortSignal): Promise<void>;
  /** Everything that waits, by acceptance; at most `max` after the message id `after`. */
  list(options: { readonly after?: MessageId; readonly max: number }): Promise<readonly Queued[]>;
  /** The content of a queued message; `null` when it is not queued. */
  content(message: MessageId): Promise<Body | null>;
  /** Makes everything (or one message) due at `now`; gives how many recipients. */
  retry(now: number, message?: MessageId): Promise<number>;
  /** Forgets a message's recipients without a report: the operator's word. Gives how many. */
  drop(message: MessageId): Promise<number>;
}

/** What a caller may want to tell apart; everything else that a store throws is a failure of its own. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: "exists" | "unknown" | "locked" | "newer";
  constructor(kind: "exists" | "unknown" | "locked" | "newer", message: string) {
    super(message);
    this.kind = kind;
  }
}
