/** What the operator does to one message costs what that one is, and not what the queue is. */
import assert from "$assert";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { sqliteStore } from "../lib/store/sqlite.ts";
import type { Queue } from "../lib/store/store.ts";
import { message, toQueue, turn, UNREACHABLE } from "./conformance/store_support.ts";

const OPERATIONS: readonly (readonly [what: string, (queue: Queue) => Promise<number>])[] = [
  ["retry", (queue) => queue.retry(5, "m7")],
  ["hold", (queue) => queue.hold({ message: "m7", reason: "odd", at: 5 })],
  ["release", async (queue) => {
    await queue.hold({ message: "m7", reason: "odd", at: 5 });
    return await queue.unhold(6, "m7");
  }],
  ["flush", (queue) => queue.flush(5, "d7.test")],
  ["drop", (queue) => queue.drop("m7")],
];

/** What the schedule is, made anew. */
const SCHEDULE = `
  SELECT q.hop, max(min(q.dueAt), ifnull(h.until, 0)) AS dueAt, h.hop IS NOT NULL AS down
  FROM queue q LEFT JOIN hops h ON h.hop = q.hop WHERE q.held = 0 GROUP BY q.hop ORDER BY q.hop`;

for (const [what, operate] of OPERATIONS) {
  Deno.test(`queue ${what} of one message touches no other in a long queue`, async () => {
    const database = new DatabaseSync(":memory:");
    const { watched, statements } = watch(database);
    await using store = sqliteStore(watched, { turn });
    for (let at = 0; at < 300; at++) {
      await store.accept(message(`m${at}`, [toQueue(`d${at}.test`, 1)]));
    }
    await store.queue.defer("d7.test", 100, UNREACHABLE);
    database.exec(`
      CREATE TEMP TABLE touched (hop TEXT);
      CREATE TEMP TRIGGER touches AFTER DELETE ON temp.schedule BEGIN
        INSERT INTO touched VALUES (old.hop);
      END`);
    statements.clear();
    assert.equal(await operate(store.queue), 1);
    const touched = database.prepare("SELECT DISTINCT hop FROM temp.touched").all();
    assert.deepEqual(touched.map(({ hop }) => hop), ["d7.test"]);
    const reading = [...statements].flatMap((sql) => wholeTables(database, sql));
    assert.deepEqual(reading, [], "statements that read all of the queue");
    assert.ok(statements.size > 3);
    const scheduled = database.prepare("SELECT hop, dueAt, down FROM temp.schedule ORDER BY hop");
    assert.deepEqual(scheduled.all(), database.prepare(SCHEDULE).all());
  });
}

/** The large tables that a statement reads from their beginning to their end. */
function wholeTables(database: DatabaseSync, sql: string): readonly string[] {
  if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)/.test(sql)) return [];
  return database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
    .map(({ detail }) => String(detail))
    .filter((detail) => /^SCAN (q|queue|m|messages|hops|s|schedule)\b/.test(detail))
    .map((detail) => `${detail}: ${sql}`);
}

/** The same database, and the text of the statements that were run on it. */
function watch(
  database: DatabaseSync,
): { readonly watched: DatabaseSync; readonly statements: Set<string> } {
  const statements = new Set<string>();
  const bound = (target: object, name: string | symbol) => {
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  };
  const prepare = (sql: string): StatementSync =>
    new Proxy(database.prepare(sql), {
      get(target, name) {
        if (["run", "get", "all"].includes(String(name))) {
          return (...values: readonly unknown[]) => {
            statements.add(sql);
            return bound(target, name)(...values);
          };
        }
        return bound(target, name);
      },
    });
  const exec = (sql: string) => {
    for (const each of sql.split(";")) statements.add(each);
    database.exec(sql);
  };
  const watched = new Proxy(database, {
    get: (target, name) =>
      name === "prepare" ? prepare : name === "exec" ? exec : bound(target, name),
  });
  return { watched, statements };
}
