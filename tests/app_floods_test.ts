/** Floods, and whoever holds places: what one address can do to a whole server. */
import assert from "$assert";
import { encode } from "../lib/wire/bytes.ts";
import { letter, sendMessage, startTestServer, type Talker } from "./app_support.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { fakeWorld } from "./fake_world.ts";

async function start(options: Parameters<typeof startTestServer>[0] = {}) {
  const world = fakeWorld();
  const server = await startTestServer({
    world,
    users: ["alice"],
    limitLoopback: true,
    ...options,
  });
  return { world, server };
}

/** Sends a message to alice in one piece; gives the last reply. */
async function deliver(talker: Talker): Promise<string> {
  const replies = await sendMessage(talker, {
    from: "carol@other.test",
    to: ["alice@abc.com"],
    content: letter("Through"),
  });
  return replies.at(-1)!;
}

Deno.test("one address has so many connections, to all services together", async () => {
  const { world, server } = await start({ connectionsPerAddressMax: 2 });
  await using _ = server;
  const first = await server.connect();
  const second = await server.connect("pop3");
  const third = await server.connect();
  const words = "Too many connections from your address, try again later";
  assert.equal(third.greeting, `421 4.7.0 abc.com ${words}`);
  assert.equal((await server.connect("pop3")).greeting, `-ERR [SYS/TEMP] ${words}`);
  second.close();
  await world.clock.pass(0);
  const fourth = await server.connect();
  assert.match(fourth.greeting, /^220 /);
  first.close();
  fourth.close();
});

Deno.test("one address connects so often in a minute", async () => {
  const { world, server } = await start();
  await using _ = server;
  const greetings: string[] = [];
  for (let at = 0; at < 310; at++) {
    const talker = await server.connect();
    greetings.push(talker.greeting.slice(0, 3));
    talker.close();
    await world.clock.pass(0);
  }
  assert.deepEqual(greetings.indexOf("421"), 300);
  await world.clock.pass(1_000);
  const later = await server.connect();
  assert.match(later.greeting, /^220 /);
  later.close();
});

Deno.test("one address hands over so many messages in a minute", async () => {
  const { world, server } = await start({ messagesPerMinuteMax: 3 });
  await using _ = server;
  const talker = await server.smtp();
  for (let at = 0; at < 3; at++) assert.match(await deliver(talker), /^250 /);
  assert.equal(
    await talker.say("MAIL FROM:<carol@other.test>"),
    "450 4.7.1 Too much in too short a time, try again later",
  );
  await world.clock.pass(21_000);
  assert.match(await deliver(talker), /^250 /);
  talker.close();
});

Deno.test("one address names so many recipients in a minute", async () => {
  const { server } = await start({ messagesPerMinuteMax: 1_000 });
  await using _ = server;
  const talker = await server.smtp();
  for (let at = 0; at < 30; at++) {
    assert.match(await talker.say("MAIL FROM:<carol@other.test>"), /^250 /);
    const names = Array.from({ length: 100 }, () => "RCPT TO:<alice@abc.com>\r\n").join("");
    await talker.send(names);
    for (let reply = 0; reply < 100; reply++) assert.match(await talker.hear(), /^250 /);
    await talker.say("RSET");
  }
  await talker.say("MAIL FROM:<carol@other.test>");
  assert.match(await talker.say("RCPT TO:<alice@abc.com>"), /^450 4\.7\.1 /);
  talker.close();
});

Deno.test("whoever gropes for addresses is slowed down, cut off, and not let in any more", async () => {
  const { world, server } = await start();
  await using _ = server;
  const names = Array.from({ length: 40 }, (_, at) => `RCPT TO:<u${at}@abc.com>\r\n`).join("");
  const took: number[] = [];
  const ends: string[] = [];
  let refused = 0;
  for (let connections = 0; connections < 3; connections++) {
    const talker = await server.smtp();
    await talker.say("MAIL FROM:<>");
    const startedMs = world.clock.monotonicMs();
    await talker.send(names);
    let last = "";
    const heard = (async () => {
      for (let reply; (reply = await talker.hear()) !== ""; last = reply) {
        if (reply.startsWith("550 5.1.1")) refused++;
        if (reply.startsWith("421")) took.push(world.clock.monotonicMs() - startedMs);
      }
    })();
    await world.clock.pass(60_000);
    await heard;
    ends.push(last);
    talker.close();
  }
  assert.deepEqual(ends, [
    "421 4.7.0 Too many errors, closing",
    "421 4.7.0 Too many errors, closing",
    "421 4.7.0 Too many recipients who are not here, try again later",
  ]);
  assert.equal(refused, 2 * 20);
  const [first, second, third] = took.map((ms) => Math.floor(ms / 1_000));
  // Ten seconds for the errors of each connection, and the wait that grows over all of them.
  assert.ok(first! >= 12 && first! < 20 && second! >= 40 && third === 0, `${took}`);
  const late = await server.connect();
  assert.match(late.greeting, /^421 4\.7\.0 abc\.com Too many recipients who are not here/);
  late.close();
});

Deno.test("a flood of refusals is a few lines in the log, and a number", async () => {
  const { world, server } = await start({ limitLoopback: false });
  await using _ = server;
  for (let connections = 0; connections < 50; connections++) {
    const talker = await server.smtp();
    await talker.say("MAIL FROM:<>");
    for (let at = 0; at < 5; at++) await talker.say(`RCPT TO:<u${at}@abc.com>`);
    talker.close();
  }
  assert.equal(server.logged("refused").length, 60);
  assert.deepEqual(server.logged("more-of-the-same"), []);
  await world.clock.pass(61_000);
  assert.deepEqual(server.logged("more-of-the-same"), [
    { event: "refused", network: "loopback", count: 190 },
  ]);
});

for (const verb of ["NOOP", "RSET", "HELP", "VRFY a", "EHLO x"]) {
  Deno.test(`a flood of ${verb} ends the connection, unless messages come in between`, async () => {
    const { server } = await start();
    await using _ = server;
    const talker = await server.smtp();
    for (let at = 0; at < 90; at++) assert.doesNotMatch(await talker.say(verb), /^421/);
    if (verb !== "EHLO x") assert.match(await deliver(talker), /^250 /);
    else await talker.say("EHLO x");
    let said = 0;
    for (let reply = ""; !reply.includes("421 "); said++) {
      reply = await talker.say(verb);
      if (reply === "") break;
      if (said > 200) assert.fail("it goes on");
    }
    assert.equal(await talker.hear().then((last) => last), "");
    talker.close();
  });
}

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);

/** A client that stops there; what it has said before. */
const STOPS: readonly (readonly [where: string, said: string, service?: "pop3"])[] = [
  ["before a word", ""],
  ["within a command", "EHL"],
  ["after EHLO", "EHLO x\r\n"],
  ["within AUTH", "EHLO x\r\nAUTH LOGIN\r\n"],
  ["within a transaction", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@abc.com>\r\n"],
  ["within DATA", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@abc.com>\r\nDATA\r\nSubject: "],
  ["within BDAT", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@abc.com>\r\nBDAT 9\r\nHi"],
  ["before TLS", "EHLO x\r\nSTARTTLS\r\n"],
  ["before a word in POP3", "", "pop3"],
  ["in POP3", "USER alice\r\n", "pop3"],
  ["before TLS in POP3", "STLS\r\n", "pop3"],
];

Deno.test("a message by BDAT that comes in chunks of a byte is cut off", async () => {
  const { world, server } = await start();
  await using _ = server;
  for (const first of ["BDAT 1\r\nx", "BDAT 2\r\n\n\n"]) {
    const talker = await server.smtp();
    for (const line of ["MAIL FROM:<>", "RCPT TO:<alice@abc.com>"]) await talker.say(line);
    await talker.send(first);
    const startedMs = world.clock.monotonicMs();
    let heard = "";
    let ended = false;
    void (async () => {
      for (let reply; (reply = await talker.hear()) !== "";) heard = reply;
      ended = true;
    })();
    for (let minutes = 0; minutes < 10 && !ended; minutes++) {
      await world.clock.pass(60_000);
      await talker.send("BDAT 1\r\nx").catch(() => {});
    }
    assert.ok(ended);
    assert.equal(heard, "421 4.4.2 abc.com Timeout, closing");
    assert.ok(world.clock.monotonicMs() - startedMs <= 5 * 60_000);
    talker.close();
  }
});

for (const [where, said, service] of STOPS) {
  Deno.test(`a client that stops ${where}, and one that goes on byte by byte, are cut off`, async () => {
    const { world, server } = await start({ identity: IDENTITY });
    await using _ = server;
    for (const trickles of [false, true]) {
      const transport = await world.net.connect(
        { host: "127.0.0.1", port: server.port(service ?? "smtp") },
        { timeoutMs: 1_000 },
      );
      let ended = false;
      (async () => {
        while (await transport.read() !== null);
      })().catch(() => {}).finally(() => ended = true);
      await transport.write(encode(said));
      // A byte every half a minute never ends a line, nor a block.
      for (let halfMinutes = 0; halfMinutes < 2 * 11 && !ended; halfMinutes++) {
        if (trickles) await transport.write(encode("x")).catch(() => {});
        await world.clock.pass(30_000);
      }
      assert.ok(ended, trickles ? "byte by byte" : "silent");
      transport.close();
      await world.clock.pass(0);
    }
    assert.deepEqual(await server.mailbox("alice@abc.com"), []);
  });
}
