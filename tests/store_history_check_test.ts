/** What the check of the SQLite store has to say about history that disagrees with the queue. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "../lib/store/sqlite.ts";
import { message, toQueue, turn } from "./conformance/store_support.ts";

const FAULTS: readonly (readonly [what: string, sql: string, fault: RegExp])[] = [
  [
    "a queued recipient that is gone without an end",
    "DELETE FROM queue WHERE recipientLocal = 'a'",
    /^message m1: a@xyz\.com was queued 1 times, waits 0 times and ended 0 times$/,
  ],
  [
    "a recipient that waits though it has its end",
    `UPDATE queue SET recipientLocal = 'b' WHERE recipientLocal = 'a'`,
    /^message m1: b@xyz\.com was queued 1 times, waits 2 times and ended 0 times$/,
  ],
  [
    "a message that waits without a history",
    "DELETE FROM histories",
    /^message m1 waits and has no history$/,
  ],
  [
    "a history of another message",
    "UPDATE histories SET message = 'm2'",
    /^message m1 has the history of m2$/,
  ],
  [
    "a happening that cannot be read",
    "UPDATE happenings SET happening = '{'",
    /^message m1: happening 1 cannot be read$/,
  ],
  [
    "an acceptance that cannot be read",
    "UPDATE histories SET accepted = ''",
    /^message m1: its acceptance cannot be read$/,
  ],
];

for (const [what, sql, fault] of FAULTS) {
  Deno.test(`check finds ${what}`, async () => {
    const database = new DatabaseSync(":memory:");
    await using store = sqliteStore(database, { turn });
    const deliveries = [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")];
    await store.accept(message("m1", deliveries));
    await store.queue.hold({ message: "m1", reason: "odd", at: 5 });
    assert.deepEqual(await store.check(), []);
    database.exec(sql);
    const faults = await store.check();
    assert.ok(faults.some((each) => fault.test(each)), faults.join("\n"));
  });
}
