/**
 * Speed that does not rot unseen: what a message costs, counted in ways that do not depend on the
 * machine. The bounds lie a little above what is counted today; whoever raises one says why.
 */
import assert from "$assert";
import { DatabaseSync } from "node:sqlite";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import { DEFAULT_SMTP_LIMITS } from "../lib/smtp/connection.ts";
import { createRoom } from "../lib/wire/room.ts";
import { smtpServer } from "../lib/smtp/server.ts";
import type { SmtpBackend } from "../lib/smtp/backend.ts";
import { sqliteStore } from "../lib/store/sqlite.ts";
import { encode } from "../lib/wire/bytes.ts";
import { sendMessage, startTestServer, type Talker, type TestServer } from "./app_support.ts";
import { countStatements, memoryOf, type Statements } from "./effort.ts";
import { fakeTransport } from "./fake_transport.ts";
import { fakeWorld } from "./fake_world.ts";
import { fakeSmtp } from "./smtp_support.ts";

const CLIENTS = 10;
const RECIPIENTS = 50;
const TO = Array.from({ length: RECIPIENTS }, (_, at) => `user${at}@abc.com`);
const CONTENT = "Subject: effort\r\n\r\nText\r\n";

/** A server on SQLite that has taken mail before, so that nothing is done for the first time. */
async function start(): Promise<
  { readonly server: TestServer; readonly statements: Statements; readonly talker: Talker }
> {
  const world = fakeWorld();
  const database = new DatabaseSync(":memory:");
  const statements = countStatements(database);
  const { turn, monotonicMs } = world.clock;
  const store = sqliteStore(database, { turn, monotonicMs });
  const server = await startTestServer({ world, store, users: ["alice", ...TO] });
  const talker = await server.smtp();
  await deliver(talker, ["alice@abc.com"]);
  await deliver(talker, TO);
  return { server, statements, talker };
}

async function deliver(talker: Talker, to: readonly string[]): Promise<void> {
  const replies = await sendMessage(talker, { from: "c@other.test", to, content: CONTENT });
  assert.match(replies.at(-1)!, /^250 /);
}

/** Everything but the content. */
async function open(talker: Talker): Promise<void> {
  await talker.say("MAIL FROM:<c@other.test>");
  await talker.say("RCPT TO:<alice@abc.com>");
  assert.match(await talker.say("DATA"), /^354 /);
}

async function end(talker: Talker): Promise<void> {
  await talker.send(`${CONTENT}.\r\n`);
  assert.match(await talker.hear(), /^250 /);
}

Deno.test("ten messages that end together share one commit, and cost eight statements each", async () => {
  const { server, statements } = await start();
  await using _ = server;
  const talkers = await Promise.all(Array.from({ length: CLIENTS }, () => server.smtp()));
  for (let round = 0; round < 3; round++) {
    await Promise.all(talkers.map(open));
    statements.forget();
    await Promise.all(talkers.map(end));
    assert.equal(statements.count("COMMIT"), 1);
    const shared = statements.count("BEGIN") + statements.count("COMMIT") + SWEEPS;
    assert.ok(statements.count() <= shared + 8 * CLIENTS, `${statements.count()} statements`);
  }
});

/** Each transaction begins with one look for what readers have let go of. */
const SWEEPS = 1;

Deno.test("a recipient more costs one statement at RCPT, and three with the commit", async () => {
  const { server, statements, talker } = await start();
  await using _ = server;
  statements.forget();
  await deliver(talker, TO.slice(0, 1));
  const one = statements.count();
  statements.forget();
  await deliver(talker, TO);
  const all = statements.count();
  assert.ok(all - one <= 4 * (RECIPIENTS - 1), `${one} for one, ${all} for ${RECIPIENTS}`);
  assert.equal(statements.count("INSERT INTO chunks"), 1, "the bytes are stored once");
});

const sizes: readonly (readonly [bytes: number, copies: number, room: number])[] = [
  [4_000, 3.5, 4.5],
  [1_000_000, 4.1, 4.4],
];

for (const [bytes, copies, room] of sizes) {
  Deno.test(`a message of ${bytes} bytes is copied at most ${copies} times on its way`, async () => {
    const { server } = await start();
    await using _ = server;
    const { connect } = server.world.net;
    const transport = await connect({ host: "127.0.0.1", port: server.port("smtp") }, {
      timeoutMs: 1_000,
    });
    const envelope = "MAIL FROM:<c@other.test>\r\nRCPT TO:<alice@abc.com>\r\nDATA\r\n";
    await transport.write(encode(`EHLO client.test\r\n${envelope}`));
    let heard = "";
    const hear = async (reply: RegExp) => {
      while (!reply.test(heard)) heard += new TextDecoder().decode((await transport.read())!);
    };
    await hear(/^354 .*\r\n/m);
    const line = "The quick brown fox jumps over the lazy dog\r\n";
    const content = encode(`Subject: x\r\n\r\n${line.repeat(bytes / line.length)}.\r\n`);
    // The network of the test copies each byte once, which is part of what is counted.
    const { copiedBytes, madeBytes } = await memoryOf(async () => {
      for (let at = 0; at < content.length; at += 64 * 1024) {
        await transport.write(content.subarray(at, at + 64 * 1024));
      }
      await hear(/^250 2\.0\.0 Accepted/m);
    });
    transport.close();
    const times = (counted: number) => counted / content.length;
    assert.ok(times(copiedBytes) >= 1, "nothing was counted");
    assert.ok(times(copiedBytes) <= copies, `copied ${times(copiedBytes)} times`);
    assert.ok(times(madeBytes) <= room, `${times(madeBytes)} bytes of room for each`);
  });
}

Deno.test("replies to what came together are one write, however many they are", async () => {
  const smtp = fakeSmtp();
  const recipients = Array.from({ length: 100 }, (_, at) => `RCPT TO:<r${at}@xyz.com>\r\n`);
  const group = `MAIL FROM:<a@abc.com>\r\n${recipients.join("")}DATA\r\n`;
  const content = `${CONTENT}.\r\n`;
  const transport = fakeTransport(
    "EHLO client.test\r\n",
    group,
    content,
    group,
    content,
    null,
    null,
  );
  const session = smtpServer<SmtpBackend>({
    hostname: "abc.com",
    peer: { address: "127.0.0.1", port: 40_000 },
    service: "smtp",
    plainAuth: true,
    forward: null,
    identity: null,
    tls: null,
    pop3: false,
    limits: DEFAULT_SMTP_LIMITS,
    room: createRoom(Infinity),
  });
  const { clock } = denoWorld();
  await drive(session, transport, smtp, { clock, signal: new AbortController().signal });
  assert.equal(smtp.messages.length, 2);
  const codes = transport.writes.map((write) =>
    write.split("\r\n").map((line) => line.slice(0, 3))
  );
  assert.deepEqual(codes.map((lines) => lines.length - 1).slice(2), [102, 1, 102, 1]);
  assert.deepEqual(codes[2]!.slice(-2), ["354", ""]);
});
