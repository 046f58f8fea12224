/** The queue in SQLite, as its operator sees it. */
import type { Reply } from "../smtp/reply.ts";
import { announceWork } from "./arrivals.ts";
import { dropOf } from "./happenings.ts";
import type { Operation } from "./history.ts";
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

/** What an operation is about; neither means everything. */
interface Which {
  readonly message?: MessageId | null;
  readonly hop?: HopId;
}

/** A recipient of one message. */
const OF_MESSAGE = "q.message = (SELECT id FROM messages WHERE message = ?2)";

/**
 * What is due earlier than now keeps its place in the order. RFC 4865 §4.2: what is held is not
 * released early, by nobody.
 */
function retrier({ database, schedule }: SqliteParts): (now: number, which: Which) => number {
  const free = `${IS_FREE} AND q.heldUntil <= ?1`;
  const update = `UPDATE queue AS q SET dueAt = min(dueAt, ?1) WHERE ${free}`;
  const retryAll = prepare(database, update);
  const retryMessage = prepare<HopColumn>(database, `${update} AND ${OF_MESSAGE} RETURNING hop`);
  const retryHop = prepare<HopColumn>(database, `${update} AND q.hop = ?2 RETURNING hop`);
  const deleteHops = prepare(
    database,
    `DELETE FROM hops WHERE hop IN (SELECT q.hop FROM queue q WHERE ${free})`,
  );
  const deleteHop = prepare(database, "DELETE FROM hops WHERE hop = ?");
  return (now, { message = null, hop = null }) => {
    if (message === null && hop === null) {
      deleteHops.run(now);
      const count = retryAll.run(now);
      schedule.rebuild();
      return count;
    }
    const rows = message === null ? retryHop.all(now, hop) : retryMessage.all(now, message);
    for (const each of hopsOf(rows)) {
      deleteHop.run(each);
      schedule.update(each);
    }
    return rows.length;
  };
}

interface HopColumn {
  readonly hop: HopId;
}

/** Where something was changed: a long queue for others is not looked at. */
function hopsOf(rows: readonly HopColumn[]): ReadonlySet<HopId> {
  return new Set(rows.map(({ hop }) => hop));
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
  const holding = "UPDATE queue AS q SET held = 1, holdReason = ?1 WHERE q.held = 0";
  const unholding = "UPDATE queue AS q SET held = 0, holdReason = ?1 WHERE q.held = 1";
  const all = (update: string) => prepare<HeldRow>(database, `${update} RETURNING message, hop`);
  const holdAll = all(holding);
  const holdOne = all(`${holding} AND ${OF_MESSAGE}`);
  const unholdAll = all(unholding);
  const unholdOne = all(`${unholding} AND ${OF_MESSAGE}`);

  function note(rows: readonly HeldRow[], operation: Operation, isAll: boolean): number {
    for (const message of new Set(rows.map((row) => row.message))) {
      histories.append(message, operation);
    }
    if (isAll) schedule.rebuild();
    else hopsOf(rows).forEach(schedule.update);
    return rows.length;
  }

  return {
    hold({ message, reason, at }) {
      const rows = message === undefined ? holdAll.all(reason) : holdOne.all(reason, message);
      return note(rows, { what: "hold", at, reason }, message === undefined);
    },
    unhold(now, message) {
      const rows = message === null ? unholdAll.all(null) : unholdOne.all(null, message);
      return note(rows, { what: "release", at: now }, message === null);
    },
  };
}

interface HeldRow extends HopColumn {
  readonly message: MessageRow;
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
    hopsOf(rows).forEach(schedule.settled);
    const recipients = rows.map((row) => ({
      local: row.recipientLocal,
      domain: row.recipientDomain,
    }));
    histories.append(first.message, dropOf(recipients, at));
    contents.release([first.message]);
    return rows.length;
  };
}
