/** The queue in SQLite, as its worker sees it. */
import type { DatabaseSync } from "node:sqlite";
import { announce, announceWork } from "./arrivals.ts";
import { prepareMessage } from "./content.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import { queueOperations } from "./sqlite_operator.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { IS_FREE } from "./sqlite_schedule.ts";
import { settler, type Tokens } from "./sqlite_settle.ts";
import { taker } from "./sqlite_take.ts";
import { sqliteWays } from "./sqlite_ways.ts";
import {
  type HopId,
  NO_HURRY,
  type Patience,
  type Queue,
  type QueuedId,
  type Token,
} from "./store.ts";

export function sqliteQueue(parts: SqliteParts): Queue {
  const { database, group, schedule, marks, histories } = parts;
  const selectSize = prepare<{ readonly recipients: number }>(
    database,
    "SELECT recipients FROM temp.size",
  );
  const upsertHop = prepare(
    database,
    `INSERT INTO hops (hop, until, reply) SELECT ?1, ?2, ?3
     WHERE EXISTS (SELECT 1 FROM queue WHERE hop = ?1)
     ON CONFLICT (hop) DO UPDATE SET until = excluded.until, reply = excluded.reply`,
  );
  const deleteHop = prepare(database, "DELETE FROM hops WHERE hop = ?");
  const tokens = createTokens(parts);
  const { take, overdue } = taker(parts, tokens);
  const ways = sqliteWays(parts);
  const nextDueAt = nextDueSelector(parts);
  const settle = settler(parts, tokens);

  return {
    ready: (now, max, state) => promised(() => ways.ready(now, max, state)),
    take(hop, now, max) {
      ways.endTurn(hop);
      return promised(() => inTransaction(database, () => take(hop, now, max)));
    },
    overdue: (now, max, patience = NO_HURRY) =>
      promised(() => inTransaction(database, () => overdue(now, max, patience))),
    release(released) {
      // A worker that ends with the store gives back late; closing has forgotten it all already.
      if (!database.isOpen) return;
      inTransaction(database, () => released.forEach(tokens.release));
      announceWork(marks);
    },
    defer(hop, until, reply, at) {
      const words = JSON.stringify(reply);
      return ways.forAll(hop, "any", (each) => {
        const waits = upsertHop.run(each, until, words) > 0;
        if (waits && at !== undefined) histories.unreached({ hop: each, at, until, reply });
        schedule.update(each);
      });
    },
    reached(hop) {
      return ways.forAll(hop, "down", (each) => {
        deleteHop.run(each);
        schedule.update(each);
      });
    },
    setWays: (wayOf) => inTransaction(database, () => schedule.setWays(wayOf)),
    async settle(verdicts, reports) {
      const prepared = await Promise.all(reports.map(prepareMessage));
      const { stale } = await group.run(
        () => settle(verdicts, prepared),
        ({ arrivals }) => arrivals.forEach((each) => announce(each, marks)),
      );
      return stale;
    },
    nextDueAt: (patience = NO_HURRY) => nextDueAt(patience),
    size: () => selectSize.first()!.recipients,
    version: marks.queue.value,
    changed: marks.queue.passed,
    ...queueOperations(parts),
  };
}

/** Gives the function that finds when a recipient is due, or too late. */
function nextDueSelector({ database }: SqliteParts): (patience: Patience) => number | null {
  const selectDue = prepare<{ readonly at: number | null }>(
    database,
    `SELECT min(at) AS at FROM (
       SELECT min(dueAt) AS at FROM temp.schedule WHERE way IS NULL AND down = 0
       UNION ALL SELECT min(dueAt) FROM temp.schedule WHERE way IS NULL AND down = 1
       UNION ALL SELECT min(dueAt) FROM temp.ways WHERE down = 0
       UNION ALL SELECT min(dueAt) FROM temp.ways WHERE down = 1
       UNION ALL SELECT * FROM (
         SELECT q.deadline FROM queue q WHERE q.deadline IS NOT NULL AND ${IS_FREE}
         ORDER BY q.deadline LIMIT 1
       )
     )`,
  );
  const selectOldest = prepare<{ readonly since: number }>(
    database,
    `SELECT q.since FROM queue q WHERE q.warned = ? AND ${IS_FREE} ORDER BY q.since LIMIT 1`,
  );
  return ({ warnAfterMs, giveUpAfterMs }) => {
    const lateAt = (warned: 0 | 1, ageMs: number) =>
      ageMs === Infinity ? Infinity : (selectOldest.first(warned)?.since ?? Infinity) + ageMs;
    const next = Math.min(
      selectDue.first()!.at ?? Infinity,
      lateAt(0, Math.min(warnAfterMs ?? Infinity, giveUpAfterMs)),
      lateAt(1, giveUpAfterMs),
    );
    return next === Infinity ? null : next;
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
