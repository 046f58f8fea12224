/** The queue in SQLite, as its operator sees it. */
import type { Reply } from "../smtp/reply.ts";
import { announceWork } from "./arrivals.ts";
import { dropOf } from "./happenings.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import { addressOf, type MessageRow } from "./sqlite_content.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { IS_FREE, NOT_TAKEN } from "./sqlite_schedule.ts";
import type { HoldOptions, HopId, MessageId, Queue, Queued, QueuedId } from "./store.ts";

type Operations = Pick<
  Queue,
  "list" | "content" | "retry" | "flush" | "hasten" | "hold" | "unhold" | "drop"
>;

export function queueOperations(parts: SqliteParts): Operations {
  const { database, group, contents, marks } = parts;
  const selectContent = prepare<{ readonly id: MessageRow; readonly size: number }>(
    database,
    `SELECT id, size FROM messages m
     WHERE message = ? AND EXISTS (SELECT 1 FROM queue WHERE message = m.id)`,
  );
  const list = lister(parts);
  const retry = retrier(parts);
  const hasten = hastener(parts);
  const { hold, unhold } = holder(parts);
  const drop = dropper(parts);
  const wake = () => announceWork(marks);

  return {
    list: (options) => promised(() => list(options)),
    content(message) {
      return promised(() => {
        const row = selectContent.first(message);
        return row === null ? null : contents.body(row.id, row.size);
      });
    },
    retry: (now, message) => group.run(() => retry(now, { message: message ?? null }), wake),
    flush: (now, hop) => group.run(() => retry(now, { hop }), wake),
    hasten: (now, latest) => group.run(() => hasten(now, latest), (count) => count > 0 && wake()),
    hold: (options) => group.run(() => hold(options)),
    unhold: (now, message) => group.run(() => unhold(now, message ?? null), wake),
    drop: (message, at) => group.run(() => drop(message, at ?? null)),
  };
}

interface QueuedRow {
  readonly id: QueuedId;
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly size: number;
  readonly senderLocal: string | null;
  readonly senderDomain: string | null;
  readonly recipientLocal: string;
  readonly recipientDomain: string;
  readonly hop: HopId;
  readonly dueAt: number;
  readonly waitingSince: number;
  readonly attempts: number;
  readonly unreached: number;
  readonly reply: string | null;
  readonly taken: 0 | 1;
  readonly held: string | null;
}

type List = (options: Parameters<Queue["list"]>[0]) => readonly Queued[];

function lister({ database }: SqliteParts): List {
  // While the deferral of its hop holds a recipient up, that is what there is to say about it.
  const columns = `q.id, m.message, m.acceptedAt, m.size, m.senderLocal, m.senderDomain,
    q.recipientLocal, q.recipientDomain, q.hop, max(q.dueAt, ifnull(h.until, 0)) AS dueAt,
    q.since AS waitingSince, q.attempts,
    (SELECT count(*) FROM unreached u WHERE u.hop = q.hop AND u.at >= m.acceptedAt) AS unreached,
    CASE WHEN h.until > q.dueAt THEN h.reply ELSE q.reply END AS reply,
    NOT ${NOT_TAKEN} AS taken, q.holdReason AS held`;
  const tables = `queue q JOIN messages m ON m.id = q.message LEFT JOIN hops h ON h.hop = q.hop`;
  const selectAll = prepare<QueuedRow>(
    database,
    `SELECT ${columns} FROM ${tables} WHERE q.id > ? ORDER BY q.id LIMIT ?`,
  );
  const selectOne = prepare<QueuedRow>(
    database,
    `SELECT ${columns} FROM ${tables} WHERE q.id > ? AND m.message = ? ORDER BY q.id LIMIT ?`,
  );
  return ({ after = 0, max, message }) => {
    const rows = message === undefined
      ? selectAll.all(after, max)
      : selectOne.all(after, message, max);
    return rows.map(queuedOf);
  };
}

function queuedOf(row: QueuedRow): Queued {
  const { senderLocal, senderDomain, recipientLocal, recipientDomain, reply, ...rest } = row;
  return {
    ...rest,
    sender: addressOf(senderLocal, senderDomain),
    recipient: { local: recipientLocal, domain: recipientDomain },
    lastReply: reply === null ? null : JSON.parse(reply) as Reply,
    taken: row.taken === 1,
  };
}

/**
 * What is due earlier than now keeps its place in the order. RFC 4865 §4.2: what is held is not
 * released early, by nobody. Neither message nor hop means everything.
 */
function retrier(
  { database, schedule }: SqliteParts,
): (now: number, which: { readonly message?: MessageId | null; readonly hop?: HopId }) => number {
  const chosen = `${IS_FREE}
    AND (?1 IS NULL OR q.message = (SELECT id FROM messages WHERE message = ?1))
    AND (?3 IS NULL OR q.hop = ?3) AND q.heldUntil <= ?2`;
  const deleteHops = prepare(
    database,
    `DELETE FROM hops WHERE hop IN (SELECT q.hop FROM queue q WHERE ${chosen})`,
  );
  const updateQueued = prepare(
    database,
    `UPDATE queue AS q SET dueAt = min(dueAt, ?2) WHERE ${chosen}`,
  );
  return (now, { message = null, hop = null }) => {
    deleteHops.run(message, now, hop);
    const count = updateQueued.run(message, now, hop);
    schedule.rebuild();
    return count;
  };
}

/** Also for what is taken just now: it may be given back. */
function hastener({ database, schedule }: SqliteParts): (now: number, latest: number) => number {
  const deleteHops = prepare(database, "DELETE FROM hops WHERE until > ?");
  const updateQueued = prepare(
    database,
    "UPDATE queue SET dueAt = max(?1, heldUntil) WHERE dueAt > ?2 AND dueAt > heldUntil",
  );
  const noneAhead = prepare(
    database,
    "UPDATE queue SET since = ?1 WHERE since > ?1 AND heldUntil <= ?1",
  );
  return (now, latest) => {
    noneAhead.run(now);
    const count = deleteHops.run(latest) + updateQueued.run(now, latest);
    if (count > 0) schedule.rebuild();
    return count;
  };
}

/** All recipients of a message are held, or none; so it happens to the message. */
function holder({ database, schedule, histories }: SqliteParts): {
  hold(options: HoldOptions): number;
  unhold(now: number, message: MessageId | null): number;
} {
  const chosen = "(?1 IS NULL OR message = (SELECT id FROM messages WHERE message = ?1))";
  const holdQueued = prepare<{ readonly message: MessageRow }>(
    database,
    `UPDATE queue SET held = 1, holdReason = ?2 WHERE ${chosen} AND held = 0 RETURNING message`,
  );
  const unholdQueued = prepare<{ readonly message: MessageRow }>(
    database,
    `UPDATE queue SET held = 0, holdReason = NULL WHERE ${chosen} AND held = 1 RETURNING message`,
  );
  const messagesOf = (rows: readonly { readonly message: MessageRow }[]) =>
    new Set(rows.map((row) => row.message));
  return {
    hold({ message = null, reason, at }) {
      const rows = holdQueued.all(message, reason);
      for (const row of messagesOf(rows)) histories.append(row, { what: "hold", at, reason });
      schedule.rebuild();
      return rows.length;
    },
    unhold(now, message) {
      const rows = unholdQueued.all(message);
      for (const row of messagesOf(rows)) histories.append(row, { what: "release", at: now });
      schedule.rebuild();
      return rows.length;
    },
  };
}

interface DroppedRow {
  readonly hop: HopId;
  readonly message: MessageRow;
  readonly recipientLocal: string;
  readonly recipientDomain: string;
}

function dropper(
  { database, schedule, histories, contents }: SqliteParts,
): (message: MessageId, at: number | null) => number {
  const deleteQueued = prepare<DroppedRow>(
    database,
    `DELETE FROM queue WHERE message = (SELECT id FROM messages WHERE message = ?)
     RETURNING hop, message, recipientLocal, recipientDomain`,
  );
  return (message, at) => {
    const rows = deleteQueued.all(message);
    const [first] = rows;
    if (first === undefined) return 0;
    for (const hop of new Set(rows.map((row) => row.hop))) schedule.settled(hop);
    const recipients = rows.map((row) => ({
      local: row.recipientLocal,
      domain: row.recipientDomain,
    }));
    histories.append(first.message, dropOf(recipients, at));
    contents.release([first.message]);
    return rows.length;
  };
}
