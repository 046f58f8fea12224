/** Taking a message: what is written in front, what is left as it is, and when it is refused. */
import assert from "$assert";
import { formatDate } from "../lib/mail/date.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import type { Store } from "../lib/store/store.ts";
import { letter, sendMessage, startTestServer, type TestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { startNextHop } from "./next_hop.ts";

/** What final delivery and acceptance write in front. */
const RECEIVED = /^Return-Path: <carol@other\.test>\r\n(Received: [^]*?\r\n)(?![ \t])/;

/** Without what the server wrote in front. */
function asSent(message: string): string {
  assert.match(message, RECEIVED);
  return message.replace(RECEIVED, "");
}

async function deliver(server: TestServer, content: string): Promise<string> {
  const stranger = await server.smtp();
  const replies = await sendMessage(stranger, {
    from: "carol@other.test",
    to: ["alice@abc.com"],
    content,
  });
  assert.match(replies.at(-1)!, /^250 /);
  stranger.close();
  return (await server.mailbox("alice@abc.com")).at(-1)!;
}

Deno.test("a message from outside gets Return-Path and Received, to the letter", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const stranger = await server.smtp();
  const [, , , accepted] = await sendMessage(stranger, {
    from: "carol@other.test",
    to: ["alice+shop@abc.com"],
    content: letter("Exact"),
  });
  stranger.close();
  const id = /^250 2\.0\.0 Accepted as ([a-z0-9]{21})$/.exec(accepted!)?.[1];
  const [message] = await server.mailbox("alice@abc.com");
  assert.equal(
    message,
    "Return-Path: <carol@other.test>\r\n" +
      "Received: from client.test ([127.0.0.1]) by abc.com with ESMTP id\r\n" +
      ` ${id} for <alice+shop@abc.com>; Fri, 15 Jan 2027 08:00:00\r\n` +
      " +0000\r\n" +
      letter("Exact"),
  );
});

Deno.test("several recipients are not told about each other", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice", "dave"] });
  const stranger = await server.smtp();
  await sendMessage(stranger, {
    from: "carol@other.test",
    to: ["alice@abc.com", "dave@abc.com"],
    content: letter("To both"),
  });
  stranger.close();
  for (const user of ["alice@abc.com", "dave@abc.com"]) {
    const [message] = await server.mailbox(user);
    assert.doesNotMatch(message!, / for </);
  }
});

Deno.test("the null sender is kept as <> in Return-Path", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const stranger = await server.smtp();
  await sendMessage(stranger, { from: "", to: ["alice@abc.com"], content: letter("A report") });
  stranger.close();
  const [message] = await server.mailbox("alice@abc.com");
  assert.match(message!, /^Return-Path: <>\r\nReceived: /);
});

Deno.test("one account under several names gets one copy", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice", "bob"] });
  const stranger = await server.smtp();
  const replies = await sendMessage(stranger, {
    from: "carol@other.test",
    to: [
      "alice@abc.com",
      "ALICE@abc.com",
      "alice+shop@abc.com",
      "postmaster@abc.com",
      "bob@abc.com",
    ],
    content: letter("Once"),
  });
  stranger.close();
  assert.ok(replies.every((each) => /^[23]/.test(each)));
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
  assert.equal((await server.mailbox("bob@abc.com")).length, 1);
});

/** Each is put behind a header, and has to come out as it went in. */
const BODIES: readonly (readonly [name: string, body: string])[] = [
  ["lines that begin with dots", ".\r\n..\r\n.x\r\n...y\r\nz.\r\n"],
  ["8-bit bytes", `${String.fromCharCode(...Array.from({ length: 128 }, (_, n) => n + 128))}\r\n`],
  ["NUL and other controls", "\0\x01\x1b\x7f\r\n"],
  ["no line at all", ""],
  ["empty lines", "\r\n\r\n\r\n"],
  ["the longest lines that are allowed", `${"x".repeat(998)}\r\n${"y".repeat(998)}\r\n`],
  ["a megabyte", `${"0123456789abcdef".repeat(4)}\r\n`.repeat(16_000)],
  ["fields that only submission would touch", "Bcc: a@b.c\r\nReturn-Path: <x@y.z>\r\n"],
];

for (const [name, body] of BODIES) {
  Deno.test(`a message from outside with ${name} comes out as it went in`, async () => {
    const world = fakeWorld();
    await using server = await startTestServer({ world, users: ["alice"] });
    const content = `Subject: Bytes\r\nBcc: secret@other.test\r\n\r\n${body}`;
    assert.equal(asSent(await deliver(server, content)), content);
  });
}

Deno.test("a message without any header comes out as it went in", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  assert.equal(asSent(await deliver(server, "just text\r\n")), "just text\r\n");
});

async function submit(server: TestServer, content: string): Promise<string> {
  const alice = await server.smtp("alice");
  const replies = await sendMessage(alice, {
    from: "alice@abc.com",
    to: ["alice@abc.com"],
    content,
  });
  assert.match(replies.at(-1)!, /^250 /);
  alice.close();
  return (await server.mailbox("alice@abc.com")).at(-1)!;
}

Deno.test("a user's message gets Date and Message-ID, and loses Bcc and Return-Path", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const message = await submit(
    server,
    "Subject: Hi\r\nBcc: eve@xyz.com,\r\n mallory@xyz.com\r\nReturn-Path: <x@y.z>\r\n\r\nHi\r\n",
  );
  assert.match(message, /^Return-Path: <alice@abc\.com>\r\nReceived: [^]* with ESMTPA id\r\n/);
  assert.match(message, new RegExp(`\\r\\nDate: ${regex(formatDate(world.clock.now()))}\\r\\n`));
  assert.match(message, /\r\nMessage-ID: <[a-z0-9]{21}@abc\.com>\r\n/);
  assert.match(message, /\r\nSubject: Hi\r\n\r\nHi\r\n$/);
  assert.doesNotMatch(message, /Bcc|eve|mallory|x@y\.z/);
});

Deno.test("a user's own Date and Message-ID are left alone", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const content =
    "DATE: Mon, 1 Jan 2024 00:00:00 +0000\r\nmessage-id: <mine@abc.com>\r\n\r\nHi\r\n";
  const message = await submit(server, content);
  assert.ok(message.endsWith(`\r\n${content}`));
  assert.equal(message.match(/^(date|message-id):/gim)!.length, 2);
});

Deno.test("a message that was here too often is refused as a loop", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const ours =
    "Received: from b.test by ABC.com with ESMTP id 1; Mon, 1 Jan 2024 00:00:00 +0000\r\n";
  const stranger = await server.smtp();
  const send = (content: string) =>
    sendMessage(stranger, { from: "carol@other.test", to: ["alice@abc.com"], content });
  assert.match((await send(ours.repeat(3) + letter("Fine"))).at(-1)!, /^250 /);
  assert.match((await send(ours.repeat(4) + letter("Round"))).at(-1)!, /^554 5\.4\.6 /);
  const others = ours.replace("ABC.com", "c.test");
  assert.match((await send(others.repeat(24) + letter("Fine"))).at(-1)!, /^250 /);
  assert.match((await send(others.repeat(25) + letter("Round"))).at(-1)!, /^554 5\.4\.6 /);
  stranger.close();
  assert.equal((await server.mailbox("alice@abc.com")).length, 2);
});

Deno.test("8-bit content is passed on as 8BITMIME, whatever was announced", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world);
  await using server = await startTestServer({
    world,
    users: ["alice"],
    routes: { "xyz.com": hop.endpoint },
    verifyRecipients: "never",
  });
  const alice = await server.smtp("alice");
  for (const text of ["plain", "gr\xfcn"]) {
    await sendMessage(alice, {
      from: "alice@abc.com",
      to: ["bob@xyz.com"],
      content: `Subject: Colours\r\n\r\n${text}\r\n`,
    });
  }
  alice.close();
  await world.clock.pass(0);
  assert.deepEqual(
    hop.connections.flat().filter((line) => line.startsWith("MAIL")).map((line) =>
      line.split(" ")[3]
    ),
    [undefined, "BODY=8BITMIME"],
  );
  assert.match(hop.messages[1]!.content, /gr\xfcn\r\n$/);
  hop.stop();
});

for (const kind of ["memory", "SQLite"] as const) {
  Deno.test(`a ${kind} store that fails is answered with 451, and nothing is kept`, async () => {
    const world = fakeWorld();
    const { turn } = world.clock;
    const inner = kind === "memory"
      ? openMemoryStore({ turn })
      : await openSqliteStore({ directory: null, turn });
    const broken = { now: false };
    const store: Store = {
      ...inner,
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      async accept(message) {
        if (!broken.now) return await inner.accept(message);
        // The second delivery cannot be made, so the first one must not be made either.
        const nobody = {
          to: "mailbox",
          account: 999,
          mailbox: "INBOX",
          prefix: new Uint8Array(0),
        } as const;
        await inner.accept({ ...message, deliveries: [...message.deliveries, nobody] });
      },
    };
    await using server = await startTestServer({ world, store, users: ["alice"] });
    const stranger = await server.smtp();
    const message = { from: "carol@other.test", to: ["alice@abc.com"], content: letter("Kept?") };
    broken.now = true;
    assert.equal(
      (await sendMessage(stranger, message)).at(-1),
      "451 4.3.0 Local error, try again later",
    );
    assert.equal((await server.mailbox("alice@abc.com")).length, 0);
    assert.deepEqual(await store.check(), []);
    assert.equal(server.logged("smtp-failed").length, 1);
    broken.now = false;
    assert.match((await sendMessage(stranger, message)).at(-1)!, /^250 /, "the connection goes on");
    assert.equal((await server.mailbox("alice@abc.com")).length, 1);
    stranger.close();
  });
}

Deno.test("an account that goes away between RCPT and DATA is answered with 451", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice", "bob"] });
  const stranger = await server.smtp();
  await stranger.say("MAIL FROM:<carol@other.test>");
  await stranger.say("RCPT TO:<alice@abc.com>");
  await stranger.say("RCPT TO:<bob@abc.com>");
  await stranger.say("DATA");
  await server.store.users.remove(server.store.users.find("bob@abc.com")!.id);
  await stranger.send(`${letter("Late")}.\r\n`);
  assert.match(await stranger.hear(), /^451 4\.3\.0 /);
  assert.equal((await server.mailbox("alice@abc.com")).length, 0);
  stranger.close();
});

function regex(text: string): string {
  return text.replace(/[+.*?()[\]\\]/g, "\\$&");
}
