/** Data directories that came to harm: what opening them, and looking into them, says. */
import assert from "$assert";
import { openStore } from "../lib/cli/data_directory.ts";
import { EXIT, Failure } from "../lib/cli/fail.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import type { Account, Store } from "../lib/store/store.ts";
import { addAccount, inboxOf, message, toInbox, turn } from "./conformance/store_support.ts";
import { runProgram } from "./smtpd_support.ts";
import { canUseFiles, temporaryFolder } from "./support.ts";

function openAt(directory: string): Promise<Store> {
  return openSqliteStore({ directory, turn });
}

function fileTest(name: string, test: (directory: string) => Promise<void>): void {
  Deno.test(name, { ignore: !canUseFiles }, async () => {
    await using folder = await temporaryFolder();
    await test(`${folder.path}/data`);
  });
}

/** A store with some mail, closed. */
async function fill(directory: string): Promise<Account> {
  const store = await openAt(directory);
  const alice = await addAccount(store, "alice@abc.com");
  for (let at = 0; at < 50; at++) {
    await store.accept(message(`m${at}`, [toInbox(alice)], "x".repeat(10_000)));
  }
  await store[Symbol.asyncDispose]();
  return alice;
}

const PAGE = 4096;

/** Each is done to a database that is closed. */
const DAMAGES: readonly (readonly [what: string, harm: (path: string) => void])[] = [
  ["whose pages are overwritten", (path) => {
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.fill(0x5a, PAGE));
  }],
  ["that is cut", (path) => Deno.truncateSync(path, 3 * PAGE)],
  ["that is empty now", (path) => Deno.truncateSync(path, 0)],
];

for (const [what, harm] of DAMAGES) {
  fileTest(`a database ${what} is refused with what is wrong and what to do`, async (directory) => {
    await fill(directory);
    harm(`${directory}/smtpd.db`);
    const before = Deno.readFileSync(`${directory}/smtpd.db`);
    await assert.rejects(openAt(directory), { name: "StoreError", kind: "corrupt" });
    await assert.rejects(openStore(directory, denoWorld()), (error: unknown) => {
      if (!(error instanceof Failure)) return false;
      assert.equal(error.status, EXIT.badData);
      assert.match(error.message, /^cannot open .*bring back a backup/);
      return true;
    });
    const checked = await runProgram(["check", "--data", directory]);
    assert.equal(checked.status, EXIT.badData);
    assert.match(checked.failure, /is damaged|is empty, and was not/);
    assert.deepEqual(Deno.readFileSync(`${directory}/smtpd.db`), before, "it is left as it is");
  });
}

fileTest("an empty database that never held anything is filled", async (directory) => {
  Deno.mkdirSync(directory);
  Deno.writeFileSync(`${directory}/smtpd.db`, new Uint8Array());
  await fill(directory);
});

fileTest("a database that was taken away is made anew", async (directory) => {
  await fill(directory);
  Deno.removeSync(`${directory}/smtpd.db`);
  await using store = await openAt(directory);
  assert.deepEqual(store.users.list(), []);
});

fileTest("a log of garbage is passed over, and what was committed is there", async (directory) => {
  const alice = await fill(directory);
  Deno.writeFileSync(`${directory}/smtpd.db-wal`, new Uint8Array(50_000).fill(0x5a));
  await using store = await openAt(directory);
  assert.equal((await inboxOf(store, alice)).uidNext, 51);
  assert.deepEqual(await store.check(), []);
});

fileTest("damage that opening does not meet is what check finds", async (directory) => {
  const alice = await fill(directory);
  const path = `${directory}/smtpd.db`;
  const bytes = Deno.readFileSync(path);
  // The last pages hold the content of messages.
  Deno.writeFileSync(path, bytes.fill(0x5a, bytes.length - 20 * PAGE));
  const checked = await runProgram(["check", "--data", directory]);
  assert.equal(checked.status, EXIT.badData);
  assert.ok(checked.output.length > 0, "each fault on a line");
  await using store = await openAt(directory);
  const inbox = await inboxOf(store, alice);
  const [first] = await store.mail.list(inbox.id, 0, 1);
  assert.ok((await store.mail.body(inbox.id, first!.uid))!.size > 0, "the rest can be read");
});

fileTest("space that was freed is given back while the store is open", async (directory) => {
  const store = await openAt(directory);
  const alice = await addAccount(store, "alice@abc.com");
  await store.accept(message("m1", [toInbox(alice)], "x".repeat(12 * 1024 * 1024)));
  const inbox = await inboxOf(store, alice);
  await store.mail.remove(inbox.id, [1]);
  const size = () =>
    [...Deno.readDirSync(directory)].filter(({ name }) => name.startsWith("smtpd.db"))
      .reduce((bytes, { name }) => bytes + Deno.statSync(`${directory}/${name}`).size, 0);
  const before = size();
  await store.giveBack();
  const once = size();
  for (let times = 0; times < 5; times++) await store.giveBack();
  assert.ok(before > 24 * 1024 * 1024, `${before}`);
  assert.ok(once < 10 * 1024 * 1024 && once > 6 * 1024 * 1024, `${once}: a part at a time`);
  assert.ok(size() < 1024 * 1024, `${size()}`);
  assert.deepEqual(await store.check(), []);
  await store[Symbol.asyncDispose]();
});
