/** What the memory store remembers: the same tables that SQLite has. */
import { type Body, bodyOf, joinBodies } from "../mail/body.ts";
import type { Address } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Part } from "../mail/mime.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Alias } from "./aliases.ts";
import type { Marks } from "./arrivals.ts";
import type { Removal } from "./changes.ts";
import type { Counts, StoredEntry } from "./flags.ts";
import type { Group } from "./group.ts";
import type { Happening, HistoryId, Origin, Unreached } from "./history.ts";
import type {
  Account,
  AccountId,
  HopId,
  MailboxId,
  MessageId,
  ModSeq,
  QueuedId,
  SpecialUse,
  Uid,
  WayId,
} from "./store.ts";

export interface Memory {
  readonly accounts: Map<AccountId, AccountRow>;
  readonly aliases: Map<string, Alias>;
  readonly mailboxes: Map<MailboxId, MailboxRow>;
  readonly messages: Map<MessageId, MessageRow>;
  /** In the order of acceptance. */
  readonly queue: Map<QueuedId, QueuedRow>;
  readonly hops: Map<HopId, HopRow>;
  /** See `Queue.setWays`. */
  wayOf: (hop: HopId) => WayId;
  /** In the order of acceptance. */
  readonly histories: Map<MessageId, HistoryRow>;
  /** When hops could not be reached, the oldest first. */
  readonly unreached: Map<HopId, Unreached[]>;
  /** The last that was given out. */
  uidValidity: number;
  /** Never gives the same twice. */
  nextId(): number;
}

/** What the parts of the memory store share. */
export interface MemoryParts {
  readonly memory: Memory;
  readonly marks: Marks;
  readonly group: Group;
}

export interface AccountRow extends Account {
  modSeq: ModSeq;
  /** By name. */
  readonly mailboxes: Map<string, MailboxRow>;
  readonly subscriptions: Set<string>;
  metadata: ReadonlyMap<string, Uint8Array>;
}

export interface MailboxRow {
  readonly id: MailboxId;
  readonly account: AccountRow;
  name: string;
  readonly objectId: string;
  readonly use: SpecialUse | null;
  readonly uidValidity: number;
  uidNext: Uid;
  modSeq: ModSeq;
  readonly counts: Counts;
  /** By uid, rising. */
  readonly entries: Map<Uid, EntryRow>;
  /** Those that were ever used here, as they were spelled first. */
  keywords: readonly string[];
  metadata: ReadonlyMap<string, Uint8Array>;
  /** The keys of what was brought from elsewhere, in hexadecimal digits, the oldest first. */
  readonly imported: Set<string>;
  /** By mark, rising. */
  removed: Removal[];
  /** Removals up to this mark are forgotten. */
  forgotten: ModSeq;
}

export interface EntryRow extends StoredEntry {
  readonly prefix: Uint8Array;
  readonly content: MessageRow;
}

export interface MessageRow {
  readonly id: MessageId;
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  readonly body: Body;
  /** What was found in it, by how many bytes stand in front of it. */
  readonly parts: Map<number, Part>;
  /** How many entries and queued recipients point at it. */
  uses: number;
}

export interface QueuedRow {
  readonly id: QueuedId;
  readonly content: MessageRow;
  readonly hop: HopId;
  readonly recipient: Recipient;
  dueAt: number;
  /** Since when it could be delivered: its acceptance, or its release. */
  since: number;
  /** `null`: there is none, or it was dealt with. */
  deadline: number | null;
  /** Whether its sender was told that it is late, or did not want to be. */
  warned: boolean;
  attempts: number;
  reply: Reply | null;
  taken: boolean;
  /** Why the operator holds it. */
  held: string | null;
}

export interface HistoryRow {
  readonly id: HistoryId;
  readonly message: MessageId;
  readonly messageId: string | null;
  readonly acceptedAt: number;
  readonly sender: Address | null;
  readonly size: number;
  readonly origin: Origin | null;
  readonly mailboxes: readonly AccountId[];
  readonly queued: readonly Address[];
  happenings: readonly Happening[];
  forgotten: number;
}

export interface HopRow {
  readonly until: number;
  readonly reply: Reply;
}

/** While the deferral of its hop holds a recipient up, that is what there is to say about it. */
export function waitOf(
  { hops }: Memory,
  { hop, dueAt, reply }: QueuedRow,
): { readonly dueAt: number; readonly lastReply: Reply | null } {
  const deferral = hops.get(hop);
  return deferral !== undefined && deferral.until > dueAt
    ? { dueAt: deferral.until, lastReply: deferral.reply }
    : { dueAt, lastReply: reply };
}

export function createMemory(): Memory {
  let lastId = 0;
  return {
    accounts: new Map(),
    aliases: new Map(),
    mailboxes: new Map(),
    messages: new Map(),
    queue: new Map(),
    hops: new Map(),
    wayOf: (hop) => hop,
    histories: new Map(),
    unreached: new Map(),
    uidValidity: 0,
    nextId: () => ++lastId,
  };
}

/** Content in pieces, as one. */
export function bodyOfChunks(chunks: readonly Uint8Array[]): Body {
  return chunks.length === 1 ? bodyOf(chunks[0]!) : joinBodies(chunks.map(bodyOf));
}

/** One that pointed at the message is gone; content that nothing needs goes too. */
export function releaseContent(memory: Memory, content: MessageRow): void {
  content.uses--;
  if (content.uses === 0) memory.messages.delete(content.id);
}

/** Whether anybody waits for a hop. */
export function waits(memory: Memory, hop: HopId): boolean {
  return [...memory.queue.values()].some((row) => row.hop === hop);
}

/** This hop, and the others for which somebody waits and that share its way. */
export function hopsBeside({ queue, wayOf }: Memory, hop: HopId): ReadonlySet<HopId> {
  const way = wayOf(hop);
  const all = new Set([...queue.values()].map((row) => row.hop));
  return new Set([hop, ...[...all].filter((each) => wayOf(each) === way)]);
}

/** Takes a recipient out of the queue; a hop for which nothing waits is forgotten. */
export function removeQueued(memory: Memory, row: QueuedRow): void {
  memory.queue.delete(row.id);
  releaseContent(memory, row.content);
  if (!waits(memory, row.hop)) memory.hops.delete(row.hop);
}
