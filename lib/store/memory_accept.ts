/** One message with all its deliveries, in memory; for `accept` and for reports. */
import type { Arrivals } from "./arrivals.ts";
import { unknownName } from "./changes.ts";
import type { Prepared } from "./content.ts";
import { NO_FLAGS } from "./flags.ts";
import { queuedIn } from "./happenings.ts";
import { addEntry, findMailbox } from "./memory_mailbox.ts";
import { bodyOfChunks, hopsBeside, type Memory, type MessageRow, waits } from "./memory_tables.ts";
import type { AccountId, Delivery, HopId, MailboxDelivery, MessageId, ModSeq } from "./store.ts";

/**
 * Gives the function that inserts these messages. It cannot fail: what is wrong is found before.
 * @throws {StoreError} `unknown`
 * @throws {Error} when an id is there already.
 */
export function messageInserter(memory: Memory, prepared: readonly Prepared[]): () => Arrivals[] {
  const ids = new Set<MessageId>();
  const inserts = prepared.map((each) => {
    const { message, chunks } = each;
    const { id } = message;
    if (memory.histories.has(id) || memory.messages.has(id) || ids.has(id)) {
      throw new Error(`there is a message ${message.id} already`);
    }
    ids.add(message.id);
    const row: MessageRow = {
      id: message.id,
      acceptedAt: message.acceptedAt,
      envelope: message.envelope,
      body: bodyOfChunks(chunks),
      parts: new Map(),
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
  const { account, mailbox: name, prefix } = delivery;
  const mailbox = findMailbox(memory, account, name);
  if (mailbox === null) throw unknownName({ account, name });
  const { acceptedAt: at } = content;
  return (modSeqs) => {
    addEntry(mailbox, { ...NO_FLAGS, receivedAt: at, savedAt: at, prefix, content });
    modSeqs.set(account, mailbox.modSeq);
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
  joinWay(memory, hop);
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

/**
 * A way that is down is not tried anew for each domain that comes up. Where some of its hops are
 * not down, it is tried on the operator's word.
 */
function joinWay(memory: Memory, hop: HopId): void {
  if (memory.hops.has(hop) || waits(memory, hop)) return;
  const others = [...hopsBeside(memory, hop)].filter((each) => each !== hop);
  const rows = others.flatMap((each) => memory.hops.get(each) ?? []);
  if (rows.length < others.length) return;
  const [latest] = rows.toSorted((a, b) => b.until - a.until);
  if (latest !== undefined) memory.hops.set(hop, latest);
}
