/** What is promised about accounts, and about the mailboxes in which they have their mail. */
import type { Body } from "../mail/body.ts";
import type { StoredSecret } from "../sasl/secret.ts";

/** The id of a message in this server, unique for ever; made by the caller from the world. */
export type MessageId = string;

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
   * The key of what is shown in place of secrets that are not there. The first one that is given is
   * kept for the life of the store; later ones are ignored.
   */
  decoyKey(fresh: Uint8Array): Promise<Uint8Array>;
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

export type MailboxId = number;
/** Grows with every arrival in a mailbox and is never used again (RFC 9051 §2.3.1.1). */
export type Uid = number;
/**
 * Grows with every change of an account, and no two changes share one; the spine of views, watchers
 * and snapshots. Positive as soon as the account is there (RFC 7162 §3.1.2.1).
 */
export type ModSeq = number;
/** The mark of an account in which nothing happened yet but that its INBOX was made. */
export const FIRST_MODSEQ: ModSeq = 1;

export interface Mailbox {
  readonly id: MailboxId;
  readonly account: AccountId;
  readonly name: string;
  /** Greater than that of every mailbox which was made before (RFC 9051 §2.3.1.1). */
  readonly uidValidity: number;
  readonly uidNext: Uid;
  /** Its newest change (HIGHESTMODSEQ, RFC 7162 §3.1.2.1); the account's mark may be past it. */
  readonly modSeq: ModSeq;
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
  /** By the order of removal; may name some that came and went after the mark. */
  readonly removed: readonly Uid[];
  /** The mark for the next call: behind the last page it is the account's newest. */
  readonly modSeq: ModSeq;
  /** Whether the page was full and more changes wait behind `modSeq`. */
  readonly more: boolean;
  /**
   * Whether some removals after the mark are forgotten: then `removed` is not complete, and the
   * caller has to `list` the mailbox anew.
   */
  readonly forgotten: boolean;
}

/** A mailbox remembers at least so many of its newest removals; a client could make any number. */
export const REMOVED_KEPT = 10_000;

export interface Mail {
  mailbox(account: AccountId, name: string): Promise<Mailbox | null>;
  /**
   * The account's newest mark.
   * @throws {StoreError} `unknown`
   */
  modSeq(account: AccountId): ModSeq;
  /**
   * What is there, by uid: at most `max` entries, those behind `after`. A view begins with the mark
   * of `modSeq`, then lists, then follows `changes` from that mark.
   */
  list(mailbox: MailboxId, after: Uid, max: number): Promise<readonly Entry[]>;
  /**
   * At most `max` changes after `since`; 0 gives everything that is there, and no removals.
   * @throws {StoreError} `unknown`
   */
  changes(mailbox: MailboxId, since: ModSeq, max: number): Promise<Changes>;
  /** `null` when it is not there any more. A body that was given can be read to its end. */
  body(mailbox: MailboxId, uid: Uid): Promise<Body | null>;
  /** In one transaction; what is already gone, mailbox included, is passed over. */
  remove(mailbox: MailboxId, uids: readonly Uid[]): Promise<void>;
  /**
   * Resolves when the account has a change after `since`: at once when it has one already.
   * Rejects with the signal's reason when that is aborted first.
   * @throws {StoreError} `unknown`, also when the account is removed meanwhile
   */
  changed(account: AccountId, since: ModSeq, signal: AbortSignal): Promise<void>;
}
