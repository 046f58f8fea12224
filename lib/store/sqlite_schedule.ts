/**
 * What is due when, hop by hop. Temporary tables hold who has taken what, and when each hop has its
 * next recipient that nobody has taken: they live in memory, cost no commit, are forgotten when the
 * store is opened, and are rolled back together with the durable tables when a commit fails. So the
 * longest waiting hop is found without looking at the recipients of any other.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Envelope } from "../mail/envelope.ts";
import { prepare } from "./sql.ts";
import type { MessageRow } from "./sqlite_content.ts";
import type { Delivery, HopId, WayId } from "./store.ts";
import { senderKey } from "./turns.ts";

export interface Schedule {
  /** Puts one recipient into the queue. */
  insert(message: MessageRow, accepted: AcceptedMessage, delivery: QueueDelivery): void;
  /** After recipients of this hop were taken or given back, or it was put off or reached. */
  update(hop: HopId): void;
  /** After recipients of it were changed or removed: a hop for which nothing waits is forgotten. */
  settled(hop: HopId): void;
  /** The same for all hops at once. */
  rebuild(): void;
  wayOf(hop: HopId): WayId;
  /** See `Queue.setWays`. */
  setWays(wayOf: (hop: HopId) => WayId): void;
}

/** What of a message decides about its recipients' turns. */
export interface AcceptedMessage {
  readonly acceptedAt: number;
  readonly envelope: Omit<Envelope, "body">;
}

type QueueDelivery = Delivery & { readonly to: "queue" };

/** A recipient that nobody has taken; `q` is its row. */
export const NOT_TAKEN = "NOT EXISTS (SELECT 1 FROM temp.taken t WHERE t.queued = q.id)";

/** A recipient that can be taken when it is due: the operator does not hold it either. */
export const IS_FREE = `q.held = 0 AND ${NOT_TAKEN}`;

/** What a row of the schedule means for its way, when it comes and when it goes. */
const GAIN = `INSERT INTO ways SELECT new.way, new.down, new.dueAt WHERE new.way IS NOT NULL
  ON CONFLICT (way, down) DO UPDATE SET dueAt = min(dueAt, excluded.dueAt)`;
const LOSE = `DELETE FROM ways WHERE way = old.way AND down = old.down;
  INSERT INTO ways SELECT way, down, dueAt FROM schedule
    WHERE way = old.way AND down = old.down ORDER BY dueAt LIMIT 1`;

const TABLES = `
DROP TABLE IF EXISTS temp.taken;
DROP TABLE IF EXISTS temp.schedule;
DROP TABLE IF EXISTS temp.ways;
DROP TABLE IF EXISTS temp.size;
DROP TRIGGER IF EXISTS temp.sizeGrows;
DROP TRIGGER IF EXISTS temp.sizeShrinks;
CREATE TEMP TABLE taken (
  token INTEGER PRIMARY KEY AUTOINCREMENT,
  queued INTEGER NOT NULL UNIQUE
) STRICT;
CREATE TEMP TABLE schedule (
  hop TEXT PRIMARY KEY,
  way TEXT, -- NULL: it is its own
  dueAt INTEGER NOT NULL,
  down INTEGER NOT NULL -- 1: it was put off, and not reached since
) STRICT, WITHOUT ROWID;
CREATE INDEX temp.scheduleByDueAt ON schedule (down, dueAt, hop) WHERE way IS NULL;
CREATE INDEX temp.scheduleByWay ON schedule (way, down, dueAt) WHERE way IS NOT NULL;
CREATE INDEX temp.scheduleByTurn ON schedule (way, down, hop, dueAt) WHERE way IS NOT NULL;
-- When each way has its next recipient, so that one with thousands of hops hides no other.
CREATE TEMP TABLE ways (
  way TEXT NOT NULL,
  down INTEGER NOT NULL,
  dueAt INTEGER NOT NULL,
  PRIMARY KEY (way, down)
) STRICT, WITHOUT ROWID;
CREATE INDEX temp.waysByDueAt ON ways (down, dueAt, way);
CREATE TEMP TRIGGER wayGains AFTER INSERT ON schedule WHEN new.way IS NOT NULL BEGIN
  ${GAIN};
END;
CREATE TEMP TRIGGER wayLoses AFTER DELETE ON schedule WHEN old.way IS NOT NULL BEGIN
  ${LOSE};
END;
CREATE TEMP TRIGGER wayChanges AFTER UPDATE ON schedule BEGIN
  ${LOSE};
  ${GAIN};
END;
-- How many recipients wait; counting them anew would read all of the queue.
CREATE TEMP TABLE size (recipients INTEGER NOT NULL) STRICT;
INSERT INTO temp.size SELECT count(*) FROM queue;
CREATE TEMP TRIGGER sizeGrows AFTER INSERT ON main.queue BEGIN
  UPDATE size SET recipients = recipients + 1;
END;
CREATE TEMP TRIGGER sizeShrinks AFTER DELETE ON main.queue BEGIN
  UPDATE size SET recipients = recipients - 1;
END;
`;

export function openSchedule(database: DatabaseSync): Schedule {
  database.exec(TABLES);
  let wayOf = (hop: HopId): WayId => hop;
  database.function("wayOf", (hop) => wayOf(String(hop)) === hop ? null : wayOf(String(hop)));
  const insertQueued = prepare(
    database,
    `INSERT INTO queue (message, hop, recipientLocal, recipientDomain, dueAt, options,
       heldUntil, deadline, priority, sender, since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const advanceHop = prepare(
    database,
    `INSERT INTO temp.schedule (hop, way, dueAt, down)
     VALUES (?1, wayOf(?1), max(?2, ifnull((SELECT until FROM hops WHERE hop = ?1), 0)),
       EXISTS (SELECT 1 FROM hops WHERE hop = ?1))
     ON CONFLICT (hop) DO UPDATE SET dueAt = min(dueAt, excluded.dueAt)`,
  );
  const deleteHop = prepare(database, "DELETE FROM temp.schedule WHERE hop = ?");
  const insertHop = prepare(
    database,
    `INSERT INTO temp.schedule (hop, way, dueAt, down)
     SELECT q.hop, wayOf(q.hop), max(q.dueAt, ifnull(h.until, 0)), h.hop IS NOT NULL
     FROM queue q LEFT JOIN hops h ON h.hop = q.hop
     WHERE q.hop = ? AND ${IS_FREE} ORDER BY q.dueAt LIMIT 1`,
  );
  // A way that is down is not tried anew for each domain that comes up. Where some of its hops are
  // not down, it is just being woken, or tried on the operator's word.
  const joinWay = prepare(
    database,
    `INSERT OR IGNORE INTO hops (hop, until, reply)
     SELECT ?1, h.until, h.reply
     FROM temp.schedule s JOIN hops h ON h.hop = s.hop
     WHERE s.way = ?2 AND s.down = 1 AND NOT EXISTS (SELECT 1 FROM queue WHERE hop = ?1)
       AND NOT EXISTS (SELECT 1 FROM temp.ways WHERE way = ?2 AND down = 0)
     ORDER BY s.dueAt DESC LIMIT 1`,
  );
  const forgetHop = prepare(
    database,
    "DELETE FROM hops WHERE hop = ?1 AND NOT EXISTS (SELECT 1 FROM queue WHERE hop = ?1)",
  );

  function update(hop: HopId): void {
    deleteHop.run(hop);
    insertHop.run(hop);
  }

  return {
    insert(message, { envelope, acceptedAt }, { hop, recipient, dueAt }) {
      const { sender, hold, by, priority } = envelope;
      const { address, ...options } = recipient;
      const written = JSON.stringify(options);
      const way = wayOf(hop);
      if (way !== hop) joinWay.run(hop, way);
      insertQueued.run(
        message,
        hop,
        address.local,
        address.domain,
        dueAt,
        written,
        hold?.until ?? 0,
        by?.at ?? null,
        priority ?? 0,
        senderKey(sender),
        Math.max(acceptedAt, hold?.until ?? 0),
      );
      advanceHop.run(hop, dueAt);
    },
    update,
    settled(hop) {
      forgetHop.run(hop);
      update(hop);
    },
    rebuild() {
      database.exec(`
        DELETE FROM hops WHERE NOT EXISTS (SELECT 1 FROM queue q WHERE q.hop = hops.hop);
        DELETE FROM temp.schedule;
        INSERT INTO temp.schedule (hop, way, dueAt, down)
          SELECT q.hop, wayOf(q.hop), max(min(q.dueAt), ifnull(h.until, 0)), h.hop IS NOT NULL
          FROM queue q LEFT JOIN hops h ON h.hop = q.hop
          WHERE ${IS_FREE} GROUP BY q.hop`);
    },
    wayOf: (hop) => wayOf(hop),
    setWays(given) {
      wayOf = given;
      database.exec("UPDATE temp.schedule SET way = wayOf(hop)");
    },
  };
}
