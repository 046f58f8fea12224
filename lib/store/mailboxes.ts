/** What is promised about the mailboxes of an account: their names, their making and their end. */
import type { AccountId, Mailbox, MailboxId, SpecialUse } from "./mailbox.ts";

/** Stands between the levels of a name. */
export const SEPARATOR = "/";
/** Where mail is delivered; it is there as long as its account (RFC 9051 §5.1). */
export const INBOX = "INBOX";

/** A client could make any number; people with thousands of folders are not known. */
export const MAILBOXES_MAX = 1_000;
/** RFC 9051 §6.3.7: no mailbox of that name need be there, so a client could make these up. */
export const SUBSCRIPTIONS_MAX = 2_000;
/** All levels together; each name is shown whole to people and in each list. */
export const NAME_CHARACTERS_MAX = 500;
/** Entries of RFC 5464 of one mailbox, or of an account: notes of programs, a few of each. */
export const METADATA_ENTRIES_MAX = 100;
/** One value of these, in bytes: a note, a colour, a signature. */
export const METADATA_BYTES_MAX = 64 * 1024;

/** What a new account has, beside its INBOX: RFC 6154 §2. */
export const FIRST_MAILBOXES: readonly (readonly [name: string, use: SpecialUse])[] = [
  ["Archive", "\\Archive"],
  ["Drafts", "\\Drafts"],
  ["Junk", "\\Junk"],
  ["Sent", "\\Sent"],
  ["Trash", "\\Trash"],
];

/** A name in the list of an account. */
export interface Listed {
  readonly name: string;
  readonly subscribed: boolean;
  /** `null`: the name is subscribed to, and there is no mailbox of that name. */
  readonly mailbox: Mailbox | null;
}

/** What all mail of an account takes. */
export interface Usage {
  readonly bytes: number;
  readonly messages: number;
}

/**
 * Making, renaming and removing mailboxes, and subscribing, moves the account's mark, so that those
 * who wait for `mail.changed` hear of it. Names come as they are to be compared: NFC, and INBOX in
 * capitals.
 */
export interface Mailboxes {
  /** By name. A parent whose name was never made is not among them. */
  list(account: AccountId): Promise<readonly Listed[]>;
  /**
   * Makes a mailbox, and those above it that are missing (RFC 9051 §6.3.4).
   * @throws {StoreError} `exists`, `limit`, `unknown` for the account
   */
  create(account: AccountId, name: string, options: CreateOptions): Promise<Mailbox>;
  /**
   * Gives a mailbox, and all below it, another name; those above the new name that are missing are
   * made. It keeps its id, its uids and their validity, which no other mailbox ever has. Of INBOX
   * the messages move into a new mailbox, and it stays (RFC 9051 §6.3.6). Subscriptions are to
   * names, and stay. `at`: milliseconds since 1970.
   * @throws {StoreError} `unknown`, `exists` (also where a name would come to lie below itself),
   * `limit`
   */
  rename(account: AccountId, from: string, to: string, at: number): Promise<void>;
  /**
   * Removes a mailbox with its mail; those below it stay (RFC 9051 §6.3.5).
   * @throws {StoreError} `unknown`
   * @throws {RangeError} for INBOX
   */
  remove(mailbox: MailboxId): Promise<void>;
  /** @throws {StoreError} `limit`, `unknown` for the account */
  subscribe(account: AccountId, name: string, subscribed: boolean): Promise<void>;
  /** What is kept of it in a few small rows; nothing is counted. */
  usage(account: AccountId): Promise<Usage>;
  /** RFC 5464: what is noted about a mailbox; `null` for the account itself. By name. */
  metadata(account: AccountId, mailbox: MailboxId | null): Promise<ReadonlyMap<string, Uint8Array>>;
  /**
   * `null` takes an entry away. All of these, or none. Names come in lower case (RFC 5464 §3.1). It
   * is a change of the mailbox (RFC 7162 §3.2).
   * @throws {StoreError} `limit`, `unknown`
   */
  setMetadata(
    account: AccountId,
    mailbox: MailboxId | null,
    entries: readonly (readonly [name: string, value: Uint8Array | null])[],
  ): Promise<void>;
}

export interface CreateOptions {
  readonly use: SpecialUse | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}
