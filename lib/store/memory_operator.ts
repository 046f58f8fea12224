/** The queue in memory, as its operator sees it. */
import { announceWork } from "./arrivals.ts";
import { dropOf } from "./happenings.ts";
import { appendHistory } from "./memory_history.ts";
import {
  type Memory,
  type MemoryParts,
  type QueuedRow,
  removeQueued,
  waitOf,
} from "./memory_tables.ts";
import type { HopId, MessageId, Queue, Queued } from "./store.ts";

type Operations = Pick<
  Queue,
  "list" | "content" | "retry" | "flush" | "hasten" | "hold" | "unhold" | "drop"
>;

export function memoryOperations({ memory, marks, group }: MemoryParts): Operations {
  const wake = () => announceWork(marks);
  return {
    list({ after = 0, max, message }) {
      const rows = rowsOf(memory, message).filter((row) => row.id > after).slice(0, max);
      return Promise.resolve(rows.map((row) => queuedOf(memory, row)));
    },
    content: (message) => Promise.resolve(rowsOf(memory, message)[0]?.content.body ?? null),
    retry: (now, message) => group.run(() => retry(memory, now, rowsOf(memory, message)), wake),
    flush: (now, hop) => group.run(() => retry(memory, now, rowsOfHop(memory, hop)), wake),
    hasten(now, latest) {
      return group.run(() => hasten(memory, now, latest), (count) => count > 0 && wake());
    },
    hold({ message, reason, at }) {
      return group.run(() => {
        const rows = rowsOf(memory, message).filter(({ held }) => held === null);
        for (const row of rows) row.held = reason;
        for (const id of messagesOf(rows)) appendHistory(memory, id, { what: "hold", at, reason });
        return rows.length;
      });
    },
    unhold(now, message) {
      return group.run(() => {
        const rows = rowsOf(memory, message).filter(({ held }) => held !== null);
        for (const row of rows) row.held = null;
        for (const id of messagesOf(rows)) appendHistory(memory, id, { what: "release", at: now });
        return rows.length;
      }, wake);
    },
    drop(message, at) {
      return group.run(() => {
        const rows = rowsOf(memory, message);
        if (rows.length === 0) return 0;
        const recipients = rows.map(({ recipient }) => recipient.address);
        appendHistory(memory, message, dropOf(recipients, at ?? null));
        for (const row of rows) removeQueued(memory, row);
        return rows.length;
      });
    },
  };
}

/** What waits of one message, or of all. */
function rowsOf(memory: Memory, message: MessageId | undefined): readonly QueuedRow[] {
  const rows = [...memory.queue.values()];
  return message === undefined ? rows : rows.filter(({ content }) => content.id === message);
}

function rowsOfHop(memory: Memory, hop: HopId): readonly QueuedRow[] {
  return [...memory.queue.values()].filter((row) => row.hop === hop);
}

function messagesOf(rows: readonly QueuedRow[]): ReadonlySet<MessageId> {
  return new Set(rows.map(({ content }) => content.id));
}

/** RFC 4865 §4.2: what is held is not released early, by nobody. */
function retry(memory: Memory, now: number, chosen: readonly QueuedRow[]): number {
  const rows = chosen.filter((row) =>
    !row.taken && row.held === null &&
    (row.content.envelope.hold?.until ?? 0) <= now
  );
  for (const row of rows) {
    row.dueAt = Math.min(row.dueAt, now);
    memory.hops.delete(row.hop);
  }
  return rows.length;
}

/** Also what is taken just now: it may be given back. */
function hasten(memory: Memory, now: number, latest: number): number {
  const hops = [...memory.hops].filter(([, { until }]) => until > latest);
  for (const [hop] of hops) memory.hops.delete(hop);
  const heldUntil = (row: QueuedRow) => row.content.envelope.hold?.until ?? 0;
  const rows = [...memory.queue.values()].filter((row) =>
    row.dueAt > latest && row.dueAt > heldUntil(row)
  );
  for (const row of rows) row.dueAt = Math.max(now, heldUntil(row));
  for (const row of memory.queue.values()) {
    if (heldUntil(row) <= now) row.since = Math.min(row.since, now);
  }
  return hops.length + rows.length;
}

function queuedOf(memory: Memory, row: QueuedRow): Queued {
  const { id, content, hop, recipient, since, attempts, taken, held } = row;
  const { acceptedAt, envelope } = content;
  const unreached = memory.unreached.get(hop) ?? [];
  return {
    id,
    message: content.id,
    acceptedAt,
    size: content.body.size,
    sender: envelope.sender,
    recipient: recipient.address,
    hop,
    waitingSince: since,
    attempts,
    unreached: unreached.filter(({ at }) => at >= acceptedAt).length,
    ...waitOf(memory, row),
    taken,
    held,
  };
}
