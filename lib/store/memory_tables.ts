/** What the memory store remembers: the same tables that SQLite has. */
import { type Body, bodyOf, joinBodies } from "../mail/body.ts";
import type { Address } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Alias } from "./aliases.ts";
import type { Arrivals, Marks } from "./arrivals.ts";
import type { Removal } from "./changes.ts";
import type { Prepared } from "./content.ts";
import type { Group } from "./group.ts";
import { queuedIn } from "./happenings.ts";
import type { Happening, HistoryId, Origin, Unreached } from "./history.ts";
import {
  type Account,
  type AccountId,
  type Delivery,
  type Entry,
  FIRST_MODSEQ,
  type HopId,
  type MailboxDelivery,
  type MailboxId,
  type MessageId,
  type ModSeq,
  type QueuedId,
  StoreError,
  type Uid,
} from "./store.ts";

export interface Memory {
  readonly accounts: Map<AccountId, AccountRow>;
  readonly aliases: Map<string, Alias>;
  readonly mailboxes: Map<MailboxId, MailboxRow>;
  readonly messages: Map<MessageId, MessageRow>;
  /** In the order of acceptance. */
  readonly queue: Map<QueuedId, QueuedRow>;
  readonly hops: Map<HopId, HopRow>;
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
}

export interface MailboxRow {
  readonly id: MailboxId;
  readonly account: AccountRow;
  readonly name: string;
  readonly uidValidity: number;
  uidNext: Uid;
  modSeq: ModSeq;
  /** By uid, rising; and as long as nothing changes in an entry, by mark as well. */
  readonly entries: Map<Uid, EntryRow>;
  /** By mark, rising. */
  removed: Removal[];
  /** Removals up to this mark are forgotten. */
  forgotten: ModSeq;
}

export interface EntryRow extends Entry {
  readonly prefix: Uint8Array;
  readonly content: MessageRow;
}

export interface MessageRow {
  readonly id: MessageId;
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  readonly body: Body;
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
    histories: new Map(),
    unreached: new Map(),
    uidValidity: 0,
    nextId: () => ++lastId,
  };
}

/** Makes an account and its INBOX. */
export function insertAccount(memory: Memory, name: string, createdAt: number): Account {
  const account = { id: memory.nextId(), name, createdAt };
  const row: AccountRow = { ...account, modSeq: FIRST_MODSEQ };
  memory.accounts.set(row.id, row);
  // RFC 9051 §2.3.1.1 advises the time; the maximum keeps it rising when clocks do not.
  memory.uidValidity = Math.max(memory.uidValidity + 1, Math.floor(createdAt / 1000));
  const id = memory.nextId();
  memory.mailboxes.set(id, {
    id,
    account: row,
    name: "INBOX",
    uidValidity: memory.uidValidity,
    uidNext: 1,
    modSeq: FIRST_MODSEQ,
    entries: new Map(),
    removed: [],
    forgotten: 0,
  });
  return account;
}

export function findMailbox(memory: Memory, account: AccountId, name: string): MailboxRow | null {
  for (const row of memory.mailboxes.values()) {
    if (row.account.id === account && row.name === name) return row;
  }
  return null;
}

/**
 * Gives the function that inserts these messages. It cannot fail: what is wrong is found before.
 * @throws {StoreError} `unknown`
 * @throws {Error} when an id is there already.
 */
export function messageInserter(memory: Memory, prepared: readonly Prepared[]): () => Arrivals[] {
  const ids = new Set<MessageId>();
  const inserts = prepared.map((each) => {
    const { message, chunks } = each;
    if (memory.histories.has(message.id) || ids.has(message.id)) {
      throw new Error(`there is a message ${message.id} already`);
    }
    ids.add(message.id);
    const row: MessageRow = {
      id: message.id,
      acceptedAt: message.acceptedAt,
      envelope: message.envelope,
      body: chunks.length === 1 ? bodyOf(chunks[0]!) : joinBodies(chunks.map(bodyOf)),
      uses: 0,
    };
    const deliveries = message.deliveries.map((each) => deliverer(memory, row, each));
    return () => {
      memory.messages.set(row.id, row);
      beginHistory(memory, each);
      const modSeqs = new Map<AccountId, ModSeq>();
      for (const deliver of deliveries) deliver(modSeqs);
      return { modSeqs, queued: message.deliveries.some((each) => each.to === "queue") };
    };
  });
  return () => inserts.map((insert) => insert());
}

function beginHistory(memory: Memory, { message, messageId }: Prepared): void {
  const { id, acceptedAt, envelope, content, origin = null, deliveries } = message;
  memory.histories.set(id, {
    id: memory.nextId(),
    message: id,
    messageId,
    acceptedAt,
    sender: envelope.sender,
    size: content.size,
    origin,
    mailboxes: deliveries.flatMap((each) => each.to === "mailbox" ? [each.account] : []),
    queued: queuedIn(deliveries),
    happenings: [],
    forgotten: 0,
  });
}

export type Deliver = (modSeqs: Map<AccountId, ModSeq>) => void;

/** Gives the function that delivers a message. @throws {StoreError} `unknown` */
export function deliverer(memory: Memory, content: MessageRow, delivery: Delivery): Deliver {
  return delivery.to === "queue"
    ? () => enqueue(memory, content, delivery)
    : mailboxDeliverer(memory, content, delivery);
}

function mailboxDeliverer(
  memory: Memory,
  content: MessageRow,
  delivery: MailboxDelivery,
): Deliver {
  const mailbox = findMailbox(memory, delivery.account, delivery.mailbox);
  if (mailbox === null) {
    throw new StoreError(
      "unknown",
      `account ${delivery.account} has no mailbox ${delivery.mailbox}`,
    );
  }
  return (modSeqs) => {
    const modSeq = ++mailbox.account.modSeq;
    mailbox.modSeq = modSeq;
    const uid = mailbox.uidNext++;
    mailbox.entries.set(uid, {
      uid,
      size: delivery.prefix.length + content.body.size,
      receivedAt: content.acceptedAt,
      modSeq,
      message: content.id,
      prefix: delivery.prefix,
      content,
    });
    content.uses++;
    modSeqs.set(mailbox.account.id, modSeq);
  };
}

/** Whether the mailbox of a delivery has this message. */
export function hasCopy(
  memory: Memory,
  content: MessageRow,
  { account, mailbox }: MailboxDelivery,
): boolean {
  const row = findMailbox(memory, account, mailbox);
  return row !== null && [...row.entries.values()].some((entry) => entry.content === content);
}

function enqueue(
  memory: Memory,
  content: MessageRow,
  { hop, recipient, dueAt }: Delivery & { readonly to: "queue" },
): void {
  const id = memory.nextId();
  const { by, hold } = content.envelope;
  const deadline = by?.at ?? null;
  const now = {
    dueAt,
    since: Math.max(content.acceptedAt, hold?.until ?? 0),
    deadline,
    warned: false,
    attempts: 0,
    reply: null,
    taken: false,
    held: null,
  };
  memory.queue.set(id, { id, content, hop, recipient, ...now });
  content.uses++;
}

/** One that pointed at the message is gone; content that nothing needs goes too. */
export function releaseContent(memory: Memory, content: MessageRow): void {
  content.uses--;
  if (content.uses === 0) memory.messages.delete(content.id);
}

/** An account with everything that is only its own; content that others still need stays. */
export function removeAccount(memory: Memory, id: AccountId): void {
  for (const mailbox of memory.mailboxes.values()) {
    if (mailbox.account.id !== id) continue;
    for (const entry of mailbox.entries.values()) releaseContent(memory, entry.content);
    memory.mailboxes.delete(mailbox.id);
  }
  memory.accounts.delete(id);
}

/** Whether anybody waits for a hop. */
export function waits(memory: Memory, hop: HopId): boolean {
  return [...memory.queue.values()].some((row) => row.hop === hop);
}

/** Takes a recipient out of the queue; a hop for which nothing waits is forgotten. */
export function removeQueued(memory: Memory, row: QueuedRow): void {
  memory.queue.delete(row.id);
  releaseContent(memory, row.content);
  if (!waits(memory, row.hop)) memory.hops.delete(row.hop);
}
