/** What the SQLite store bounds in its directory. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore, sqliteStore } from "../lib/store/sqlite.ts";
import type { Account, Store } from "../lib/store/store.ts";
import {
  addAccount,
  brought,
  inboxOf,
  message,
  toInbox,
  turn,
} from "./conformance/store_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

function openAt(directory: string): Promise<Store> {
  return openSqliteStore({ directory, turn });
}

function fileTest(name: string, test: (directory: string) => Promise<void>): void {
  Deno.test(name, { ignore: !canUseFiles }, async () => {
    await using folder = await temporaryFolder();
    await test(`${folder.path}/data/abc.com`);
  });
}

/** So many bytes, as a message for an inbox. */
async function acceptLarge(store: Store, account: Account, megabytes: number): Promise<void> {
  const content = "x".repeat(1024 * 1024 - 1);
  const messages = Array.from(
    { length: megabytes },
    (_, at) => message(`large-${at}`, [toInbox(account)], `${at}${content}`),
  );
  await Promise.all(messages.map((each) => store.accept(each)));
}

fileTest(
  "the log file of the database is cut to 64 MiB after a large commit",
  async (directory) => {
    const store = await openAt(directory);
    const alice = await addAccount(store, "alice@abc.com");
    const logged = async () => {
      const sizes: number[] = [];
      for await (const { name } of Deno.readDir(directory)) {
        if (name.endsWith("-wal")) sizes.push((await Deno.stat(`${directory}/${name}`)).size);
      }
      assert.equal(sizes.length, 1);
      return sizes[0]!;
    };
    const large = "x".repeat(80 * 1024 * 1024);
    await store.accept(message("large", [toInbox(alice)], large));
    const before = await logged();
    assert.ok(before > 70 * 1024 * 1024, `${before}`);
    for (let at = 0; at < 3; at++) await store.accept(message(`small-${at}`, [toInbox(alice)]));
    const after = await logged();
    assert.ok(after <= 64 * 1024 * 1024, `${after}`);
    await store[Symbol.asyncDispose]();
  },
);

fileTest(
  "a store that is closed gives 32 MiB of free pages back, and keeps the rest",
  async (directory) => {
    const store = await openAt(directory);
    const alice = await addAccount(store, "alice@abc.com");
    await acceptLarge(store, alice, 48);
    const inbox = await inboxOf(store, alice);
    const size = async () => {
      let bytes = 0;
      for await (const { name } of Deno.readDir(directory)) {
        if (name.includes(".db")) bytes += (await Deno.stat(`${directory}/${name}`)).size;
      }
      return bytes;
    };
    const uids = (await store.mail.list(inbox.id, 0, 100)).map(({ uid }) => uid);
    await store.mail.remove(inbox.id, uids);
    await store[Symbol.asyncDispose]();
    const left = await size();
    assert.ok(left > 12 * 1024 * 1024 && left < 18 * 1024 * 1024, `${left}`);
    await (await openAt(directory))[Symbol.asyncDispose]();
    assert.ok(await size() < 1024 * 1024, "the rest goes the next time");
  },
);

fileTest("a commit waits a second for another program, and is then refused", async (directory) => {
  const store = await openAt(directory);
  const alice = await addAccount(store, "alice@abc.com");
  let path = "";
  for await (const { name } of Deno.readDir(directory)) {
    if (name.endsWith(".db")) path = `${directory}/${name}`;
  }
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const startedMs = performance.now();
  await assert.rejects(store.accept(message("m1", [toInbox(alice)])), /locked/);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > 900 && tookMs < 5_000, `${tookMs} ms`);
  other.exec("ROLLBACK");
  other.close();
  await store.accept(message("m2", [toInbox(alice)]));
  assert.equal((await inboxOf(store, alice)).uidNext, 2);
  await store[Symbol.asyncDispose]();
});

Deno.test("a mailbox remembers the last million of what was imported into it", async () => {
  const database = new DatabaseSync(":memory:");
  await using store = sqliteStore(database, { turn });
  const alice = await addAccount(store, "alice@abc.com");
  const { id } = await inboxOf(store, alice);
  const key = (last: number) => new Uint8Array(16).fill(last, 15);
  const insert = database.prepare("INSERT INTO imported VALUES (?, ?, ?)");
  for (const [number, last] of [[1, 1], [2, 2], [1_000_000, 3]] as const) {
    insert.run(id, number, key(last));
  }
  const to = { account: alice.id, name: "INBOX" };
  const take = (last: number) =>
    store.mail.take(to, [{ ...brought(`m${last}`), key: key(last) }], 0);
  assert.equal(await take(4), 1);
  assert.deepEqual([await take(2), await take(3), await take(4)], [0, 0, 0]);
  assert.equal(await take(1), 1);
});
