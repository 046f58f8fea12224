/** What was seen by the people who read by IMAP; a part of the ledger. */

export interface ImapLedger {
  /** What a server said that cannot be, or that was not true; one sentence each. */
  readonly faults: string[];
  /** Messages, each time that one was told of with its id. */
  readonly sightings: Sighting[];
  /** What readers have asked for, message by message, in the order of time. */
  readonly doings: Doing[];
  readonly appends: Appending[];
  /** What readers by POP3 have deleted, or may have. */
  readonly removals: Place[];
  /** What was in mailboxes in truth. */
  readonly states: MailboxState[];
  /** Who has read everything at the end. */
  readonly finals: AccountFinal[];
}

/** Where a message is: a UID means something in one mailbox, for ever (RFC 9051 §2.3.1.1). */
export interface Place {
  readonly server: string;
  /** The whole address. */
  readonly account: string;
  readonly uidValidity: number;
  readonly uid: number;
}

export interface Sighting extends Place {
  /** RFC 8474 §5.1: the same for the copies of a message. */
  readonly emailId: string;
}

export interface Doing extends Place {
  readonly emailId: string;
  /** `delete`: from now on whoever expunges takes it away. */
  readonly what: "delete" | "copy" | "move" | "flag" | "unflag";
  /** The keyword of a `flag` and `unflag`, which nobody else ever changes. */
  readonly keyword: string | null;
  /** `unknown` until it was heard. Set later. */
  answer: "ok" | "no" | "unknown";
  /** Where the server says that it is now (COPYUID). Set later. */
  landed: Omit<Place, "server" | "account"> | null;
}

/** A message that a reader brought. */
export interface Appending {
  readonly server: string;
  readonly account: string;
  /** Stands in its content, and in no other; see {@linkcode keepingMark}. */
  readonly mark: string;
  readonly content: string;
  answer: "ok" | "no" | "unknown";
  landed: Omit<Place, "server" | "account"> | null;
}

export interface MailboxState {
  readonly server: string;
  readonly account: string;
  /** Another one than that of an account of the same name before. */
  readonly accountId: number;
  readonly name: string;
  readonly atMs: number;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modSeq: number;
  readonly entries: readonly StateEntry[];
}

export interface StateEntry {
  readonly uid: number;
  readonly modSeq: number;
  readonly flags: readonly string[];
}

export interface AccountFinal {
  readonly server: string;
  readonly account: string;
  /** Of all its mailboxes. */
  readonly messages: readonly FinalMessage[];
}

export interface FinalMessage extends Sighting {
  readonly flags: readonly string[];
  readonly content: string;
}

export function createImapLedger(): ImapLedger {
  return {
    faults: [],
    sightings: [],
    doings: [],
    appends: [],
    removals: [],
    states: [],
    finals: [],
  };
}

/** A name for a place, in which POP3's name of a message is the last word. */
export function placeName({ server, account, uidValidity, uid }: Place): string {
  return `${server} ${account} ${uidValidity}.${uid}`;
}

/** The mark of the message that a reader appends as its so-manieth. */
export function keepingMark(device: string, count: number): string {
  return `Kept: ${device}-${count}.`;
}

/** The mark of a message that a reader has appended; `null` for mail that was sent. */
export function keepingIn(content: string): string | null {
  return /^Kept: [\w-]+\./.exec(content)?.[0] ?? null;
}
