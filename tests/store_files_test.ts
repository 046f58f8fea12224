/** The SQLite store in a directory: what is kept, who is let in, and what an upgrade does. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { APPLICATION_ID, type Migration, MIGRATIONS } from "../lib/store/schema.ts";
import { openSqliteStore, type SqliteOptions } from "../lib/store/sqlite.ts";
import type { Account, Store } from "../lib/store/store.ts";
import { bytesOf } from "../lib/mail/body.ts";
import { equal } from "../lib/wire/bytes.ts";
import {
  addAccount,
  FINISHED,
  GREYLISTED,
  inboxOf,
  message,
  rejectsWith,
  secretOf,
  toInbox,
  toQueue,
  turn,
  UNREACHABLE,
} from "./conformance/store_support.ts";
import { canRun, canUseFiles, temporaryFolder } from "./support.ts";

function openAt(directory: string, more: Partial<SqliteOptions> = {}): Promise<Store> {
  return openSqliteStore({ directory, turn, ...more });
}

function fileTest(name: string, test: (directory: string) => Promise<void>, ignore = false): void {
  Deno.test(name, { ignore: ignore || !canUseFiles }, async () => {
    await using folder = await temporaryFolder();
    await test(`${folder.path}/data/abc.com`);
  });
}

async function queuedOf(store: Store) {
  return (await store.queue.list({ max: 100 })).map((each) => ({ ...each, taken: false }));
}

const TEAM = {
  name: "team@abc.com",
  targets: [{ local: "alice", domain: "abc.com" }, { local: "Bob", domain: "xyz.com" }],
  owner: { local: "boss", domain: "abc.com" },
};

async function fill(store: Store): Promise<Account> {
  const alice = await store.users.add("alice@abc.com", secretOf(3), 1_700_000_000_000);
  await store.accept(message("m1", [toInbox(alice, "P: 1\r\n"), toQueue("xyz.com", 10)]));
  await store.accept(message("m2", [toInbox(alice), toQueue("xyz.com", 11)], "x".repeat(150_000)));
  await store.accept(message("m3", [toQueue("abc.org", 12), toQueue("def.org", 13)]));
  await store.mail.remove((await inboxOf(store, alice)).id, [1]);
  await store.aliases.update(TEAM.name, () => TEAM);
  return alice;
}

fileTest("the store keeps everything when it is opened again", async (directory) => {
  const before = await openAt(directory);
  const alice = await fill(before);
  const inbox = await inboxOf(before, alice);
  const [retried] = await before.queue.take("abc.org", 100, 1);
  const verdict = { do: "retry", dueAt: 40, reply: GREYLISTED } as const;
  await before.queue.settle([[retried!.token, verdict]], []);
  await before.queue.defer("def.org", 50, UNREACHABLE);
  const taken = await before.queue.take("xyz.com", 100, 10);
  const queued = await queuedOf(before);
  const decoyKey = await before.users.decoyKey(new Uint8Array(32).fill(1));
  await before.mail.setFlags(inbox.id, {
    uids: [2],
    change: "set",
    flags: ["\\Seen", "Work"],
    unchangedSince: null,
  });
  await before.mailboxes.create(alice.id, "a/b", { use: "\\Junk", at: 1_700_000_000_000 });
  const listed = await before.mailboxes.list(alice.id);
  const modSeq = before.mail.modSeq(alice.id);
  const changes = await before.mail.changes(inbox.id, 1, 100);
  await before[Symbol.asyncDispose]();

  await using after = await openAt(directory);
  assert.deepEqual(await after.users.decoyKey(new Uint8Array(32).fill(2)), decoyKey);
  assert.deepEqual(await after.check(), []);
  assert.deepEqual(after.users.list(), [alice]);
  assert.deepEqual(after.users.find("alice@abc.com"), alice);
  assert.deepEqual(after.users.secret(alice.id), secretOf(3));
  assert.deepEqual(after.aliases.list(), [TEAM]);
  assert.equal(after.mail.modSeq(alice.id), modSeq);
  assert.deepEqual(await after.mailboxes.list(alice.id), listed);
  assert.deepEqual(await after.mail.keywords(inbox.id), ["Work"]);
  assert.deepEqual(await after.mail.changes(inbox.id, 1, 100), changes);
  assert.equal((await bytesOf((await after.mail.body(inbox.id, 2))!)).length, 150_000);
  assert.deepEqual(await after.queue.list({ max: 100 }), queued);
  // What was taken is forgotten, and its tokens with it.
  assert.equal(taken.length, 2);
  assert.deepEqual(await after.queue.ready(100, 10), [
    { hop: "xyz.com", dueAt: 10 },
    { hop: "abc.org", dueAt: 40 },
    { hop: "def.org", dueAt: 50 },
  ]);
  const again = await after.queue.take("xyz.com", 100, 10);
  const old = taken.map((each) => each.token);
  assert.deepEqual(await after.queue.settle(old.map((token) => [token, FINISHED]), []), old);
  assert.equal(again.length, 2);
});

fileTest("the store closes to one file, and what was being read goes", async (directory) => {
  const before = await openAt(directory);
  const alice = await fill(before);
  const inbox = await inboxOf(before, alice);
  const body = (await before.mail.body(inbox.id, 2))!;
  await before.queue.drop("m2");
  await before.mail.remove(inbox.id, [2]);
  assert.equal((await bytesOf(body)).length, 150_000);
  await before[Symbol.asyncDispose]();
  assert.deepEqual(namesIn(directory), ["lock", "smtpd.db"]);

  const after = await openAt(directory);
  assert.deepEqual(await after.check(), []);
  await after[Symbol.asyncDispose]();
  using database = new DatabaseSync(`${directory}/smtpd.db`, { readOnly: true });
  const messages = database.prepare("SELECT message FROM messages ORDER BY id").all();
  assert.deepEqual(messages.map((row) => row.message), ["m1", "m3"]);
  assert.equal(database.prepare("SELECT count(*) AS count FROM loose").get()!.count, 0);
});

fileTest("the store closes its directory and its files to others", async (directory) => {
  await using store = await openAt(directory);
  await fill(store);
  for (const path of [directory, `${directory}/..`]) {
    assert.equal(modeOf(path), 0o700, path);
  }
  assert.deepEqual(namesIn(directory), ["lock", "smtpd.db", "smtpd.db-shm", "smtpd.db-wal"]);
  for (const name of namesIn(directory)) {
    assert.equal(modeOf(`${directory}/${name}`), 0o600, name);
  }
}, Deno.build.os === "windows");

fileTest("the store is made for growing and shrinking, and says whose it is", async (directory) => {
  const store = await openAt(directory);
  await store[Symbol.asyncDispose]();
  using database = new DatabaseSync(`${directory}/smtpd.db`);
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0];
  assert.equal(pragma("application_id"), APPLICATION_ID);
  assert.equal(pragma("user_version"), MIGRATIONS.length);
  assert.equal(pragma("journal_mode"), "wal");
  assert.equal(pragma("page_size"), 4096);
  assert.equal(pragma("auto_vacuum"), 2);
});

fileTest("the store gives space back when it is closed", async (directory) => {
  const store = await openAt(directory);
  const alice = await addAccount(store, "alice@abc.com");
  const inbox = await inboxOf(store, alice);
  await store.accept(message("m1", [toInbox(alice)], "x".repeat(4_000_000)));
  await store.mail.remove(inbox.id, [1]);
  await store[Symbol.asyncDispose]();
  assert.ok(Deno.statSync(`${directory}/smtpd.db`).size < 1_000_000);
});

fileTest("the store refuses a second opening, until it is closed", async (directory) => {
  const store = await openAt(directory);
  await assert.rejects(openAt(directory), {
    kind: "locked",
    message: `data directory ${directory} is in use by another smtpd (pid ${Deno.pid})`,
  });
  await fill(store);
  await store[Symbol.asyncDispose]();
  await using again = await openAt(directory);
  assert.equal(again.users.list().length, 1);
});

fileTest("the store is locked by another process, until that ends", async (directory) => {
  const module = new URL("../lib/store/sqlite.ts", import.meta.url);
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(module.href)});
    await openSqliteStore({
      directory: ${JSON.stringify(directory)},
      turn: () => Promise.resolve(),
    });
    console.log("open");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const said = await reader.read();
  assert.match(new TextDecoder().decode(said.value), /open/);
  await assert.rejects(openAt(directory), {
    kind: "locked",
    message: `data directory ${directory} is in use by another smtpd (pid ${child.pid})`,
  });
  // However it ends: nobody has to remove a lock that a crash left behind.
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await using store = await openAt(directory);
  assert.deepEqual(await store.check(), []);
}, !canRun);

/** What a later version might do: a column with a value for what is there already. */
const ADD_COLUMN: Migration = (database) =>
  database.exec("ALTER TABLE accounts ADD COLUMN quota INTEGER NOT NULL DEFAULT 7");

fileTest("an older database is migrated, and keeps what it has", async (directory) => {
  const old = await openAt(directory);
  const alice = await fill(old);
  await old[Symbol.asyncDispose]();
  const migrations = [...MIGRATIONS, ADD_COLUMN];
  const store = await openAt(directory, { migrations });
  assert.deepEqual(store.users.list(), [alice]);
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
  using database = new DatabaseSync(`${directory}/smtpd.db`);
  assert.equal(database.prepare("SELECT quota FROM accounts").get()!.quota, 7);
  assert.equal(
    database.prepare("PRAGMA user_version").get()!.user_version,
    MIGRATIONS.length + 1,
  );
});

fileTest(
  "version 1 is migrated: nothing was asked for, and domains are in ASCII",
  async (directory) => {
    const old = await openAt(directory, { migrations: MIGRATIONS.slice(0, 1) }).catch(() => null);
    assert.equal(old, null); // today's statements need today's tables
    {
      using database = new DatabaseSync(`${directory}/smtpd.db`);
      assert.equal(database.prepare("PRAGMA user_version").get()!.user_version, 1);
      database.exec(`
      INSERT INTO accounts (name, createdAt, modSeq, salt, iterations, storedKey, serverKey)
        VALUES ('jörg@bücher.example', 1, 1, x'01', 4096, x'02', x'03'),
          ('alice@abc.com', 1, 1, x'01', 4096, x'02', x'03');
      INSERT INTO mailboxes (account, name, uidValidity, uidNext, modSeq)
        SELECT id, 'INBOX', id, 1, 1 FROM accounts;
      UPDATE counters SET value = 9 WHERE name = 'uidValidity';
      INSERT INTO messages (message, acceptedAt, senderLocal, senderDomain, body, size)
        VALUES ('m1', 1, 'alice', 'abc.com', '7BIT', 0);
      INSERT INTO queue (message, hop, recipientLocal, recipientDomain, dueAt)
        VALUES (1, '例え.jp', 'bob', '例え.jp', 1), (1, 'xyz.com', 'bob', 'xyz.com', 1);
      INSERT INTO hops VALUES ('例え.jp', 5, '{"code":450,"status":"","lines":["x"]}');`);
    }
    await using store = await openAt(directory);
    assert.deepEqual(await store.check(), []);
    const names = store.users.list().map(({ name }) => name);
    assert.deepEqual(names, ["jörg@xn--bcher-kva.example", "alice@abc.com"]);
    const [far] = await store.queue.take("xn--r8jz45g.jp", 5, 10);
    assert.deepEqual(far!.envelope, {
      sender: { local: "alice", domain: "abc.com" },
      body: "7BIT",
    });
    assert.deepEqual(far!.recipient, { address: { local: "bob", domain: "xn--r8jz45g.jp" } });
    const [near] = await store.queue.take("xyz.com", 5, 10);
    assert.deepEqual(near!.recipient, { address: { local: "bob", domain: "xyz.com" } });
  },
);

fileTest("a migration that fails leaves the version before it", async (directory) => {
  const old = await openAt(directory);
  const alice = await fill(old);
  await old[Symbol.asyncDispose]();
  const fails: Migration = (database) => database.exec("DELETE FROM removed; SELECT nonsense");
  await assert.rejects(openAt(directory, { migrations: [...MIGRATIONS, fails] }), /nonsense/);
  await using store = await openAt(directory);
  assert.deepEqual(store.users.list(), [alice]);
  assert.deepEqual(await store.check(), []);
});

fileTest("a database of a newer version is left as it is, byte for byte", async (directory) => {
  const newer = await openAt(directory, { migrations: [...MIGRATIONS, ADD_COLUMN] });
  await fill(newer);
  await newer[Symbol.asyncDispose]();
  const before = Deno.readFileSync(`${directory}/smtpd.db`);
  const [found, known] = [MIGRATIONS.length + 1, MIGRATIONS.length];
  await assert.rejects(openAt(directory), {
    kind: "newer",
    message: `the data directory has version ${found}, this program knows versions up to ${known}` +
      ": use the program that wrote it, or a newer one; nothing was changed",
  });
  assert.ok(equal(Deno.readFileSync(`${directory}/smtpd.db`), before));
  assert.deepEqual(namesIn(directory), ["lock", "smtpd.db"]);
  // Being refused took no lock along.
  await using again = await openAt(directory, { migrations: [...MIGRATIONS, ADD_COLUMN] });
  assert.equal(again.users.list().length, 1);
});

fileTest("a newer version is told as such though its process was killed", async (directory) => {
  const module = new URL("../lib/store/sqlite.ts", import.meta.url);
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(module.href)});
    const { MIGRATIONS } = await import(
      ${JSON.stringify(new URL("../lib/store/schema.ts", import.meta.url).href)}
    );
    await openSqliteStore({
      directory: ${JSON.stringify(directory)},
      turn: () => Promise.resolve(),
      migrations: [...MIGRATIONS, () => {}],
    });
    Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  const before = Deno.readFileSync(`${directory}/smtpd.db`);
  const log = Deno.readFileSync(`${directory}/smtpd.db-wal`);
  await rejectsWith("newer", openAt(directory));
  assert.ok(equal(Deno.readFileSync(`${directory}/smtpd.db`), before));
  assert.ok(equal(Deno.readFileSync(`${directory}/smtpd.db-wal`), log));
}, !canRun);

const FOREIGN: readonly (readonly [what: string, make: (path: string) => void])[] = [
  ["something that is no database", (path) => Deno.writeTextFileSync(path, "x".repeat(5000))],
  ["something short", (path) => Deno.writeTextFileSync(path, "short")],
  ["another program's database", (path) => {
    using database = new DatabaseSync(path);
    database.exec("CREATE TABLE others (a INTEGER)");
  }],
  ["another program's database with an id", (path) => {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA application_id = 7; CREATE TABLE others (a INTEGER)");
  }],
];

for (const [what, make] of FOREIGN) {
  fileTest(`the store refuses ${what}, and leaves it as it is`, async (directory) => {
    Deno.mkdirSync(directory, { recursive: true });
    const path = `${directory}/smtpd.db`;
    make(path);
    const before = Deno.readFileSync(path);
    await assert.rejects(openAt(directory), /not a database of smtpd/);
    assert.ok(equal(Deno.readFileSync(path), before));
  });
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
}

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

fileTest("content that was being read goes once its reader is gone", async () => {
  const moduleOf = (name: string) => new URL(`../lib/${name}`, import.meta.url).href;
  const script = `
    import { DatabaseSync } from "node:sqlite";
    const { sqliteStore } = await import("${moduleOf("store/sqlite.ts")}");
    const { bodyOf } = await import("${moduleOf("mail/body.ts")}");
    const database = new DatabaseSync(":memory:");
    const store = sqliteStore(database, { turn: () => Promise.resolve() });
    const recipient = { address: { local: "bob", domain: "xyz.com" } };
    await store.accept({
      id: "m1",
      acceptedAt: 1,
      envelope: { sender: null, body: "7BIT" },
      content: bodyOf(new Uint8Array(200_000)),
      deliveries: [{ to: "queue", hop: "xyz.com", recipient, dueAt: 1 }],
    });
    const count = () => database.prepare("SELECT count(*) AS count FROM messages").get().count;
    let body = await store.queue.content("m1");
    await store.queue.drop("m1");
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await store.queue.drop("any commit");
    console.log(count(), (await body.slice(0, 200_000)).length);
    body = null;
    for (let tries = 0; count() > 0 && tries < 100; tries++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
      await store.queue.drop("any commit");
    }
    console.log(count(), JSON.stringify(await store.check()));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", script],
    stderr: "inherit",
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "1 200000\n0 []\n");
}, !canRun);
