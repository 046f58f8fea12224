/** What is promised about accounts, and about the mailboxes in which they have their mail. */
import type { Body } from "../mail/body.ts";
import type { Part } from "../mail/mime.ts";
import type { StoredSecret } from "../sasl/secret.ts";
import type { MaybePromise } from "../wire/session.ts";

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
   * Makes an account, its INBOX and the mailboxes of `FIRST_MAILBOXES`.
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

/** What a mailbox is for: RFC 6154 §2. */
export type SpecialUse =
  | "\\All"
  | "\\Archive"
  | "\\Drafts"
  | "\\Flagged"
  | "\\Junk"
  | "\\Sent"
  | "\\Trash";

/** One small row, however much is in it. */
export interface Mailbox {
  readonly id: MailboxId;
  readonly account: AccountId;
  /** Its levels have `SEPARATOR` between them. */
  readonly name: string;
  /** RFC 8474 §4.1: no other mailbox ever has it; it outlives a new name, and a restored backup. */
  readonly objectId: string;
  readonly use: SpecialUse | null;
  /** Greater than that of every mailbox which was made before (RFC 9051 §2.3.1.1). */
  readonly uidValidity: number;
  readonly uidNext: Uid;
  /** Its newest change (HIGHESTMODSEQ, RFC 7162 §3.1.2.1); the account's mark may be past it. */
  readonly modSeq: ModSeq;
  readonly messages: number;
  /** Those without \Seen, and those with \Deleted. */
  readonly unseen: number;
  readonly deleted: number;
  /** Of all its messages, in bytes (RFC 8438). */
  readonly size: number;
}

export interface Entry {
  readonly uid: Uid;
  /** Prefix and content, in bytes. */
  readonly size: number;
  /** INTERNALDATE (RFC 9051 §2.3.3): a copy has that of its original. */
  readonly receivedAt: number;
  /** When it came into this mailbox (RFC 8514). */
  readonly savedAt: number;
  readonly modSeq: ModSeq;
  readonly message: MessageId;
  /** Those of the system first; keywords as the mailbox spells them. */
  readonly flags: readonly string[];
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

/** A message that a client brings (RFC 9051 §6.3.12). */
export interface NewMessage {
  readonly id: MessageId;
  readonly content: Body;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** A message from elsewhere, with what tells it from all others that come from there. */
export interface ImportedMessage extends NewMessage {
  /** {@linkcode IMPORT_KEY_BYTES} of a digest. */
  readonly key: Uint8Array;
}

/** So many cannot be the same by accident. */
export const IMPORT_KEY_BYTES = 16;
/** A mailbox remembers the keys of so many that were imported last: 50 bytes each. */
export const IMPORTED_KEPT = 1_000_000;

/** Where messages went, in the order in which they were named (RFC 4315 §3). */
export interface Placed {
  readonly uidValidity: number;
  readonly uids: readonly Uid[];
}

export interface FlagChange {
  readonly uids: readonly Uid[];
  readonly change: "set" | "add" | "remove";
  readonly flags: readonly string[];
  /** Those with a newer change than this are left alone (RFC 7162 §3.1.3); `null`: none. */
  readonly unchangedSince: ModSeq | null;
}

export interface AppendOptions {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Goes in the same transaction (RFC 8508), if it is still there. */
  readonly replaces?: { readonly mailbox: MailboxId; readonly uid: Uid };
}

export interface CopyOptions {
  /** Whether the originals go, in the same transaction (RFC 6851). */
  readonly move: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A mailbox by its name. */
export interface MailboxName {
  readonly account: AccountId;
  readonly name: string;
}

/** Bodies that are read together are in memory together, for each client that reads mail. */
export const BODIES_BYTES_MAX = 128 * 1024;

export interface Mail {
  mailbox(account: AccountId, name: string): Promise<Mailbox | null>;
  /** The same by its id; `null` when it is not there any more. */
  status(mailbox: MailboxId): Promise<Mailbox | null>;
  /** Those that messages there have, and perhaps some that they had (FLAGS, RFC 9051 §7.3.5). */
  keywords(mailbox: MailboxId): Promise<readonly string[]>;
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
  /**
   * `null` when it is not there any more. A body that was given can be read to its end. Many are
   * asked for one after the other, so none is waited for that is at hand.
   */
  body(mailbox: MailboxId, uid: Uid): MaybePromise<Body | null>;
  /**
   * The same for the first `max` messages from a UID on, in one go: fewer where they have more than
   * {@linkcode BODIES_BYTES_MAX} together, but always the first of them.
   */
  bodies(mailbox: MailboxId, from: Uid, max: number): MaybePromise<Map<Uid, Body>>;
  /**
   * What `keepParts` was given last for a message, wherever else it was copied to; `null` where
   * there is nothing.
   */
  parts(mailbox: MailboxId, uid: Uid): Promise<Part | null>;
  /**
   * Keeps what was found in messages. Nothing but time is lost where nobody waits for it, or where
   * it fails; those that are gone are passed over.
   */
  keepParts(mailbox: MailboxId, found: readonly (readonly [Uid, Part])[]): Promise<void>;
  /**
   * In one transaction, with no history: nobody sent them.
   * @throws {StoreError} `unknown` when there is no such mailbox, `limit` for keywords
   */
  append(
    to: MailboxName,
    messages: readonly NewMessage[],
    options: AppendOptions,
  ): Promise<Placed>;
  /**
   * Like `append`, for messages from elsewhere. Those whose keys the mailbox remembers are passed
   * over; the keys of the others are remembered in the same transaction, so that an import which
   * was interrupted can begin again. Gives how many were taken.
   * @throws {StoreError} `unknown` when there is no such mailbox, `limit` for keywords
   */
  take(to: MailboxName, messages: readonly ImportedMessage[], at: number): Promise<number>;
  /** Forgets at most `max` keys of a mailbox, and gives how many: 0 when none is left. */
  forgetTaken(mailbox: MailboxId, max: number): Promise<number>;
  /**
   * Gives those that are there, as they are then: a message whose flags are already so is not
   * changed; and the uids of those that had changed before. Those that are gone are in neither.
   * @throws {StoreError} `unknown`, `limit` for keywords
   */
  setFlags(mailbox: MailboxId, change: FlagChange): Promise<{
    readonly entries: readonly Entry[];
    readonly modified: readonly Uid[];
  }>;
  /**
   * In one transaction, with flags and dates; `from` names those that were there, in their order.
   * @throws {StoreError} `unknown` when either mailbox is not there, `limit` for keywords
   */
  copy(
    mailbox: MailboxId,
    uids: readonly Uid[],
    to: MailboxName,
    options: CopyOptions,
  ): Promise<Placed & { readonly from: readonly Uid[] }>;
  /** In one transaction; what is already gone, mailbox included, is passed over. */
  remove(mailbox: MailboxId, uids: readonly Uid[]): Promise<void>;
  /** Removes those of these that have \Deleted; `null`: of all. */
  expunge(mailbox: MailboxId, uids: readonly Uid[] | null): Promise<void>;
  /**
   * Resolves when the account has a change after `since`: at once when it has one already.
   * Rejects with the signal's reason when that is aborted first.
   * @throws {StoreError} `unknown`, also when the account is removed meanwhile
   */
  changed(account: AccountId, since: ModSeq, signal: AbortSignal): Promise<void>;
}
