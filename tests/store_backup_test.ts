/** A copy of a store that is in use, and a store from a copy. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { restore, type RestoreOptions } from "../lib/store/restore.ts";
import { openSqliteStore, sqliteStore } from "../lib/store/sqlite.ts";
import type { Account, Store } from "../lib/store/store.ts";
import {
  addAccount,
  inboxOf,
  message,
  rejectsWith,
  toInbox,
  toQueue,
  turn,
} from "./conformance/store_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

interface Place {
  readonly data: string;
  readonly copy: string;
  readonly back: string;
}

function fileTest(name: string, test: (place: Place) => Promise<void>): void {
  Deno.test(name, { ignore: !canUseFiles }, async () => {
    await using folder = await temporaryFolder();
    const at = (name: string) => `${folder.path}/${name}`;
    await test({ data: at("data"), copy: at("copies/one"), back: at("back") });
  });
}

function openAt(directory: string): Promise<Store> {
  return openSqliteStore({ directory, turn });
}

async function fill(store: Store): Promise<Account> {
  const alice = await addAccount(store, "alice@abc.com");
  await store.accept(message("m1", [toInbox(alice), toQueue("xyz.com", 1)]));
  await store.accept(message("m2", [toInbox(alice)], "x".repeat(300_000)));
  return alice;
}

function restoreOptions({ copy, back }: Place): RestoreOptions {
  return { from: copy, to: back, now: 1_800_000_000_000, reason: "restored", turn };
}

fileTest(
  "a backup of a store in use is all of it, in one file and closed to others",
  async (place) => {
    const { data, copy } = place;
    await using store = await openAt(data);
    const alice = await fill(store);
    await Deno.writeTextFile(`${data}/self-signed.pem`, "secret", { mode: 0o600 });
    await Deno.mkdir(`${data}/folder`);
    await Deno.writeTextFile(`${data}/search.db`, "nobody needs it");
    await store.backup(copy);
    const names = [...Deno.readDirSync(copy)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["self-signed.pem", "smtpd.db"]);
    assert.equal(await Deno.readTextFile(`${copy}/self-signed.pem`), "secret");
    if (Deno.build.os !== "windows") {
      for (const path of [copy, ...names.map((name) => `${copy}/${name}`)]) {
        assert.equal(Deno.statSync(path).mode! & 0o077, 0, path);
      }
    }
    await store.accept(message("later", [toInbox(alice)]));
    await using copied = await openAt(copy);
    assert.deepEqual(await copied.check(), []);
    assert.deepEqual(copied.users.list(), store.users.list());
    const inbox = await inboxOf(copied, alice);
    const found = await copied.mail.list(inbox.id, 0, 10);
    assert.deepEqual(found.map((entry) => entry.message), ["m1", "m2"]);
    assert.equal((await copied.queue.list({ max: 9 })).length, 1);
  },
);

fileTest("the log is not moved into the file while that is copied", async ({ data }) => {
  const database = new DatabaseSync(`${data}.db`);
  await using store = sqliteStore(database, { turn });
  const alice = await addAccount(store, "alice@abc.com");
  await store.accept(message("m1", [toInbox(alice)], "x".repeat(300_000)));
  const logBytes = () => Deno.statSync(`${data}.db-wal`).size;
  // As a backup does before it copies.
  database.exec("PRAGMA wal_autocheckpoint = 0");
  await store.mail.remove((await inboxOf(store, alice)).id, [1]);
  await store.giveBack();
  assert.ok(logBytes() > 300_000);
  database.exec("PRAGMA wal_autocheckpoint = 1000");
  await store.giveBack();
  assert.equal(logBytes(), 0);
});

fileTest("while a backup is made, space is given back, and nothing is torn", async (place) => {
  await using store = await openAt(place.data);
  const alice = await addAccount(store, "alice@abc.com");
  const large = "x".repeat(1024 * 1024);
  for (let at = 0; at < 30; at++) await store.accept(message(`m${at}`, [toInbox(alice)], large));
  const inbox = await inboxOf(store, alice);
  let done = false;
  const made = store.backup(place.copy).finally(() => done = true);
  for (let at = 1; !done && at <= 20; at++) {
    await store.accept(message(`small${at}`, [toInbox(alice)]));
    await store.mail.remove(inbox.id, [at]);
    await store.giveBack();
  }
  await made;
  await using copied = await openAt(place.copy);
  assert.deepEqual(await copied.check(), []);
  assert.deepEqual(await store.check(), []);
});

fileTest(
  "a backup under load is a moment of it, and everything goes on meanwhile",
  async (place) => {
    await using store = await openAt(place.data);
    const alice = await addAccount(store, "alice@abc.com");
    const content = "x".repeat(60_000);
    let accepted = 0;
    const more = async () => {
      const id = `m${++accepted}`;
      await store.accept(message(id, [toInbox(alice)], content));
    };
    for (let at = 0; at < 500; at++) await more();
    const before = accepted;
    let copying = true;
    const copied = store.backup(place.copy).finally(() => copying = false);
    while (copying) await more();
    await copied;
    assert.ok(accepted > before, "mail was taken while it was copied");
    for (let at = 0; at < 50; at++) await more();
    await using copy = await openAt(place.copy);
    assert.deepEqual(await copy.check(), []);
    const uids = await copy.mail.list((await inboxOf(copy, alice)).id, 0, 10_000);
    assert.ok(uids.length >= before && uids.length <= accepted, `${uids.length} of ${accepted}`);
    // What was appended to the log meanwhile comes into the file as before.
    const log = Deno.statSync(`${place.data}/smtpd.db-wal`).size;
    for (let at = 0; at < 500; at++) await more();
    assert.ok(Deno.statSync(`${place.data}/smtpd.db-wal`).size < log + 500 * 60_000, "checkpoints");
  },
);

fileTest("a backup goes only where nothing is, and leaves nothing when it fails", async (place) => {
  const { data, copy } = place;
  await using store = await openAt(data);
  await fill(store);
  await Deno.mkdir(copy, { recursive: true });
  await store.backup(copy); // it is empty
  await rejectsWith("exists", store.backup(copy));
  await Deno.writeTextFile(place.back, "a file");
  await rejectsWith("exists", store.backup(place.back));
  await rejectsWith("unwritable", store.backup(`${place.back}/below`));
  const both = [store.backup(`${copy}2`), store.backup(`${copy}3`)];
  await Promise.all(both);
  for (const each of [`${copy}2`, `${copy}3`]) {
    await using opened = await openAt(each);
    assert.deepEqual(await opened.check(), []);
  }
  const left = [...Deno.readDirSync(`${copy}/..`)].map(({ name }) => name).sort();
  assert.deepEqual(left, ["one", "one2", "one3"]);
});

fileTest("a backup that is overtaken by the end of the store is none", async (place) => {
  const store = await openAt(place.data);
  await fill(store);
  const { copyFile } = Deno;
  // In the middle of it, which nobody could hit by waiting.
  Deno.copyFile = async (from, to) => {
    await store[Symbol.asyncDispose]();
    await copyFile(from, to);
  };
  try {
    await rejectsWith("closed", store.backup(place.copy));
  } finally {
    Deno.copyFile = copyFile;
  }
  await assert.rejects(Deno.stat(place.copy), Deno.errors.NotFound);
  await rejectsWith("closed", store.backup(place.copy));
});

fileTest(
  "another program in the middle of reading holds up a backup, which says so",
  async (place) => {
    await using store = await openAt(place.data);
    const alice = await fill(store);
    const other = new DatabaseSync(`${place.data}/smtpd.db`);
    other.exec("BEGIN");
    other.prepare("SELECT count(*) FROM messages").get();
    await store.accept(message("m3", [toInbox(alice)]));
    await assert.rejects(store.backup(place.copy), /another program reads the database/);
    other.close();
    await store.backup(place.copy);
  },
);

fileTest("what is restored holds what waited, and has new UIDVALIDITYs", async (place) => {
  const before = await openAt(place.data);
  const alice = await fill(before);
  const old = await inboxOf(before, alice);
  await before.backup(place.copy);
  await before[Symbol.asyncDispose]();
  assert.deepEqual(await restore(restoreOptions(place)), { accounts: 1, held: 1 });
  const backup = await Deno.readFile(`${place.copy}/smtpd.db`);
  await using store = await openAt(place.back);
  assert.deepEqual(await store.check(), []);
  // RFC 9051 §2.3.1.1
  assert.equal((await inboxOf(store, alice)).uidValidity, 1_800_000_000);
  assert.ok(old.uidValidity < 1_800_000_000);
  const [queued] = await store.queue.list({ max: 1 });
  assert.equal(queued!.held, "restored");
  const [history] = await store.history.find("m1", 1);
  assert.deepEqual(history!.happenings.map(({ what }) => what), ["hold"]);
  assert.deepEqual(await Deno.readFile(`${place.copy}/smtpd.db`), backup, "the backup stays");
});

fileTest("a UIDVALIDITY given out since the backup does not come again", async (place) => {
  // The clock stands still: it was set back, or the mailboxes came fast.
  const now = 1_700_000_000_000;
  const before = await openAt(place.data);
  const alice = await fill(before);
  await before.backup(place.copy);
  const made = await before.mailboxes.create(alice.id, "Later", { use: null, at: now });
  await before[Symbol.asyncDispose]();
  await restore({ ...restoreOptions(place), now });
  await using store = await openAt(place.back);
  assert.ok((await inboxOf(store, alice)).uidValidity > made.uidValidity);
});

fileTest("what a server still writes is no backup", async (place) => {
  const options = { ...restoreOptions(place), from: place.data };
  const store = await openAt(place.data);
  await fill(store);
  await rejectsWith("locked", restore(options));
  await assert.rejects(Deno.stat(place.back), Deno.errors.NotFound);
  await store[Symbol.asyncDispose]();
  assert.deepEqual(await restore(options), { accounts: 1, held: 1 });
  // Nobody is kept out afterwards.
  await (await openAt(place.data))[Symbol.asyncDispose]();
});

fileTest(
  "nothing is restored over anything, from nothing, or from what is damaged",
  async (place) => {
    await rejectsWith("unknown", restore(restoreOptions(place)));
    const store = await openAt(place.data);
    await fill(store);
    await store.backup(place.copy);
    await store[Symbol.asyncDispose]();
    await rejectsWith("exists", restore({ ...restoreOptions(place), to: place.data }));
    using database = new DatabaseSync(`${place.copy}/smtpd.db`);
    database.exec("PRAGMA foreign_keys = OFF; DELETE FROM histories");
    await assert.rejects(restore(restoreOptions(place)), /is damaged: .*has no history/);
    await assert.rejects(Deno.stat(place.back), Deno.errors.NotFound);
  },
);
