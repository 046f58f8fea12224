/** What a server does while its disk is full, and when it is not any more. */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "../lib/store/store.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { sqliteStore } from "../lib/store/sqlite.ts";
import {
  letter,
  sendMessage,
  startTestServer,
  type Talker,
  type TestServerOptions,
} from "./app_support.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

const NO_SPACE = "452 4.3.1 Insufficient system storage, try again later";
const MIN = 100_000;

interface Options extends TestServerOptions {
  readonly world?: FakeWorld;
}

async function start({ world = fakeWorld(), ...options }: Options = {}) {
  const server = await startTestServer({ world, users: ["alice"], freeBytesMin: MIN, ...options });
  /** What the disk has left from now on; what was known of it is old by then. */
  const leave = async (freeBytes: number | null) => {
    world.disk.leave(freeBytes);
    await world.clock.pass(100);
  };
  return { world, server, leave };
}

/** To alice; gives the last reply. */
async function deliver(talker: Talker, content = letter("Through")): Promise<string> {
  const message = { from: "carol@other.test", to: ["alice@abc.com"], content };
  return (await sendMessage(talker, message)).at(-1)!;
}

Deno.test("mail is put off at MAIL while the disk has too little left, and taken again", async () => {
  const { world, server, leave } = await start();
  await using _ = server;
  const talker = await server.smtp();
  await leave(MIN - 1);
  assert.equal(await talker.say("MAIL FROM:<carol@other.test>"), NO_SPACE);
  assert.match(await talker.say("RCPT TO:<alice@abc.com>"), /^503 /, "nothing has begun");
  assert.equal((await server.mailbox("alice@abc.com")).length, 0);
  await leave(MIN + 10_000);
  assert.match(await deliver(talker), /^250 /);
  await leave(null);
  assert.match(await deliver(talker), /^250 /, "where nobody knows, nothing is put off");
  talker.close();
  assert.deepEqual(server.logged("disk-low"), [
    { freeBytes: MIN - 1, freeBytesMin: MIN, reply: NO_SPACE },
  ]);
  assert.equal(server.logged("disk-recovered").length, 1);
  await world.clock.pass(0);
});

Deno.test("a message is put off whose size would leave too little, said or not", async () => {
  const { server, leave } = await start();
  await using _ = server;
  const talker = await server.smtp();
  const large = letter("Large") + `${"x".repeat(500)}\r\n`.repeat(100);
  await leave(MIN + 20_000);
  assert.equal(await talker.say("MAIL FROM:<carol@other.test> SIZE=50000"), NO_SPACE);
  assert.equal(await deliver(talker, large), NO_SPACE);
  assert.match(await deliver(talker), /^250 /, "a small one finds room on the same connection");
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
  assert.equal(server.logged("disk-low").length, 0);
  talker.close();
});

Deno.test("many messages at once do not use what is to stay free", async () => {
  const { world, server } = await start();
  await using _ = server;
  const talker = await server.smtp();
  world.disk.leave(MIN + 2_000);
  const replies: string[] = [];
  for (let count = 0; count < 20; count++) replies.push(await deliver(talker));
  const taken = replies.filter((each) => each.startsWith("250")).length;
  assert.ok(taken > 0 && taken < 20, `${taken} taken before the system was asked again`);
  talker.close();
});

Deno.test("while the disk is low users read and delete their mail, and LMTP is put off", async () => {
  const { server, leave } = await start({ ports: { smtp: 0, pop3: 0, lmtp: 0 } });
  await using _ = server;
  const talker = await server.smtp();
  assert.match(await deliver(talker), /^250 /);
  await leave(0);
  const pop3 = await server.connect("pop3");
  await pop3.say("USER alice");
  await pop3.say("PASS secret");
  assert.match(await pop3.say("DELE 1"), /^\+OK/);
  assert.match(await pop3.say("QUIT"), /^\+OK/);
  assert.equal((await server.mailbox("alice@abc.com")).length, 0);
  const lmtp = await server.connect("lmtp");
  await lmtp.say("LHLO mx.test");
  assert.equal(await lmtp.say("MAIL FROM:<carol@other.test>"), NO_SPACE);
  for (const each of [talker, lmtp, pop3]) each.close();
});

Deno.test("while the disk is low the store gives back what it can, once a second", async () => {
  const world = fakeWorld();
  const inner = openMemoryStore({ turn: world.clock.turn });
  let given = 0;
  const store: Store = {
    ...inner,
    giveBack: () => given++ === 0 ? Promise.reject(new Error("not now")) : Promise.resolve(),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  const { server, leave } = await start({ world, store });
  await using _ = server;
  world.disk.leave(0);
  const talker = await server.smtp();
  for (let count = 0; count < 30; count++) {
    assert.equal(await talker.say("MAIL FROM:<>"), NO_SPACE);
    await leave(0);
    await world.clock.pass(100);
  }
  assert.ok(given >= 5 && given <= 7, `${given} times in six seconds`);
  assert.equal(server.logged("give-back-failed").length, 1);
  talker.close();
});

Deno.test("with --min-free-bytes 0 the disk is not asked", async () => {
  const { server, leave } = await start({ freeBytesMin: 0 });
  await using _ = server;
  await leave(0);
  const talker = await server.smtp();
  assert.match(await deliver(talker), /^250 /);
  talker.close();
});

Deno.test("what a full disk refuses is put off with 452, and nothing is half done", async () => {
  const world = fakeWorld();
  const database = new DatabaseSync(":memory:");
  const store = sqliteStore(database, { turn: world.clock.turn });
  const { server } = await start({ world, store });
  await using _ = server;
  const talker = await server.smtp();
  assert.match(await deliver(talker), /^250 /);
  const pages = Number(Object.values(database.prepare("PRAGMA page_count").get()!)[0]);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const large = letter("Large") + `${"x".repeat(500)}\r\n`.repeat(100);
  assert.equal(await deliver(talker, large), NO_SPACE);
  assert.equal(server.logged("smtp-failed").length, 1);
  assert.match(
    String(server.logged("smtp-failed")[0]!.reason),
    /^StoreError: the disk is full \(database or disk is full\)$/,
  );
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
  assert.deepEqual(await store.check(), []);
  // Users can make room.
  const inbox = await store.mail.mailbox(store.users.find("alice@abc.com")!.id, "INBOX");
  await store.mail.remove(inbox!.id, [1]);
  database.exec("PRAGMA max_page_count = 100000");
  assert.match(await deliver(talker, large), /^250 /, "the connection goes on");
  talker.close();
});

Deno.test("a database that cannot be written is answered with 451, until it can", async () => {
  const world = fakeWorld();
  const database = new DatabaseSync(":memory:");
  const store = sqliteStore(database, { turn: world.clock.turn });
  const { server } = await start({ world, store });
  await using _ = server;
  const talker = await server.smtp();
  database.exec("PRAGMA query_only = 1");
  assert.equal(await deliver(talker), "451 4.3.0 Local error, try again later");
  database.exec("PRAGMA query_only = 0");
  assert.match(await deliver(talker), /^250 /);
  talker.close();
});
