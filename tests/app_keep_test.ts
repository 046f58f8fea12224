/** Retention: what goes by age and by number, when, and what is left alone. */
import assert from "$assert";
import { startMailKeeper } from "../lib/app/mail_keeper.ts";
import { createMaildrops } from "../lib/app/maildrops.ts";
import type { ServerOptions } from "../lib/config.ts";
import { makeConfig } from "../lib/config.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import type { Account, Mail, Store, Uid } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import { startWithImap, talkImap } from "./app_imap_support.ts";
import { startTestServer, type TestServer } from "./app_support.ts";
import { inboxOf, mailboxNamed } from "./conformance/store_support.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

const DAY_MS = 24 * 60 * 60_000;
const ROUND_MS = 10 * 60_000;

async function start(world: FakeWorld, options: Partial<ServerOptions>, store?: Store) {
  const given = store === undefined ? {} : { store };
  return await startTestServer({ world, users: ["alice", "bob"], ...options, ...given });
}

function accountOf({ store }: Pick<TestServer, "store">, user = "alice"): Account {
  return store.users.find(`${user}@abc.com`)!;
}

let made = 0;

/** Brings so many messages into a mailbox, now. */
async function bring(
  server: TestServer,
  name: string,
  count = 1,
  { content = "Subject: Hi\r\n\r\nHi\r\n", user = "alice", at = server.world.clock.now() } = {},
): Promise<void> {
  const messages = Array.from({ length: count }, () => ({
    id: `m${++made}`,
    content: bodyOf(encode(content)),
    flags: [],
    receivedAt: 1_000_000_000_000,
  }));
  await server.store.mail.append({ account: accountOf(server, user).id, name }, messages, { at });
}

async function uidsIn(server: TestServer, name: string, user = "alice"): Promise<readonly Uid[]> {
  const { id } = await mailboxNamed(server.store, accountOf(server, user), name);
  return (await server.store.mail.list(id, 0, 10_000)).map(({ uid }) => uid);
}

for (const kind of ["memory", "SQLite"] as const) {
  Deno.test(`mail goes three days after it came into its mailbox (${kind})`, async () => {
    const world = fakeWorld();
    const { turn } = world.clock;
    const store = kind === "memory"
      ? openMemoryStore({ turn })
      : await openSqliteStore({ turn, directory: null });
    await using server = await start(world, { keepDays: 3 }, store);
    await bring(server, "INBOX", 2);
    await bring(server, "Sent");
    await world.clock.pass(2 * DAY_MS);
    await bring(server, "INBOX");
    const inbox = await inboxOf(store, accountOf(server));
    const mark = store.mail.modSeq(inbox.account);
    // What is thrown away, or put aside, has its days from then on.
    const to = { account: inbox.account, name: "Trash" };
    await store.mail.copy(inbox.id, [2], to, { move: true, at: world.clock.now() });
    await world.clock.pass(DAY_MS - ROUND_MS);
    assert.deepEqual(await uidsIn(server, "INBOX"), [1, 3]);
    await world.clock.pass(2 * ROUND_MS + 1_000);
    assert.deepEqual(await uidsIn(server, "INBOX"), [3]);
    assert.deepEqual(await uidsIn(server, "Sent"), []);
    assert.deepEqual(await uidsIn(server, "Trash"), [1]);
    // As others hear of EXPUNGE.
    const { removed } = await store.mail.changes(inbox.id, mark, 10);
    assert.deepEqual(removed, [2, 1]);
    assert.deepEqual(server.logged("mail-removed"), [
      { user: "alice@abc.com", mailbox: "INBOX", old: 1, many: 0 },
      { user: "alice@abc.com", mailbox: "Sent", old: 1, many: 0 },
    ]);
    await world.clock.pass(3 * DAY_MS);
    assert.deepEqual([await uidsIn(server, "INBOX"), await uidsIn(server, "Trash")], [[], []]);
    assert.deepEqual(await store.check(), []);
  });
}

Deno.test("the newest messages of each mailbox are kept, whatever their age", async () => {
  const world = fakeWorld();
  await using server = await start(world, { keepMessages: 3 });
  await bring(server, "INBOX", 5);
  await bring(server, "Sent", 3);
  await bring(server, "INBOX", 4, { user: "bob" });
  await world.clock.pass(ROUND_MS + 1_000);
  assert.deepEqual(await uidsIn(server, "INBOX"), [3, 4, 5]);
  assert.deepEqual(await uidsIn(server, "Sent"), [1, 2, 3]);
  assert.deepEqual(await uidsIn(server, "INBOX", "bob"), [2, 3, 4]);
  await world.clock.pass(2 * DAY_MS);
  assert.deepEqual(await uidsIn(server, "INBOX"), [3, 4, 5]);
});

Deno.test("nothing goes where nobody said so", async () => {
  const world = fakeWorld();
  await using server = await start(world, {});
  await bring(server, "INBOX", 5);
  await world.clock.pass(10 * DAY_MS);
  assert.equal((await uidsIn(server, "INBOX")).length, 5);
  const pop3 = await server.connect("pop3");
  await pop3.say("CAPA");
  assert.match(await pop3.hearLong(), /^EXPIRE NEVER\r$/m);
  pop3.close();
});

for (
  const [what, options, expected] of [
    ["days", { keepDays: 30 }, "EXPIRE 30"],
    ["number", { keepMessages: 3 }, null],
    ["both", { keepDays: 30, keepMessages: 3 }, null],
  ] as const
) {
  Deno.test(`POP3 tells how long mail is kept, where it goes by ${what}`, async () => {
    await using server = await start(fakeWorld(), options);
    const pop3 = await server.connect("pop3");
    await pop3.say("CAPA");
    const said = /^EXPIRE.*(?=\r$)/m.exec(await pop3.hearLong())?.[0] ?? null;
    assert.equal(said, expected);
    pop3.close();
  });
}

Deno.test("an INBOX that POP3 has open is left alone until it is closed", async () => {
  const world = fakeWorld();
  await using server = await start(world, { keepMessages: 1 });
  await bring(server, "INBOX", 3);
  await bring(server, "Sent", 3);
  const pop3 = await server.connect("pop3");
  await pop3.say("USER alice");
  assert.equal(await pop3.say("PASS secret"), "+OK 3 messages");
  for (let round = 0; round < 2; round++) {
    await world.clock.pass(ROUND_MS / 2 + 1_000);
    assert.match(await pop3.say("NOOP"), /^\+OK/);
  }
  assert.match(await pop3.say("RETR 1"), /^\+OK/);
  await pop3.hearLong();
  assert.deepEqual(await uidsIn(server, "INBOX"), [1, 2, 3]);
  assert.deepEqual(await uidsIn(server, "Sent"), [3]);
  await pop3.say("QUIT");
  await world.clock.pass(ROUND_MS + 1_000);
  assert.deepEqual(await uidsIn(server, "INBOX"), [3]);
});

Deno.test("a POP3 login waits for the moment in which its INBOX is tidied up", async () => {
  const maildrops = createMaildrops();
  const work = Promise.withResolvers<string>();
  const tidied = maildrops.tidy(1, () => work.promise);
  let free = false;
  const waiting = maildrops.tidied(1).then(() => free = true);
  await maildrops.tidied(2);
  assert.equal(free, false);
  work.resolve("done");
  assert.equal(await tidied, "done");
  await waiting;
  maildrops.add(1);
  assert.equal(await maildrops.tidy(1, () => Promise.reject(new Error("it was tidied"))), null);
  maildrops.delete(1);
  const failed = maildrops.tidy(1, () => Promise.reject(new Error("the disk broke")));
  const free2 = maildrops.tidied(1);
  await assert.rejects(failed, /the disk broke/);
  await free2;
});

Deno.test("what came while the clock was ahead does not keep what came behind it", async () => {
  const world = fakeWorld();
  await using server = await start(world, { keepDays: 1 });
  const later = world.clock.now() + 5 * DAY_MS;
  await bring(server, "INBOX", 100, { at: later });
  await bring(server, "INBOX", 2);
  await world.clock.pass(DAY_MS + ROUND_MS);
  assert.equal((await uidsIn(server, "INBOX")).length, 100);
});

/** A keeper, and what becomes of an INBOX with messages of these sizes. */
interface Watched {
  readonly sizes: readonly number[];
  readonly options: Partial<ServerOptions>;
  /** Called before each removal; `left` removes others. */
  readonly before?: (remove: (uids: readonly Uid[]) => Promise<void>) => Promise<void>;
}

/** Gives each removal, with its time. */
async function watched({ sizes, options, before = () => Promise.resolve() }: Watched) {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  const secret = {
    salt: encode("s"),
    iterations: 4096,
    storedKey: encode("k"),
    serverKey: encode("k"),
  };
  const { id: account } = await store.users.add("alice@abc.com", secret, 0);
  const messages = sizes.map((size, at) => ({
    id: `m${at}`,
    content: bodyOf(new Uint8Array(size)),
    flags: [],
    receivedAt: 0,
  }));
  await store.mail.append({ account, name: "INBOX" }, messages, { at: 0 });
  const steps: (readonly [atMs: number, messages: number])[] = [];
  const mail: Mail = {
    ...store.mail,
    async list(mailbox, after, max) {
      const listed = await store.mail.list(mailbox, after, max);
      await before((uids) => store.mail.remove(mailbox, uids));
      return listed;
    },
    remove(mailbox, uids) {
      steps.push([world.clock.monotonicMs(), uids.length]);
      return store.mail.remove(mailbox, uids);
    },
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const config = makeConfig({ domains: ["abc.com"], ...options });
  const maildrops = createMaildrops();
  const keeper = startMailKeeper({ world, store: { ...store, mail }, log, config, maildrops });
  await world.clock.pass(5_000);
  await keeper.stop();
  await store[Symbol.asyncDispose]();
  return steps;
}

Deno.test("much goes step by step, and others have their turn between two", async () => {
  const steps = await watched({
    sizes: Array.from({ length: 250 }, () => 10),
    options: { keepDays: 1 },
  });
  assert.deepEqual(steps.map(([, count]) => count), [100, 100, 50]);
  const gaps = steps.slice(1).map(([at], step) => at - steps[step]![0]);
  assert.ok(gaps.every((gap) => gap >= 100), gaps.join());
});

Deno.test("large messages go in smaller steps", async () => {
  const MIB = 1024 * 1024;
  const steps = await watched({
    sizes: [3 * MIB, MIB, 1, 5 * MIB, 1],
    options: { keepDays: 1 },
  });
  assert.deepEqual(steps.map(([, count]) => count), [2, 1, 1, 1]);
});

Deno.test("what its owner removes at the same time does not make more go than is too much", async () => {
  let isFirst = true;
  const steps = await watched({
    sizes: [1, 1, 1, 1, 1],
    options: { keepMessages: 3 },
    async before(remove) {
      if (isFirst) await remove([1, 2]);
      isFirst = false;
    },
  });
  assert.deepEqual(steps, []);
});

Deno.test("a login while mail goes away is told of what is left", async () => {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const mail: Mail = {
    ...store.mail,
    async remove(mailbox, uids) {
      begun.resolve();
      await goOn.promise;
      await store.mail.remove(mailbox, uids);
    },
  };
  await using server = await start(world, { keepMessages: 1 }, { ...store, mail });
  await bring(server, "INBOX", 3);
  await world.clock.pass(ROUND_MS + 1_000);
  await begun.promise;
  const pop3 = await server.connect("pop3");
  await pop3.say("USER alice");
  const answer = pop3.say("PASS secret");
  await world.clock.pass(1_000);
  goOn.resolve();
  assert.equal(await answer, "+OK 1 message");
  pop3.close();
});

Deno.test("a session that waits with IDLE hears what goes, and of nothing else", async () => {
  const world = fakeWorld();
  await using server = await startWithImap({ world, keepMessages: 2 });
  await bring(server, "INBOX", 2);
  await world.clock.pass(1_000);
  const waiting = await talkImap(server, { user: "alice", select: "INBOX" });
  await waiting.send("i IDLE");
  assert.match(await waiting.hear(), /^\+ /);
  await bring(server, "INBOX", 2);
  assert.equal(await waiting.hear(), "* 4 EXISTS");
  assert.match(await waiting.hear(), /RECENT$/);
  await world.clock.pass(ROUND_MS);
  assert.deepEqual([await waiting.hear(), await waiting.hear()], ["* 1 EXPUNGE", "* 1 EXPUNGE"]);
  await waiting.send("DONE");
  assert.match(await waiting.hear(), /^i OK /);
  const fetched = await waiting.say("FETCH 1:* UID");
  assert.deepEqual(fetched.match(/UID \d+/g), ["UID 3", "UID 4"]);
  waiting.close();
});
