/** The mailbox as POP3 serves it: whose it is, who may open it, and when mail goes away. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import { type Mail, type Store, StoreError } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  letter,
  sendMessage,
  startTestServer,
  type Talker,
  type TestServer,
} from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

/** A server where alice has three messages. */
async function startWithMail(store?: Store, world = fakeWorld()): Promise<TestServer> {
  const server = await startTestServer({
    world,
    users: ["alice", "bob"],
    ...(store === undefined ? {} : { store }),
  });
  await deliver(server, "One", "Two", "Three");
  return server;
}

async function deliver(server: TestServer, ...subjects: readonly string[]): Promise<void> {
  const stranger = await server.smtp();
  for (const subject of subjects) {
    await sendMessage(stranger, {
      from: "carol@other.test",
      to: ["alice@abc.com"],
      content: letter(subject),
    });
  }
  stranger.close();
}

async function logIn(server: TestServer, user = "alice"): Promise<Talker> {
  const talker = await server.connect("pop3");
  assert.match(await talker.say(`USER ${user}`), /^\+OK/);
  assert.match(await talker.say("PASS secret"), /^\+OK/);
  return talker;
}

function subjects(messages: readonly string[]): readonly string[] {
  return messages.map((message) => /^Subject: (.*)\r$/m.exec(message)![1]!);
}

async function uniqueIds(talker: Talker): Promise<readonly string[]> {
  assert.match(await talker.say("UIDL"), /^\+OK/);
  const listing = await talker.hearLong();
  return listing.trimEnd().split("\r\n").map((line) => line.split(" ")[1]!);
}

for (const kind of ["memory", "SQLite"] as const) {
  Deno.test(`deleted mail goes away at QUIT, and only then (${kind})`, async () => {
    const { turn } = fakeWorld().clock;
    const store = kind === "memory"
      ? openMemoryStore({ turn })
      : await openSqliteStore({ directory: null, turn });
    await using server = await startWithMail(store);
    const lost = await logIn(server);
    assert.match(await lost.say("DELE 1"), /^\+OK/);
    assert.match(await lost.say("RETR 1"), /^-ERR/);
    lost.close(); // without QUIT: RFC 1939 §6 removes nothing
    await server.world.clock.turn();
    assert.deepEqual(subjects(await server.mailbox("alice@abc.com")), ["One", "Two", "Three"]);

    const talker = await logIn(server);
    const before = await uniqueIds(talker);
    for (const line of ["DELE 1", "RSET", "DELE 2"]) assert.match(await talker.say(line), /^\+OK/);
    assert.equal((await server.mailbox("alice@abc.com")).length, 3);
    assert.match(await talker.say("QUIT"), /^\+OK/);
    assert.deepEqual(subjects(await server.mailbox("alice@abc.com")), ["One", "Three"]);

    const again = await logIn(server);
    assert.deepEqual(await uniqueIds(again), [before[0], before[2]]);
    again.close();
    assert.deepEqual(await server.store.check(), []);
  });
}

Deno.test("a mailbox is open for one session at a time", async () => {
  await using server = await startWithMail();
  const first = await logIn(server);
  const second = await server.connect("pop3");
  await second.say("USER alice@abc.com");
  assert.match(await second.say("PASS secret"), /^-ERR \[IN-USE\]/);
  const bob = await logIn(server, "bob");
  assert.equal(await bob.say("STAT"), "+OK 0 0");
  bob.close();
  assert.match(await first.say("QUIT"), /^\+OK/);
  await second.say("USER alice@abc.com");
  assert.match(await second.say("PASS secret"), /^\+OK/);
  second.close();
});

Deno.test("a user waits between two logins, where there is a delay, and nobody else does", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({
    world,
    users: ["alice", "bob"],
    pop3LoginDelayMs: 90_000,
  });
  const first = await logIn(server);
  assert.match(await first.say("CAPA"), /^\+OK/);
  assert.match(await first.hearLong(), /^LOGIN-DELAY 90\r$/m);
  const second = await server.connect("pop3");
  await second.say("USER alice");
  assert.match(await second.say("PASS secret"), /^-ERR \[IN-USE\]/);
  await first.say("QUIT");
  (await logIn(server, "bob")).close();
  await world.clock.pass(89_000);
  assert.match(await second.say(`AUTH PLAIN ${btoa("\0alice\0secret")}`), /^-ERR \[LOGIN-DELAY\]/);
  assert.equal(server.logged("login-too-soon").length, 1);
  await world.clock.pass(1_000);
  await second.say("USER alice");
  assert.match(await second.say("PASS secret"), /^\+OK/);
  second.close();
});

Deno.test("XPOP3 and POP3 share the lock, and a lost connection gives it up", async () => {
  const world = fakeWorld();
  await using server = await startWithMail(undefined, world);
  const smtp = await server.smtp();
  await smtp.say("XPOP3");
  await smtp.hear();
  await smtp.say("USER alice");
  assert.match(await smtp.say("PASS secret"), /^\+OK/);
  const other = await server.connect("pop3");
  await other.say("USER alice");
  assert.match(await other.say("PASS secret"), /^-ERR \[IN-USE\]/);
  smtp.close();
  await world.clock.pass(0);
  await other.say("USER alice");
  assert.match(await other.say("PASS secret"), /^\+OK/);
  other.close();
});

Deno.test("what is pipelined behind XPOP3 belongs to POP3", async () => {
  await using server = await startWithMail();
  const talker = await server.smtp();
  await talker.send("XPOP3\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nQUIT\r\n");
  const heard = [];
  for (let n = 0; n < 6; n++) heard.push(await talker.hear());
  assert.deepEqual(heard.map((line) => line.split(" ")[0]), [
    "220",
    "+OK",
    "+OK",
    "+OK",
    "+OK",
    "+OK",
  ]);
  assert.match(heard[4]!, /^\+OK 3 \d+$/);
  talker.close();
});

Deno.test("mail that comes during a session is seen by the next one", async () => {
  await using server = await startWithMail();
  const talker = await logIn(server);
  await deliver(server, "Four");
  assert.match(await talker.say("STAT"), /^\+OK 3 /);
  assert.match(await talker.say("LIST 4"), /^-ERR/);
  await talker.say("QUIT");
  const next = await logIn(server);
  assert.match(await next.say("STAT"), /^\+OK 4 /);
  next.close();
});

Deno.test("a login that was correct but wanted another identity leaves no lock", async () => {
  await using server = await startWithMail();
  const impostor = await server.connect("pop3");
  const login = btoa("bob@abc.com\0alice\0secret");
  assert.match(await impostor.say(`AUTH PLAIN ${login}`), /^-ERR/);
  const talker = await logIn(server);
  assert.match(await talker.say("STAT"), /^\+OK 3 /);
  for (const each of [impostor, talker]) each.close();
});

Deno.test("a store that fails at the login says so, and the next try finds no lock", async () => {
  const { turn } = fakeWorld().clock;
  const inner = openMemoryStore({ turn });
  let broken = false;
  const mail: Mail = {
    ...inner.mail,
    list: (...range) =>
      broken ? Promise.reject(new Error("the disk is gone")) : inner.mail.list(...range),
  };
  const store: Store = {
    ...inner,
    mail,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  await using server = await startWithMail(store);
  const talker = await server.connect("pop3");
  broken = true;
  await talker.say("USER alice");
  assert.match(await talker.say("PASS secret"), /^-ERR \[SYS\/TEMP\]/);
  assert.equal(server.logged("pop3-failed").length, 1);
  broken = false;
  await talker.say("USER alice");
  assert.match(await talker.say("PASS secret"), /^\+OK/);
  talker.close();
});

Deno.test("a message that is gone since the login is answered with -ERR", async () => {
  await using server = await startWithMail();
  const talker = await logIn(server);
  const { mail, users } = server.store;
  const mailbox = await mail.mailbox(users.find("alice@abc.com")!.id, "INBOX");
  const [entry] = await mail.list(mailbox!.id, 0, 1);
  await mail.remove(mailbox!.id, [entry!.uid]);
  assert.match(await talker.say("RETR 1"), /^-ERR/);
  assert.match(await talker.say("RETR 2"), /^\+OK/);
  await talker.hearLong();
  assert.match(await talker.say("QUIT"), /^\+OK/);
  talker.close();
});

Deno.test("a large mailbox is read from the store in pages of a thousand", async () => {
  const inWorld = fakeWorld();
  const inner = openMemoryStore({ turn: inWorld.clock.turn });
  const pages: (number | "turn")[] = [];
  const turn = () => {
    pages.push("turn");
    return inWorld.clock.turn();
  };
  const world = { ...inWorld, clock: { ...inWorld.clock, turn } };
  const mail: Mail = {
    ...inner.mail,
    async list(mailbox, after, max) {
      const page = await inner.mail.list(mailbox, after, max);
      pages.push(page.length);
      return page;
    },
  };
  const store: Store = {
    ...inner,
    mail,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  await using server = await startTestServer({ world, store, users: ["alice"] });
  const account = store.users.find("alice@abc.com")!.id;
  await Promise.all(
    Array.from({ length: 2_500 }, (_, at) =>
      inner.accept({
        id: `m${at}`,
        acceptedAt: 0,
        envelope: { sender: null, body: "7BIT" },
        content: bodyOf(encode(letter("Many"))),
        deliveries: [{ to: "mailbox", account, mailbox: "INBOX", prefix: new Uint8Array(0) }],
      })),
  );
  const talker = await logIn(server);
  assert.match(await talker.say("STAT"), /^\+OK 2500 /);
  // Others have a turn in between.
  assert.deepEqual(pages, [1000, "turn", 1000, "turn", 500]);
  assert.match(await talker.say("DELE 1"), /^\+OK/);
  assert.match(await talker.say("DELE 2500"), /^\+OK/);
  const [, second] = await uniqueIds(talker);
  assert.match(await talker.say("QUIT"), /^\+OK/);
  const again = await logIn(server);
  assert.match(await again.say("STAT"), /^\+OK 2498 /);
  assert.equal((await uniqueIds(again))[1], second);
  again.close();
});

Deno.test("what could not be deleted is said at QUIT, and is still there", async () => {
  const inner = openMemoryStore({ turn: fakeWorld().clock.turn });
  const store: Store = {
    ...inner,
    mail: {
      ...inner.mail,
      remove: () => Promise.reject(new StoreError("full", "the disk is full")),
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  await using server = await startWithMail(store);
  const talker = await server.connect("pop3");
  await talker.say("USER alice");
  await talker.say("PASS secret");
  assert.match(await talker.say("DELE 1"), /^\+OK/);
  assert.match(await talker.say("QUIT"), /^-ERR \[SYS\/TEMP\]/);
  assert.ok((await server.mailbox("alice@abc.com")).length > 0);
  talker.close();
});
