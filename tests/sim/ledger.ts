/**
 * What was seen from outside of the servers that are under test: by those who gave them mail, by
 * those who took mail from them, and by those who read it. The checkers know nothing else. Text is
 * Latin-1: each character is a byte.
 */

import { createImapLedger, type ImapLedger } from "./imap_ledger.ts";

export interface Ledger {
  /** What was given to our servers, or was meant to be. */
  readonly submissions: Submission[];
  /** What foreign servers were given by ours. */
  readonly takings: Taking[];
  /** What was read from mailboxes; the same copy may be read many times. */
  readonly copies: Copy[];
  /** What was seen by those who read by IMAP. */
  readonly imap: ImapLedger;
  /** What our servers remember of the ends of messages. */
  readonly records: OutcomeRecord[];
  /** Processes that ended, connections that broke, and disks that refused an outcome. */
  readonly interruptions: Interruption[];
  /** Accounts that came and went, those that were there from the beginning included. */
  readonly accounts: AccountChange[];
  /** Conversations that were begun with our servers, and whether they came to an end. */
  readonly conversations: Conversation[];
  /** How each mailbox stood, in the order of time. */
  readonly snapshots: MailboxSnapshot[];
  /** Messages that the operator has held, */
  readonly holds: Hold[];
  /** and dropped, or has tried to. */
  readonly drops: Drop[];
  /** Disks that were lost. */
  readonly restores: Restore[];
}

/** One message, as a client gave it to one of our servers. */
export interface Submission {
  /** Stands in the content, and tells it from all others; see `markIn`. */
  readonly mark: string;
  /** The name of our server. */
  readonly server: string;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** Who was logged in; `null`: a stranger. */
  readonly user: string | null;
  /** `null` is the null sender. */
  readonly sender: string | null;
  /** As they were named, duplicates included. */
  readonly recipients: readonly SubmittedRecipient[];
  /** What was said between DATA and the dot, dots undone. */
  readonly content: string;
  /** Whether a deadline was set, with which a server may say more than NOTIFY asks for. */
  readonly hasDeadline: boolean;
  /**
   * What the client heard about the content. `unknown`: it was all said, and nothing was heard;
   * `unsent`: it was never said to its end.
   */
  readonly answer: "accepted" | "refused" | "unknown" | "unsent";
  /** What the server called the message when it accepted it. */
  readonly id: string | null;
}

export interface SubmittedRecipient {
  readonly address: string;
  /** The code that answered RCPT; `null`: none did. */
  readonly code: number | null;
  /** What was asked for with NOTIFY; empty is NEVER, `null` is that nothing was said. */
  readonly notify: readonly string[] | null;
}

/** One message, as one of our servers gave it to a foreign one. */
export interface Taking {
  readonly mark: string | null;
  /** The name of the foreign server. */
  readonly server: string;
  /** What the client called itself. */
  readonly client: string;
  readonly sender: string | null;
  /** Those that it is `kept`, `refused` or `deferred` for. */
  readonly recipients: readonly string[];
  readonly content: string;
  /** Whether the server had announced that it takes bytes above 127. */
  readonly eightBit: boolean;
  readonly verdict: "kept" | "refused" | "deferred";
  readonly atMs: number;
  /**
   * Whether the client is known to have heard the answer, for it said something afterwards. Set
   * later, while the conversation goes on.
   */
  heard: boolean;
}

/** One message in one mailbox, as it was read. */
export interface Copy {
  readonly server: string;
  readonly account: string;
  /** The name that POP3 gives it, unique in its mailbox for ever. */
  readonly uniqueId: string;
  readonly atMs: number;
  readonly content: string;
}

/** What a server has in its history about one recipient. */
export interface OutcomeRecord {
  readonly server: string;
  /** What the server called the message when it was given to it. */
  readonly id: string;
  /** What it is called where the recipient came to this end. */
  readonly message: string;
  readonly recipient: string;
  /** Like `relayed` and `failed`; only ends. */
  readonly outcome: string;
  /** Whether a report was made for the sender. */
  readonly isReported: boolean;
}

export interface Interruption {
  /** `unrecorded`: a server could not write down an outcome, for its disk failed. */
  readonly what: "crash" | "stop" | "connection" | "unrecorded";
  /** The machines concerned: one, or the two ends. */
  readonly nodes: readonly string[];
  readonly atMs: number;
}

export interface AccountChange {
  readonly server: string;
  /** The whole address. */
  readonly account: string;
  /** `adding`: it was asked for, and may be there from now on. */
  readonly change: "adding" | "added" | "removed";
  readonly atMs: number;
}

export interface Conversation {
  readonly what: string;
  readonly beganAtMs: number;
  /** `null` while it goes on. Set later. */
  endedAtMs: number | null;
}

export interface MailboxSnapshot {
  readonly server: string;
  /** Never used again by the store, even for the same name. */
  readonly account: number;
  readonly atMs: number;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modSeq: number;
  /** Everything that is there, rising. */
  readonly uids: readonly number[];
}

/** A server that has lost its disk, and went on with a copy from before. */
export interface Restore {
  readonly server: string;
  /** All that was durable then is in the copy; nothing of what came later is. */
  readonly copiedAtMs: number;
  readonly lostAtMs: number;
  /** When it goes on, with everything held that waited in the copy. Set later. */
  backAtMs: number;
  /** When the first of it was to be released. Set later. */
  releasedAtMs: number;
}

export interface Hold {
  readonly server: string;
  /** What the server calls the message. */
  readonly id: string;
  readonly content: string;
  /** Who was seen to be held, and not to be under way. */
  readonly recipients: readonly string[];
  readonly fromMs: number;
  /** When the release was asked for. Set later. */
  untilMs: number;
}

export interface Drop {
  readonly server: string;
  /** What the server calls the message, which may be a report, or what a list has sent on. */
  readonly id: string;
  readonly content: string;
  /** How many recipients the operator was told were dropped; `null`: nothing. Set later. */
  count: number | null;
  /** When that was said. Set later. */
  endedAtMs: number;
  /** The recipients that the server says at the end were dropped. Set later. */
  recorded: readonly string[];
}

export function createLedger(): Ledger {
  return {
    submissions: [],
    takings: [],
    copies: [],
    imap: createImapLedger(),
    records: [],
    interruptions: [],
    accounts: [],
    conversations: [],
    snapshots: [],
    holds: [],
    drops: [],
    restores: [],
  };
}

/** Begins a conversation in the ledger; what it gives ends it. */
export function begin(
  ledger: Ledger,
  what: string,
  now: () => number,
): () => void {
  const conversation: Conversation = { what, beganAtMs: now(), endedAtMs: null };
  ledger.conversations.push(conversation);
  return () => void (conversation.endedAtMs ??= now());
}

/** The mark of a message: the first in it. A message has none only where nothing was said. */
export function markIn(content: string): string | null {
  return /mark-\d+\./.exec(content)?.[0] ?? null;
}

/** The mark of the one message of a run that may be too short to hold any. */
export const MARK_OF_NOTHING = "mark-0.";

/** The mark number `number`, from 1. */
export function markOf(number: number): string {
  return `mark-${number}.`;
}
