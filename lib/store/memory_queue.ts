/** The queue in memory. */
import { announce, announceWork } from "./arrivals.ts";
import { prepareMessage } from "./content.ts";
import {
  type Deliver,
  hasCopy,
  mailboxDeliverer,
  type Memory,
  type MemoryParts,
  messageInserter,
  type QueuedRow,
  releaseContent,
} from "./memory_tables.ts";
import {
  type AccountId,
  type Hop,
  type HopId,
  type ModSeq,
  PRIORITY_HEAD_START_MS,
  type Queue,
  type Queued,
  type QueuedId,
  type Taken,
  type Token,
  type Verdict,
} from "./store.ts";

export function memoryQueue({ memory, marks, group }: MemoryParts): Queue {
  const tokens = new Map<Token, QueuedId>();

  /** The recipient whose token this is, and no longer taken; `null` when the token is stale. */
  function untake(token: Token): QueuedRow | null {
    const row = memory.queue.get(tokens.get(token) ?? 0) ?? null;
    tokens.delete(token);
    if (row !== null) row.taken = false;
    return row;
  }

  function takeThese(rows: readonly QueuedRow[]): readonly Taken[] {
    return rows.map((row) => {
      const token = String(memory.nextId());
      tokens.set(token, row.id);
      row.taken = true;
      return takenOf(row, token);
    });
  }

  /** @throws {StoreError} `unknown`, before anything is changed */
  function delivererOf([token, verdict]: readonly [Token, Verdict]): Deliver | null {
    const row = memory.queue.get(tokens.get(token) ?? 0);
    if (row === undefined || verdict.do !== "deliver") return null;
    const deliver = mailboxDeliverer(memory, row.content, verdict.delivery);
    return (modSeqs) => {
      if (!hasCopy(memory, row.content, verdict.delivery)) deliver(modSeqs);
    };
  }

  return {
    ready: (now, max) => Promise.resolve(readyHops(memory, now).slice(0, max)),
    take(hop, now, max) {
      const due = [...memory.queue.values()]
        .filter((row) => row.hop === hop && !row.taken && dueAt(memory, row) <= now)
        .sort((a, b) => rankOf(a) - rankOf(b) || a.id - b.id);
      return Promise.resolve(takeThese(due.slice(0, max)));
    },
    overdue(now, max) {
      const late = [...memory.queue.values()]
        .filter((row) => !row.taken && deadlineOf(row) <= now)
        .sort((a, b) => deadlineOf(a) - deadlineOf(b) || a.id - b.id);
      return Promise.resolve(takeThese(late.slice(0, max)));
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
        const deliverers = verdicts.map(delivererOf);
        const modSeqs = new Map<AccountId, ModSeq>();
        const stale = verdicts.filter(([token, verdict], at) => {
          const row = untake(token);
          if (row === null) return true;
          deliverers[at]?.(modSeqs);
          settleRow(memory, row, verdict);
          return false;
        });
        const queued = verdicts.some(([, verdict]) =>
          verdict.do === "retry" || verdict.do === "wait"
        );
        const arrivals = [{ modSeqs, queued }, ...insertReports()];
        return { stale: stale.map(([token]) => token), arrivals };
      }, ({ arrivals }) => arrivals.forEach((each) => announce(each, marks)));
      return settled.stale;
    },
    nextDueAt() {
      const dueAt = readyHops(memory, Infinity)[0]?.dueAt ?? Infinity;
      const untaken = [...memory.queue.values()].filter((row) => !row.taken);
      const next = untaken.reduce((least, row) => Math.min(least, deadlineOf(row)), dueAt);
      return next === Infinity ? null : next;
    },
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
          !row.taken && (message === undefined || row.content.id === message) &&
          (row.content.envelope.hold?.until ?? 0) <= now
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

/** The order in which recipients of a hop are taken. */
function rankOf({ dueAt, content }: QueuedRow): number {
  return dueAt - (content.envelope.priority ?? 0) * PRIORITY_HEAD_START_MS;
}

function deadlineOf({ deadline }: QueuedRow): number {
  return deadline ?? Infinity;
}

/** When the recipient, and its hop, may be tried. */
function dueAt(memory: Memory, row: QueuedRow): number {
  return Math.max(row.dueAt, memory.hops.get(row.hop)?.until ?? 0);
}

function waits(memory: Memory, hop: HopId): boolean {
  return [...memory.queue.values()].some((row) => row.hop === hop);
}

function settleRow(memory: Memory, row: QueuedRow, verdict: Verdict): void {
  switch (verdict.do) {
    case "finish":
    case "deliver":
      return removeQueued(memory, row);
    case "retry":
      row.dueAt = verdict.dueAt;
      row.reply = verdict.reply;
      row.attempts++;
      return;
    case "wait":
      row.deadline = null;
  }
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
