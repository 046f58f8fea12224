/** The queue in SQLite, as its worker sees it. */
import type { DatabaseSync } from "node:sqlite";
import type { Body } from "../mail/body.ts";
import type { Envelope, EnvelopeOptions, Recipient } from "../mail/envelope.ts";
import { announce, announceWork } from "./arrivals.ts";
import { prepareMessage } from "./content.ts";
import { promised } from "./promised.ts";
import { RANK } from "./schema.ts";
import { prepare, type Query, type Value } from "./sql.ts";
import { addressOf, type MessageRow } from "./sqlite_content.ts";
import { queueOperations } from "./sqlite_operator.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { IS_FREE } from "./sqlite_schedule.ts";
import { settler, type Tokens } from "./sqlite_settle.ts";
import type { Hop, HopId, MessageId, Queue, QueuedId, Taken, Token } from "./store.ts";

export function sqliteQueue(parts: SqliteParts): Queue {
  const { database, group, schedule, marks, histories } = parts;
  const selectReady = prepare<Hop>(
    database,
    "SELECT hop, dueAt FROM temp.schedule WHERE dueAt <= ? ORDER BY dueAt, hop LIMIT ?",
  );
  const selectNextDueAt = prepare<{ readonly dueAt: number | null }>(
    database,
    `SELECT min(at) AS dueAt FROM (
       SELECT min(dueAt) AS at FROM temp.schedule
       UNION ALL SELECT * FROM (
         SELECT q.deadline FROM queue q WHERE q.deadline IS NOT NULL AND ${IS_FREE}
         ORDER BY q.deadline LIMIT 1
       )
     )`,
  );
  const upsertHop = prepare(
    database,
    `INSERT INTO hops (hop, until, reply) SELECT ?1, ?2, ?3
     WHERE EXISTS (SELECT 1 FROM queue WHERE hop = ?1)
     ON CONFLICT (hop) DO UPDATE SET until = excluded.until, reply = excluded.reply`,
  );
  const tokens = createTokens(parts);
  const { take, overdue } = taker(parts, tokens);
  const settle = settler(parts, tokens);

  return {
    ready: (now, max) => promised(() => selectReady.all(now, max)),
    take: (hop, now, max) => promised(() => take(hop, now, max)),
    overdue: (now, max) => promised(() => overdue(now, max)),
    release(released) {
      // A worker that ends with the store gives back late; closing has forgotten it all already.
      if (!database.isOpen) return;
      inTransaction(database, () => released.forEach(tokens.release));
      announceWork(marks);
    },
    defer(hop, until, reply, at) {
      return group.run(() => {
        const waits = upsertHop.run(hop, until, JSON.stringify(reply)) > 0;
        if (waits && at !== undefined) histories.unreached({ hop, at, until, reply });
        schedule.update(hop);
      }, () => announceWork(marks));
    },
    async settle(verdicts, reports) {
      const prepared = await Promise.all(reports.map(prepareMessage));
      const { stale } = await group.run(
        () => settle(verdicts, prepared),
        ({ arrivals }) => arrivals.forEach((each) => announce(each, marks)),
      );
      return stale;
    },
    nextDueAt: () => selectNextDueAt.first()!.dueAt,
    version: marks.queue.value,
    changed: marks.queue.passed,
    ...queueOperations(parts),
  };
}

/** For the temporary tables only, outside of the group: nothing of this has to be durable. */
function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN");
  try {
    const value = work();
    database.exec("COMMIT");
    return value;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function createTokens({ database, opened, schedule }: SqliteParts): Tokens {
  const insertTaken = prepare<{ readonly token: number }>(
    database,
    "INSERT INTO temp.taken (queued) VALUES (?) RETURNING token",
  );
  const deleteTaken = prepare<{ readonly queued: QueuedId }>(
    database,
    "DELETE FROM temp.taken WHERE token = ? RETURNING queued",
  );
  const selectHop = prepare<{ readonly hop: HopId }>(
    database,
    "SELECT hop FROM queue WHERE id = ?",
  );
  function end(token: Token): QueuedId | null {
    const [when, number] = token.split(".");
    if (when !== String(opened)) return null;
    return deleteTaken.first(Number(number))?.queued ?? null;
  }
  return {
    take: (queued) => `${opened}.${insertTaken.first(queued)!.token}`,
    end,
    release(token) {
      const queued = end(token);
      const row = queued === null ? null : selectHop.first(queued);
      if (row !== null) schedule.update(row.hop);
    },
  };
}

interface DueRow {
  readonly id: QueuedId;
  readonly hop: HopId;
  readonly row: MessageRow;
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly senderLocal: string | null;
  readonly senderDomain: string | null;
  readonly body: Envelope["body"];
  readonly size: number;
  readonly envelopeOptions: string;
  readonly recipientLocal: string;
  readonly recipientDomain: string;
  readonly recipientOptions: string;
  readonly attempts: number;
}

function taker(
  { database, contents, schedule }: SqliteParts,
  tokens: Tokens,
): {
  take(hop: HopId, now: number, max: number): readonly Taken[];
  overdue(now: number, max: number): readonly Taken[];
} {
  const columns = `q.id, q.hop, m.id AS row, m.message, m.acceptedAt, m.senderLocal,
    m.senderDomain, m.body, m.size, m.options AS envelopeOptions, q.recipientLocal,
    q.recipientDomain, q.options AS recipientOptions, q.attempts`;
  // The index is named, or a long queue would be sorted anew for each batch.
  const selectDue = prepare<DueRow>(
    database,
    `SELECT ${columns} FROM queue q INDEXED BY queueByRank JOIN messages m ON m.id = q.message
     WHERE q.hop = ?1 AND q.dueAt <= ?2 AND ${IS_FREE}
       AND NOT EXISTS (SELECT 1 FROM hops WHERE hop = ?1 AND until > ?2)
     ORDER BY ${RANK}, q.id LIMIT ?3`,
  );
  const selectOverdue = prepare<DueRow>(
    database,
    `SELECT ${columns} FROM queue q JOIN messages m ON m.id = q.message
     WHERE q.deadline <= ?1 AND ${IS_FREE} ORDER BY q.deadline, q.id LIMIT ?2`,
  );

  function takeThese(query: Query<DueRow>, ...values: Value[]): readonly Taken[] {
    return inTransaction(database, () => {
      const bodies = new Map<MessageRow, Body>();
      const rows = query.all(...values);
      const taken = rows.map((due) => {
        const content = bodies.get(due.row) ?? contents.body(due.row, due.size);
        bodies.set(due.row, content);
        return takenOf(due, tokens.take(due.id), content);
      });
      for (const hop of new Set(rows.map((row) => row.hop))) schedule.update(hop);
      return taken;
    });
  }

  return {
    take: (hop, now, max) => takeThese(selectDue, hop, now, max),
    overdue: (now, max) => takeThese(selectOverdue, now, max),
  };
}

function takenOf(due: DueRow, token: Token, content: Body): Taken {
  const envelopeOptions = JSON.parse(due.envelopeOptions) as EnvelopeOptions;
  const recipientOptions = JSON.parse(due.recipientOptions) as Omit<Recipient, "address">;
  return {
    token,
    message: due.message,
    acceptedAt: due.acceptedAt,
    envelope: {
      sender: addressOf(due.senderLocal, due.senderDomain),
      body: due.body,
      ...envelopeOptions,
    },
    recipient: {
      address: { local: due.recipientLocal, domain: due.recipientDomain },
      ...recipientOptions,
    },
    content,
    attempts: due.attempts,
  };
}
