/** The queue in SQLite, as its operator sees it. */
import type { Reply } from "../smtp/reply.ts";
import { announceWork } from "./arrivals.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import { addressOf, type MessageRow } from "./sqlite_content.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { NOT_TAKEN } from "./sqlite_schedule.ts";
import type { HopId, MessageId, Queue, Queued, QueuedId } from "./store.ts";

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
  readonly attempts: number;
  readonly reply: string | null;
  readonly taken: 0 | 1;
}

export function queueOperations(
  parts: SqliteParts,
): Pick<Queue, "list" | "content" | "retry" | "drop"> {
  const { database, group, contents, schedule, marks } = parts;
  // While the deferral of its hop holds a recipient up, that is what there is to say about it.
  const selectQueued = prepare<QueuedRow>(
    database,
    `SELECT q.id, m.message, m.acceptedAt, m.size, m.senderLocal, m.senderDomain,
       q.recipientLocal, q.recipientDomain, q.hop, max(q.dueAt, ifnull(h.until, 0)) AS dueAt,
       q.attempts, CASE WHEN h.until > q.dueAt THEN h.reply ELSE q.reply END AS reply,
       NOT ${NOT_TAKEN} AS taken
     FROM queue q JOIN messages m ON m.id = q.message LEFT JOIN hops h ON h.hop = q.hop
     WHERE q.id > ? ORDER BY q.id LIMIT ?`,
  );
  const selectContent = prepare<{ readonly id: MessageRow; readonly size: number }>(
    database,
    `SELECT id, size FROM messages m
     WHERE message = ? AND EXISTS (SELECT 1 FROM queue WHERE message = m.id)`,
  );
  const retry = retrier(parts);
  const deleteQueued = prepare<{ readonly hop: HopId; readonly message: MessageRow }>(
    database,
    `DELETE FROM queue WHERE message = (SELECT id FROM messages WHERE message = ?)
     RETURNING hop, message`,
  );

  return {
    list: ({ after = 0, max }) => promised(() => selectQueued.all(after, max).map(queuedOf)),
    content(message) {
      return promised(() => {
        const row = selectContent.first(message);
        return row === null ? null : contents.body(row.id, row.size);
      });
    },
    retry: (now, message) => group.run(() => retry(now, message), () => announceWork(marks)),
    drop(message) {
      return group.run(() => {
        const rows = deleteQueued.all(message);
        for (const hop of new Set(rows.map((row) => row.hop))) schedule.settled(hop);
        contents.release(new Set(rows.map((row) => row.message)));
        return rows.length;
      });
    },
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
 * released early, by nobody.
 */
function retrier(
  { database, schedule }: SqliteParts,
): (now: number, message: MessageId | undefined) => number {
  const chosen = `${NOT_TAKEN}
    AND (?1 IS NULL OR q.message = (SELECT id FROM messages WHERE message = ?1))
    AND q.heldUntil <= ?2`;
  const deleteHops = prepare(
    database,
    `DELETE FROM hops WHERE hop IN (SELECT q.hop FROM queue q WHERE ${chosen})`,
  );
  const updateQueued = prepare(
    database,
    `UPDATE queue AS q SET dueAt = min(dueAt, ?2) WHERE ${chosen}`,
  );
  return (now, message) => {
    deleteHops.run(message ?? null, now);
    const count = updateQueued.run(message ?? null, now);
    schedule.rebuild();
    return count;
  };
}
