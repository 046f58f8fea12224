/** The queue in memory. */
import { announce, announceWork } from "./arrivals.ts";
import { prepareMessage } from "./content.ts";
import {
  type Memory,
  type MemoryParts,
  messageInserter,
  type QueuedRow,
  releaseContent,
} from "./memory_tables.ts";
import type { Hop, HopId, Queue, Queued, QueuedId, Taken, Token, Verdict } from "./store.ts";

export function memoryQueue({ memory, marks, group }: MemoryParts): Queue {
  const tokens = new Map<Token, QueuedId>();

  /** The recipient whose token this is, and no longer taken; `null` when the token is stale. */
  function untake(token: Token): QueuedRow | null {
    const row = memory.queue.get(tokens.get(token) ?? 0) ?? null;
    tokens.delete(token);
    if (row !== null) row.taken = false;
    return row;
  }

  return {
    ready: (now, max) => Promise.resolve(readyHops(memory, now).slice(0, max)),
    take(hop, now, max) {
      const due = [...memory.queue.values()]
        .filter((row) => row.hop === hop && !row.taken && dueAt(memory, row) <= now)
        .sort((a, b) => a.dueAt - b.dueAt || a.id - b.id)
        .slice(0, max);
      return Promise.resolve(due.map((row) => {
        const token = String(memory.nextId());
        tokens.set(token, row.id);
        row.taken = true;
        return takenOf(row, token);
      }));
    },
    release(released) {
      for (const token of released) untake(token);
      announceWork(marks);
    },
    defer(hop, until, reply) {
      return group.run(() => {
        if (waits(memory, hop)) memory.hops.set(hop, { until, reply });
      }, () => announceWork(marks));
    },
    async settle(verdicts, reports) {
      const prepared = await Promise.all(reports.map(prepareMessage));
      const settled = await group.run(() => {
        const insertReports = messageInserter(memory, prepared);
        const stale = verdicts.filter(([token, verdict]) => {
          const row = untake(token);
          if (row !== null) settleRow(memory, row, verdict);
          return row === null;
        });
        return { stale: stale.map(([token]) => token), arrivals: insertReports() };
      }, ({ arrivals }) => {
        for (const each of arrivals) announce(each, marks);
        if (verdicts.some(([, verdict]) => verdict.do === "retry")) announceWork(marks);
      });
      return settled.stale;
    },
    nextDueAt: () => readyHops(memory, Infinity)[0]?.dueAt ?? null,
    version: marks.queue.value,
    changed: marks.queue.passed,
    list({ after = 0, max }) {
      const rows = [...memory.queue.values()].filter((row) => row.id > after).slice(0, max);
      return Promise.resolve(rows.map((row) => queuedOf(memory, row)));
    },
    content(message) {
      const row = [...memory.queue.values()].find((row) => row.content.id === message);
      return Promise.resolve(row?.content.body ?? null);
    },
    retry(now, message) {
      return group.run(() => {
        const rows = [...memory.queue.values()].filter((row) =>
          !row.taken && (message === undefined || row.content.id === message)
        );
        for (const row of rows) {
          row.dueAt = Math.min(row.dueAt, now);
          memory.hops.delete(row.hop);
        }
        return rows.length;
      }, () => announceWork(marks));
    },
    drop(message) {
      return group.run(() => {
        const rows = [...memory.queue.values()].filter((row) => row.content.id === message);
        for (const row of rows) removeQueued(memory, row);
        return rows.length;
      });
    },
  };
}

/** Hops in the order in which their oldest recipient became due, those due up to `now`. */
function readyHops(memory: Memory, now: number): Hop[] {
  const hops = new Map<HopId, number>();
  for (const row of memory.queue.values()) {
    const due = dueAt(memory, row);
    if (row.taken || due > now) continue;
    hops.set(row.hop, Math.min(due, hops.get(row.hop) ?? Infinity));
  }
  return [...hops].map(([hop, dueAt]) => ({ hop, dueAt }))
    .sort((a, b) => a.dueAt - b.dueAt || (a.hop < b.hop ? -1 : 1));
}

/** When the recipient, and its hop, may be tried. */
function dueAt(memory: Memory, row: QueuedRow): number {
  return Math.max(row.dueAt, memory.hops.get(row.hop)?.until ?? 0);
}

function waits(memory: Memory, hop: HopId): boolean {
  return [...memory.queue.values()].some((row) => row.hop === hop);
}

function settleRow(memory: Memory, row: QueuedRow, verdict: Verdict): void {
  if (verdict.do === "finish") return removeQueued(memory, row);
  row.dueAt = verdict.dueAt;
  row.reply = verdict.reply;
  row.attempts++;
}

function removeQueued(memory: Memory, row: QueuedRow): void {
  memory.queue.delete(row.id);
  releaseContent(memory, row.content);
  // A hop for which nothing waits is forgotten.
  if (!waits(memory, row.hop)) memory.hops.delete(row.hop);
}

function takenOf(row: QueuedRow, token: Token): Taken {
  const { id, acceptedAt, envelope, body } = row.content;
  const { recipient, attempts } = row;
  return { token, message: id, acceptedAt, envelope, recipient, content: body, attempts };
}

function queuedOf(memory: Memory, row: QueuedRow): Queued {
  const { id, content, hop, recipient, attempts, taken } = row;
  const deferral = memory.hops.get(hop);
  const held = deferral !== undefined && deferral.until > row.dueAt;
  return {
    id,
    message: content.id,
    acceptedAt: content.acceptedAt,
    size: content.body.size,
    sender: content.envelope.sender,
    recipient: recipient.address,
    hop,
    dueAt: held ? deferral.until : row.dueAt,
    attempts,
    // While the deferral of its hop holds a recipient up, that is what there is to say about it.
    lastReply: held ? deferral.reply : row.reply,
    taken,
  };
}
