/** Copies of simulated disks, and what a simulated server does with them. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { copyDatabase } from "./sim/copy_database.ts";
import type { Scenario, ServerNode, Sim } from "./sim/sim.ts";
import { ask } from "./sim/operator_desk.ts";
import { simulate } from "./sim/simulate.ts";

function rowsOf(database: DatabaseSync, table: string) {
  return database.prepare(`SELECT * FROM ${table}`).all().map((row) => ({ ...row }));
}

function filled(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(`
    PRAGMA user_version = 7; PRAGMA application_id = 11;
    CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, picture BLOB) STRICT;
    CREATE TABLE nobody (id INTEGER PRIMARY KEY);
    CREATE UNIQUE INDEX peopleByName ON people (name);
    INSERT INTO people (name, picture) VALUES ('ann', x'00ff'), ('bob', NULL), ('cid', x'');
    DELETE FROM people WHERE name = 'cid';
    CREATE TEMP TABLE others (id INTEGER PRIMARY KEY AUTOINCREMENT)`);
  return database;
}

Deno.test("a copy of a database has its rows, indexes, settings and counters", () => {
  using database = disposable(filled());
  using copy = disposable(copyDatabase(database));
  assert.deepEqual(rowsOf(copy, "people"), rowsOf(database, "people"));
  assert.deepEqual(rowsOf(copy, "nobody"), []);
  assert.deepEqual(rowsOf(copy, "pragma_user_version"), [{ user_version: 7 }]);
  assert.deepEqual(rowsOf(copy, "pragma_application_id"), [{ application_id: 11 }]);
  assert.throws(() => copy.exec("INSERT INTO people (name) VALUES ('ann')"), /UNIQUE/);
  copy.exec("INSERT INTO people (name) VALUES ('dee')");
  assert.equal(rowsOf(copy, "people").at(-1)!.id, 4);
  assert.equal(rowsOf(database, "people").length, 2);
});

Deno.test("a copy of a database is refused in the middle of a transaction, and of what it cannot copy", () => {
  using database = disposable(filled());
  database.exec("BEGIN; DELETE FROM people");
  assert.throws(() => copyDatabase(database), /locked/);
  database.exec("ROLLBACK; CREATE VIRTUAL TABLE words USING fts5(word)");
  assert.throws(() => copyDatabase(database), /words cannot be copied/);
});

function disposable(database: DatabaseSync): DatabaseSync & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

const DOMAIN = "abc.test";
const OTHER = "xyz.test";

function serverFor(sim: Sim, onRestored: (accounts: readonly string[]) => void): ServerNode {
  return sim.server(DOMAIN, {
    config: { domains: [DOMAIN], routes: { [OTHER]: { host: OTHER, port: 25 } } },
    users: { ann: "secret" },
    tls: false,
    onRestored,
  });
}

/** Without faults; gives what is wrong. */
async function failuresOf(scenario: Scenario): Promise<readonly string[]> {
  return (await simulate(scenario, { seed: 1, rates: {} })).failures;
}

Deno.test("a simulated server whose disk is lost goes on with its last backup, and with nothing that came later", async () => {
  const restored: (readonly string[])[] = [];
  const failures = await failuresOf(async (sim) => {
    const node = serverFor(sim, (accounts) => void restored.push(accounts));
    await node.start();
    await ask(node, { do: "user add", name: "bob", password: "secret" });
    const before = (await node.snapshot()).mailboxes.map(({ mailbox }) => mailbox.uidValidity);
    await ask(node, { do: "backup", directory: "/elsewhere" });
    await ask(node, { do: "user add", name: "cid", password: "secret" });
    node.crash("disk");
    await sim.sleep(1000);
    await node.start();
    const { mailboxes, check } = await node.snapshot();
    assert.deepEqual(mailboxes.map(({ account }) => account), [`ann@${DOMAIN}`, `bob@${DOMAIN}`]);
    const after = mailboxes.map(({ mailbox }) => mailbox.uidValidity);
    assert.ok(Math.min(...after) > Math.max(...before));
    assert.deepEqual(await check(), []);
  });
  assert.deepEqual(failures, []);
  assert.deepEqual(restored, [[`ann@${DOMAIN}`, `bob@${DOMAIN}`]]);
});

Deno.test("a simulated backup that is not made to its end is none", async () => {
  const failures = await failuresOf(async (sim) => {
    const node = serverFor(sim, () => {});
    await node.start();
    const made = ask(node, { do: "backup", directory: "/elsewhere" });
    await sim.sleep(1);
    node.crash("process");
    assert.equal(await made, null);
    assert.equal(node.disk.backup, null);
  });
  assert.deepEqual(failures, []);
});
