/** The queue in memory, as its worker sees it. */
import { announce, announceWork, isVoid, queues } from "./arrivals.ts";
import { CHUNK_BYTES, prepareMessage } from "./content.ts";
import { attemptsOf, type Settled } from "./happenings.ts";
import { addUnreached, appendHistory } from "./memory_history.ts";
import { memoryOperations } from "./memory_operator.ts";
import { type Deliver, deliverer, hasCopy, messageInserter } from "./memory_accept.ts";
import {
  hopsBeside,
  type Memory,
  type MemoryParts,
  type QueuedRow,
  removeQueued,
  waitOf,
  waits,
} from "./memory_tables.ts";
import {
  type AccountId,
  type Hop,
  type HopId,
  type MessageId,
  type ModSeq,
  NO_HURRY,
  type Overdue,
  type Patience,
  PRIORITY_HEAD_START_MS,
  type Queue,
  type QueuedId,
  type Settling,
  type Taken,
  TAKEN_BYTES_MAX,
  type Token,
  type Verdict,
} from "./store.ts";
import { createTurns, dealOut, senderKey, type Turns } from "./turns.ts";

export function memoryQueue(parts: MemoryParts): Queue {
  const { memory, marks, group } = parts;
  const tokens = new Map<Token, QueuedId>();
  const turns = createTurns();
  /** For each way, the hop that had its turn last. */
  const hopTurns = createTurns();

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
  function deliverersOf([token, verdict]: Settling): readonly Deliver[] {
    const row = memory.queue.get(tokens.get(token) ?? 0);
    if (row === undefined || verdict.do !== "deliver") return [];
    const { content } = row;
    return verdict.deliveries.map((each): Deliver => {
      const deliver = deliverer(memory, content, each);
      return (modSeqs) => {
        if (each.to === "queue" || !hasCopy(memory, content, each)) deliver(modSeqs);
      };
    });
  }

  return {
    ready(now, max, state) {
      const hops = readyHops(memory, now).filter(({ hop }) =>
        state === undefined || memory.hops.has(hop) === (state === "down")
      );
      return Promise.resolve(headsOf(memory, hops, hopTurns).slice(0, max));
    },
    take(hop, now, max) {
      const way = memory.wayOf(hop);
      if (way !== hop) hopTurns.set(way, hop);
      const due = [...memory.queue.values()]
        .filter((row) => row.hop === hop && isFree(row) && dueAt(memory, row) <= now)
        .sort(byRank);
      return Promise.resolve(takeThese(fitting(byTurns(due, { hop, turns, max }))));
    },
    overdue(now, max, patience = NO_HURRY) {
      const late = [...memory.queue.values()].flatMap((row) => {
        const why = isFree(row) ? lateness(memory, row, { now, patience }) : null;
        return why === null ? [] : [{ row, why }];
      }).slice(0, max);
      const lastReplies = late.map(({ row }) => waitOf(memory, row).lastReply);
      const taken = takeThese(late.map(({ row }) => row));
      return Promise.resolve(
        taken.map((each, at) => ({ ...each, why: late[at]!.why, lastReply: lastReplies[at]! })),
      );
    },
    release(released) {
      for (const token of released) untake(token);
      announceWork(marks);
    },
    defer(hop, until, reply, at) {
      return group.run(() => {
        for (const each of hopsBeside(memory, hop)) {
          if (!waits(memory, each)) continue;
          memory.hops.set(each, { until, reply });
          if (at !== undefined) addUnreached(memory, { hop: each, at, until, reply });
        }
      }, () => announceWork(marks));
    },
    reached(hop) {
      return group.run(() => {
        for (const each of hopsBeside(memory, hop)) memory.hops.delete(each);
      }, () => announceWork(marks));
    },
    setWays: (wayOf) => void (memory.wayOf = wayOf),
    async settle(verdicts, reports) {
      const prepared = await Promise.all(reports.map(prepareMessage));
      const settled = await group.run(() => {
        const insertReports = messageInserter(memory, prepared);
        const deliverers = verdicts.map(deliverersOf);
        const modSeqs = new Map<AccountId, ModSeq>();
        const settled = new Map<MessageId, Settled[]>();
        const stale = verdicts.flatMap(([token, verdict, note], at) => {
          const row = untake(token);
          if (row === null) return [token];
          for (const deliver of deliverers[at]!) deliver(modSeqs);
          settleRow(memory, row, verdict);
          const { recipient: { address: recipient }, content: { id } } = row;
          settled.set(id, [...settled.get(id) ?? [], { recipient, verdict, note }]);
          return [];
        });
        for (const [message, recipients] of settled) {
          for (const attempt of attemptsOf(recipients)) appendHistory(memory, message, attempt);
        }
        const queued = verdicts.some(([, verdict]) => queues(verdict));
        const told = isVoid(verdicts, stale) ? [] : insertReports();
        return { stale, arrivals: [{ modSeqs, queued }, ...told] };
      }, ({ arrivals }) => arrivals.forEach((each) => announce(each, marks)));
      return settled.stale;
    },
    nextDueAt(patience = NO_HURRY) {
      const dueAt = readyHops(memory, Infinity)[0]?.dueAt ?? Infinity;
      const free = [...memory.queue.values()].filter(isFree);
      const lateAt = (row: QueuedRow) =>
        Math.min(deadlineOf(row), delayedAt(row, patience), row.since + patience.giveUpAfterMs);
      const next = free.reduce((least, row) => Math.min(least, lateAt(row)), dueAt);
      return next === Infinity ? null : next;
    },
    size: () => memory.queue.size,
    version: marks.queue.value,
    changed: marks.queue.passed,
    ...memoryOperations(parts),
  };
}

/** Hops in the order in which their oldest recipient became due, those due up to `now`. */
function readyHops(memory: Memory, now: number): Hop[] {
  const hops = new Map<HopId, number>();
  for (const row of memory.queue.values()) {
    const due = dueAt(memory, row);
    if (!isFree(row) || due > now) continue;
    hops.set(row.hop, Math.min(due, hops.get(row.hop) ?? Infinity));
  }
  return [...hops].map(([hop, dueAt]) => ({ hop, dueAt }))
    .sort((a, b) => a.dueAt - b.dueAt || (a.hop < b.hop ? -1 : 1));
}

/** Of hops that are ready, those whose turn it is: one of each way, and of each state. */
function headsOf(memory: Memory, ready: readonly Hop[], hopTurns: Turns): readonly Hop[] {
  const heads = Map.groupBy(ready, ({ hop }) => {
    const state = memory.hops.has(hop) ? "down" : "up";
    return `${state} ${memory.wayOf(hop)}`;
  });
  return [...heads.values()].map((hops) => {
    const { hop: longest, dueAt } = hops[0]!;
    const names = hops.map(({ hop }) => hop).sort();
    const last = hopTurns.of(memory.wayOf(longest));
    return { hop: names.find((hop) => hop > last) ?? names[0]!, dueAt };
  });
}

/** The order in which recipients of a hop are taken. */
function rankOf({ dueAt, content }: QueuedRow): number {
  return dueAt - (content.envelope.priority ?? 0) * PRIORITY_HEAD_START_MS;
}

function byRank(one: QueuedRow, other: QueuedRow): number {
  return rankOf(one) - rankOf(other) || one.id - other.id;
}

/** Whether it can be taken when it is due. */
function isFree({ taken, held }: QueuedRow): boolean {
  return !taken && held === null;
}

function deadlineOf({ deadline }: QueuedRow): number {
  return deadline ?? Infinity;
}

/** When the sender is to be told that this one is late. */
function delayedAt(row: QueuedRow, { warnAfterMs }: Patience): number {
  return row.warned || warnAfterMs === null ? Infinity : row.since + warnAfterMs;
}

/** Which of its times has come, the gravest first; `null`: none. */
function lateness(
  memory: Memory,
  row: QueuedRow,
  { now, patience }: { readonly now: number; readonly patience: Patience },
): Overdue["why"] | null {
  const isPutOff = dueAt(memory, row) > now;
  if (isPutOff && row.since + patience.giveUpAfterMs <= now) return "age";
  if (deadlineOf(row) <= now) return "deadline";
  return isPutOff && delayedAt(row, patience) <= now ? "delay" : null;
}

/** Of rows by rank: senders take turns. */
function byTurns(
  due: readonly QueuedRow[],
  { hop, turns, max }: { readonly hop: HopId; readonly turns: Turns; readonly max: number },
): readonly QueuedRow[] {
  const bySender = Map.groupBy(due, ({ content }) => senderKey(content.envelope.sender));
  const senders = [...bySender.keys()].sort();
  const first = turns.of(hop);
  const order = [...senders.filter((each) => each >= first), ...senders.filter((s) => s < first)];
  turns.set(hop, order[max] ?? "");
  const theirs = order.slice(0, max).map((sender) => bySender.get(sender)!);
  return dealOut(theirs, max, byRank);
}

/** Those for which there is room in memory, as a store on disk would need it. */
function fitting(rows: readonly QueuedRow[]): readonly QueuedRow[] {
  let bytes = 0;
  const counted = new Set<MessageId>();
  return rows.filter(({ content }) => {
    if (counted.has(content.id)) return true;
    if (bytes >= TAKEN_BYTES_MAX) return false;
    counted.add(content.id);
    bytes += Math.min(content.body.size, CHUNK_BYTES);
    return true;
  });
}

/** When the recipient, and its hop, may be tried. */
function dueAt(memory: Memory, row: QueuedRow): number {
  return Math.max(row.dueAt, memory.hops.get(row.hop)?.until ?? 0);
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
      row.warned = true;
      if (verdict.past === "deadline") row.deadline = null;
  }
}

function takenOf(row: QueuedRow, token: Token): Taken {
  const { id, acceptedAt, envelope, body } = row.content;
  const { recipient, attempts } = row;
  return { token, message: id, acceptedAt, envelope, recipient, content: body, attempts };
}
