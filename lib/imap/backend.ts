/** What the IMAP server needs from the application that it is part of. `lib/app/` implements it. */
import type { Part } from "../mail/mime.ts";
import type { Body } from "../mail/body.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import type { MaybePromise } from "../wire/session.ts";

export interface ImapBackend {
  open(peer: ImapPeer): MaybePromise<ImapConversation>;
}

export interface ImapPeer {
  /** IP address. */
  readonly address: string;
  readonly port: number;
}

/** `refused`: wrong user or password; `later`: there were too many wrong ones (RFC 5530 §3). */
export type ImapLogin = ImapAccount | "refused" | "later";

/** One client's conversation. A call that throws anything but `ImapError` is answered with NO. */
export interface ImapConversation {
  login(user: string, password: string, signal: AbortSignal): MaybePromise<ImapLogin>;
  /** What SCRAM begins with; the same for users who are not there. */
  secret(user: string, signal: AbortSignal): MaybePromise<ScramStart | "later">;
  proven(user: string, right: boolean, signal: AbortSignal): MaybePromise<ImapLogin>;
  /** Milliseconds since 1970: what YOUNGER and OLDER count from (RFC 5032 §3). */
  now(): number;
  close(): void;
}

/** The mailboxes of who is logged in. Names are as in `mailbox_name.ts`. */
export interface ImapAccount {
  /** All mailboxes, by name; those that are only subscribed to are among them. */
  mailboxes(): MaybePromise<readonly ImapMailbox[]>;
  /** The same, with how each is. */
  overview(): MaybePromise<readonly ImapOverview[]>;
  /** The mark of the newest change in the account. */
  modSeq(): number;
  /** Resolves when anything in the account has changed after the mark, but metadata. */
  changed(since: number, signal: AbortSignal): Promise<void>;
  /** Begins to note what metadata others set. */
  watchMetadata(): ImapMetadataWatch;
  /** `null` where there is none. */
  status(name: string): MaybePromise<ImapStatus | null>;
  /**
   * Parents that are missing are made too.
   * @throws {ImapError} ALREADYEXISTS, LIMIT
   */
  create(name: string, use: SpecialUse | null): MaybePromise<{ readonly mailboxId: string }>;
  /** @throws {ImapError} NONEXISTENT, HASCHILDREN */
  remove(name: string): MaybePromise<void>;
  /**
   * With its children. Of INBOX the messages move, and it stays (RFC 9051 §6.3.6).
   * @throws {ImapError} NONEXISTENT, ALREADYEXISTS
   */
  rename(from: string, to: string): MaybePromise<void>;
  subscribe(name: string, subscribed: boolean): MaybePromise<void>;
  /** `null` where there is none. */
  select(name: string): MaybePromise<ImapSelected | null>;
  /**
   * In one transaction; gives the UIDs in their order.
   * @throws {ImapError} TRYCREATE, OVERQUOTA, LIMIT
   */
  append(name: string, messages: readonly ImapNewMessage[]): MaybePromise<ImapPlaced>;
  quota(): MaybePromise<ImapQuota>;
  /**
   * `mailbox` is empty for what belongs to the account as a whole (RFC 5464 §3).
   * @throws {ImapError} NONEXISTENT
   */
  metadata(mailbox: string): MaybePromise<ReadonlyMap<string, Uint8Array>>;
  /** @throws {ImapError} NONEXISTENT, and with METADATA where it is too much */
  setMetadata(
    mailbox: string,
    entries: readonly (readonly [name: string, value: Uint8Array | null])[],
  ): MaybePromise<void>;
}

/** RFC 6154 §2. */
export type SpecialUse =
  | "\\All"
  | "\\Archive"
  | "\\Drafts"
  | "\\Flagged"
  | "\\Junk"
  | "\\Sent"
  | "\\Trash";

export interface ImapMailbox {
  readonly name: string;
  /** Whether it can be selected; `false` for a name that is only subscribed to, or has children. */
  readonly exists: boolean;
  readonly subscribed: boolean;
  readonly use: SpecialUse | null;
}

export interface ImapOverview extends ImapMailbox {
  /** `null` where it does not exist. */
  readonly status: ImapStatus | null;
}

/** What others set of metadata (RFC 5464), as long as somebody wants to know. */
export interface ImapMetadataWatch {
  /**
   * What was set since the last call, by mailbox, which is empty for the account; `"overflow"` when
   * that was too much.
   */
  take(): readonly ImapMetadataChange[] | "overflow";
  /** Resolves when there is something to take. */
  changed(signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface ImapMetadataChange {
  readonly mailbox: string;
  readonly entries: readonly string[];
}

export interface ImapStatus {
  readonly mailboxId: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modSeq: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  /** In bytes. */
  readonly size: number;
  /** RFC 3501 §2.3.2: of messages from this UID on no session that may change them knows yet. */
  readonly recentFrom: number;
}

/** What is known of a message without looking into it. */
export interface ImapMessage {
  readonly uid: number;
  readonly modSeq: number;
  readonly flags: readonly string[];
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970: INTERNALDATE, and when it came into this mailbox (RFC 8514). */
  readonly receivedAt: number;
  readonly savedAt: number;
  /** RFC 8474 §5.1 */
  readonly emailId: string;
}

export interface ImapNewMessage {
  readonly content: Uint8Array;
  readonly flags: readonly string[];
  /** `null`: now. */
  readonly receivedAt: number | null;
}

/** Where messages went: RFC 4315 §3. */
export interface ImapPlaced {
  readonly uidValidity: number;
  readonly uids: readonly number[];
}

/** `null`: without a limit. */
export interface ImapQuota {
  readonly bytes: number;
  readonly bytesMax: number | null;
  readonly messages: number;
  readonly messagesMax: number | null;
}

export interface ImapChanges {
  /** By `modSeq`, rising. */
  readonly messages: readonly ImapMessage[];
  readonly removed: readonly number[];
  /** The mark for the next call. */
  readonly modSeq: number;
  readonly more: boolean;
  /** Removals after the mark are forgotten, so that `removed` is not complete. */
  readonly forgotten: boolean;
}

/**
 * A mailbox that a client has selected. It may be removed meanwhile: then everything, `changed`
 * too, throws `ImapError` with NONEXISTENT.
 */
export interface ImapSelected {
  readonly name: string;
  readonly status: ImapStatus;
  /**
   * Gives what `recentFrom` of the status was up to now. With `told`, messages up to that UID count
   * as told of from then on.
   */
  recent(told: number | null): MaybePromise<number>;
  /** Those behind `after`, by UID. */
  list(after: number, max: number): MaybePromise<readonly ImapMessage[]>;
  changes(since: number, max: number): MaybePromise<ImapChanges>;
  /** Resolves when there is a change after the mark. */
  changed(since: number, signal: AbortSignal): Promise<void>;
  /** What was given to `keep` for a message, as long as there is room for it; else `null`. */
  kept(uid: number, what: string): string | null;
  /** Keeps what was made of the content of a message, for all clients that see this mailbox. */
  keep(uid: number, what: string, text: string): void;
  /** `null` when the message is gone. */
  content(uid: number): MaybePromise<Body | null>;
  /** The same for whoever reads many, one after the other; the next ones may be read, too. */
  contents(): (uid: number) => MaybePromise<Body | null>;
  /** Its parts, found once and kept; `null` when it is gone. */
  parts(uid: number): MaybePromise<Part | null>;
  /**
   * Which messages need not be read by whoever looks for all of these texts: gives a test whether a
   * message, by UID, certainly has not all of them. `null`: nothing is known.
   */
  without(texts: readonly string[], within: TextPlace): MaybePromise<RuledOut | null>;
  /**
   * Gives what is true then about those that are there; those that were changed after
   * `unchangedSince` are left alone and given in `modified` (RFC 7162 §3.1.3).
   */
  store(change: ImapFlagChange): MaybePromise<{
    readonly messages: readonly ImapMessage[];
    readonly modified: readonly number[];
  }>;
  /**
   * In one transaction; those that are gone are left out of both lists.
   * @throws {ImapError} TRYCREATE, OVERQUOTA
   */
  copy(
    uids: readonly number[],
    to: string,
    options: { readonly move: boolean },
  ): MaybePromise<ImapPlaced & { readonly from: readonly number[] }>;
  /** Removes those that are there and have \Deleted; `null`: all such. */
  expunge(uids: readonly number[] | null): MaybePromise<void>;
  /** One for another, in one transaction (RFC 8508). */
  replace(uid: number, to: string, message: ImapNewMessage): MaybePromise<ImapPlaced>;
}

/** Whether it is certain of the message with this UID. */
export type RuledOut = (uid: number) => boolean;

/** Where texts are looked for, as `SearchContent` has it: in `headers`, `body` or `text`. */
export type TextPlace = "header" | "body" | "whole";

export interface ImapFlagChange {
  readonly uids: readonly number[];
  readonly change: "set" | "add" | "remove";
  readonly flags: readonly string[];
  readonly unchangedSince: number | null;
}
