/** What SQLite itself may do to the store: full disks, failing commits, damaged data. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { bytesOf } from "../lib/mail/body.ts";
import { migrate, MIGRATIONS } from "../lib/store/schema.ts";
import { sqliteStore } from "../lib/store/sqlite.ts";
import { storeErrorOf } from "../lib/store/sql.ts";
import { type Account, type Store, StoreError, type StoreErrorKind } from "../lib/store/store.ts";
import {
  addAccount,
  FINISHED,
  inboxOf,
  message,
  toInbox,
  toQueue,
  turn,
} from "./conformance/store_support.ts";

/** A store in which something happened, and the database that it thinks is only its own. */
async function openDatabase(): Promise<{ database: DatabaseSync; store: Store; alice: Account }> {
  const database = new DatabaseSync(":memory:");
  const store = sqliteStore(database, { turn });
  const alice = await addAccount(store, "alice@abc.com");
  await store.accept(message("first", [toInbox(alice), toQueue("xyz.com", 1)]));
  return { database, store, alice };
}

async function stateOf(store: Store, alice: Account) {
  const inbox = await inboxOf(store, alice);
  return {
    inbox,
    entries: await store.mail.list(inbox.id, 0, 1000),
    modSeq: store.mail.modSeq(alice.id),
    queue: await store.queue.list({ max: 1000 }),
    ready: await store.queue.ready(100, 100),
    version: store.queue.version(),
    accounts: store.users.list(),
  };
}

Deno.test("the SQLite store rejects what a full disk refuses, and recovers", async () => {
  const { database, store, alice } = await openDatabase();
  const before = await stateOf(store, alice);
  const pages = Number(Object.values(database.prepare("PRAGMA page_count").get()!)[0]);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const large = "x".repeat(200_000);
  const [taken] = await store.queue.take("xyz.com", 1, 1);
  const results = await Promise.allSettled([
    store.accept(message("m1", [toInbox(alice), toQueue("abc.org", 1)], large)),
    store.accept(message("m2", [toInbox(alice)], large)),
    store.queue.settle([[taken!.token, FINISHED]], [message("r1", [toInbox(alice)], large)]),
  ]);
  for (const result of results) {
    assert.equal(result.status, "rejected");
    assert.match(String((result as PromiseRejectedResult).reason), /full/);
  }
  store.queue.release([taken!.token]);
  assert.deepEqual(await stateOf(store, alice), { ...before, version: before.version + 1 });
  assert.deepEqual(await store.check(), []);

  database.exec("PRAGMA max_page_count = 1000000");
  await store.accept(message("m1", [toInbox(alice)], large));
  assert.equal((await inboxOf(store, alice)).uidNext, before.inbox.uidNext + 1);
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});

Deno.test("the SQLite store undoes a whole group when COMMIT fails, and recovers", async () => {
  const { database, store, alice } = await openDatabase();
  const [taken] = await store.queue.take("xyz.com", 1, 1);
  const before = await stateOf(store, alice);
  // A foreign key that is looked at only by COMMIT.
  database.exec(`
    CREATE TABLE trap (account INTEGER REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER spring AFTER INSERT ON entries BEGIN INSERT INTO trap VALUES (-1); END`);
  const results = await Promise.allSettled([
    store.accept(message("m1", [toInbox(alice)])),
    store.accept(message("m2", [toQueue("abc.org", 1)])),
    addAccount(store, "bob@abc.com"),
    store.users.remove(alice.id + 1),
    store.queue.defer("xyz.com", 500, FINISHED.reply),
    store.queue.settle([[taken!.token, FINISHED]], []),
  ]);
  assert.ok(results.every((each) => each.status === "rejected"));
  assert.match(String((results[1] as PromiseRejectedResult).reason), /FOREIGN KEY/);
  assert.deepEqual(await stateOf(store, alice), before);
  assert.equal(await store.queue.content("m2"), null);

  database.exec("DROP TRIGGER spring; DROP TABLE trap");
  assert.deepEqual(await store.check(), []);
  // The token is as good as before, for the verdict was never recorded.
  assert.deepEqual(await store.queue.settle([[taken!.token, FINISHED]], []), []);
  await store.accept(message("m1", [toInbox(alice)]));
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});

Deno.test("the SQLite store fails a group whose transaction is gone, and keeps none of it", async () => {
  const { database, store, alice } = await openDatabase();
  const before = await stateOf(store, alice);
  // RAISE(ROLLBACK) does what SQLite does by itself after some failures of the disk.
  database.exec(`
    CREATE TRIGGER spring BEFORE INSERT ON messages WHEN new.message = 'm2'
    BEGIN SELECT RAISE(ROLLBACK, 'the disk is gone'); END`);
  const results = await Promise.allSettled(
    ["m1", "m2", "m3"].map((id) => store.accept(message(id, [toInbox(alice)]))),
  );
  assert.ok(results.every((each) => each.status === "rejected"));
  assert.match(String((results[0] as PromiseRejectedResult).reason), /the disk is gone/);
  assert.deepEqual(await stateOf(store, alice), before);
  database.exec("DROP TRIGGER spring");
  await store.accept(message("m2", [toInbox(alice)]));
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});

Deno.test("the SQLite store can be opened again on a database that a crash left", async () => {
  const { database, alice, store: crashed } = await openDatabase();
  const [taken] = await crashed.queue.take("xyz.com", 1, 1);
  await using store = sqliteStore(database, { turn });
  assert.deepEqual(store.users.list(), [alice]);
  assert.deepEqual(await store.queue.ready(1, 9), [{ hop: "xyz.com", dueAt: 1 }]);
  const [again] = await store.queue.take("xyz.com", 1, 1);
  assert.deepEqual(await store.queue.settle([[taken!.token, FINISHED]], []), [taken!.token]);
  assert.deepEqual(await store.queue.settle([[again!.token, FINISHED]], []), []);
});

const MEANINGS: readonly (readonly [words: string, kind: StoreErrorKind])[] = [
  ["database or disk is full", "full"],
  ["attempt to write a readonly database", "readOnly"],
  ["database is locked", "busy"],
  ["database table is locked: queue", "busy"],
  ["database disk image is malformed", "corrupt"],
  ["file is not a database", "corrupt"],
  ["disk I/O error", "io"],
  ["unable to open database file: /data/smtpd.db", "io"],
];

Deno.test("what SQLite says is a kind of failure, with its words kept", () => {
  for (const [words, kind] of MEANINGS) {
    const told = storeErrorOf(new Error(words));
    if (!(told instanceof StoreError)) return assert.fail(words);
    assert.equal(told.kind, kind);
    assert.ok(told.message.endsWith(`(${words})`), told.message);
  }
  for (const other of [new Error("UNIQUE constraint failed"), new StoreError("closed", "x"), 7]) {
    assert.equal(storeErrorOf(other), other);
  }
});

Deno.test("the SQLite store names each failure by its kind, and works again after it", async () => {
  const { database, store, alice } = await openDatabase();
  const accept = (id: string) => store.accept(message(id, [toInbox(alice)], "x".repeat(200_000)));
  database.exec("PRAGMA query_only = 1");
  await assert.rejects(accept("m1"), { name: "StoreError", kind: "readOnly" });
  database.exec("PRAGMA query_only = 0; PRAGMA max_page_count = 1");
  await assert.rejects(accept("m2"), { name: "StoreError", kind: "full" });
  database.exec("PRAGMA max_page_count = 1000000");
  await accept("m3");
  assert.equal((await inboxOf(store, alice)).uidNext, 3);
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});

Deno.test("the SQLite store ends what an earlier rollback could not", async () => {
  const { database, store, alice } = await openDatabase();
  const before = await stateOf(store, alice);
  // As a disk leaves it that fails at COMMIT and at the ROLLBACK behind it.
  database.exec("BEGIN IMMEDIATE; DELETE FROM entries; DELETE FROM queue");
  await store.accept(message("m1", [toInbox(alice)]));
  assert.equal((await inboxOf(store, alice)).uidNext, before.inbox.uidNext + 1);
  assert.deepEqual((await stateOf(store, alice)).queue, before.queue);
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});

const FAULTS: readonly (readonly [sql: string, found: RegExp])[] = [
  ["DELETE FROM messages", /mailbox \d+: uid 1 has no content/],
  ["DELETE FROM messages", /queued recipient 1 has no content/],
  ["DELETE FROM messages", /a row of entries points at nothing in messages/],
  ["DELETE FROM entries; DELETE FROM queue", /message first is kept though nothing needs it/],
  ["DELETE FROM chunks", /message first has 0 bytes of 25/],
  ["UPDATE chunks SET bytes = x'00'", /message first: chunk 0 has not its length/],
  ["UPDATE mailboxes SET uidNext = 1", /mailbox \d+: uid 1 is not below its uidNext, 1/],
  ["UPDATE mailboxes SET modSeq = 99", /mailbox \d+: its mark 99 is past that of its account, 2/],
  ["UPDATE entries SET modSeq = 99", /mailbox \d+: uid 1 has mark 99, past that of its mailbox, 2/],
  ["UPDATE counters SET value = 1", /mailbox \d+: its uidValidity \d+ was not given out yet/],
  ["UPDATE mailboxes SET removals = 3", /mailbox \d+ counts 3 removals and remembers 0/],
  ["INSERT INTO removed SELECT id, 1, 1 FROM mailboxes", /uid 1 is there and is removed/],
  ["INSERT INTO removed SELECT id, 2, 1 FROM mailboxes", /two changes have mark 2/],
  ["UPDATE mailboxes SET unseen = 7", /mailbox \d+ counts 1 messages, 7 unseen, 0 deleted, 25/],
  ["UPDATE entries SET flags = 8", /counts 1 messages, 1 unseen, 0 deleted, 25 bytes and has 1 m/],
  ["UPDATE mailboxes SET size = 1", /0 deleted, 1 bytes and has 1 messages, 1 unseen/],
  ["UPDATE entries SET keywords = 'a b'", /uid 1 has the keyword b, which the mailbox does not/],
  ["INSERT INTO parts SELECT id, 0, '{' FROM messages", /message first: its parts cannot be read/],
  ["INSERT INTO hops VALUES ('a.com', 1, '{}')", /hop a.com is deferred though nothing waits/],
  ["UPDATE queue SET dueAt = 7", /hop xyz.com is due at 1 and not at 7/],
  ["DELETE FROM mailboxes", /account alice@abc.com has no INBOX/],
];

for (const [sql, found] of FAULTS) {
  Deno.test(`check finds ${found.source} after ${sql}`, async () => {
    const { database, store } = await openDatabase();
    assert.deepEqual(await store.check(), []);
    database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
    const faults = await store.check();
    assert.ok(
      faults.some((fault) => found.test(fault)),
      `found: ${faults.join("; ") || "nothing"}`,
    );
    await store[Symbol.asyncDispose]();
  });
}

Deno.test("content that is not there fails who reads it, and takes nobody else along", async () => {
  const { database, store } = await openDatabase();
  await store.accept(message("lost", [toQueue("xyz.com", 1)]));
  await store.accept(message("large", [toQueue("xyz.com", 1)], "x".repeat(100_000)));
  database.exec(`DELETE FROM chunks WHERE message = (SELECT id FROM messages WHERE message = 'lost')
    OR (at = 0 AND message = (SELECT id FROM messages WHERE message = 'large'))`);
  const [first, lost, large] = await store.queue.take("xyz.com", 1, 9);
  assert.equal((await bytesOf(first!.content)).length, first!.content.size);
  await assert.rejects(bytesOf(lost!.content), /has 0 bytes of \d+/);
  await assert.rejects(bytesOf(large!.content), /bytes of/);
  assert.equal((await large!.content.slice(70_000, 70_010)).length, 10);
  await store[Symbol.asyncDispose]();
});

Deno.test("what waited in a database of version 4 has its age and its sender", async () => {
  const database = new DatabaseSync(":memory:");
  migrate(database, MIGRATIONS.slice(0, 4));
  database.exec(`
    INSERT INTO messages (id, message, acceptedAt, senderLocal, senderDomain, body, size)
      VALUES (1, 'm1', 100, 'alice', 'abc.com', '7BIT', 0), (2, 'm2', 100, NULL, NULL, '7BIT', 0);
    INSERT INTO queue (message, hop, recipientLocal, recipientDomain, dueAt, heldUntil)
      VALUES (1, 'xyz.com', 'bob', 'xyz.com', 900, 0), (2, 'xyz.com', 'bob', 'xyz.com', 900, 300)`);
  const store = sqliteStore(database, { turn });
  const rows = database.prepare("SELECT sender, since, warned FROM queue ORDER BY id").all();
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { sender: "alice@abc.com", since: 100, warned: 0 },
    { sender: "", since: 300, warned: 0 },
  ]);
  assert.equal(await store.queue.size(), 2);
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});
