/**
 * What strangers put into names and addresses, and into the local-looking ones above all: it has to
 * stay a name or an address, and mail for it stays here or is refused.
 */
import assert from "$assert";
import { addressesIn, firstValue, parseHeader } from "../lib/mail/header.ts";
import { parsePath } from "../lib/mail/address.ts";
import { hasPassed } from "../lib/mail/trace.ts";
import { decodeLatin1, encode } from "../lib/wire/bytes.ts";
import {
  letter,
  sendMessage,
  startTestServer,
  startWithHop,
  type Talker,
  type TestServer,
} from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { startNextHop } from "./next_hop.ts";

/** Everything about it is visible, so it can be said in a command. */
const HELLO_NAMES: readonly string[] = [
  ")by(evil.test)",
  "x;by(evil.test",
  '"by\\evil.test',
  "<script>alert(1)</script>",
  "[127.0.0.1](localhost)",
  "a".repeat(255),
  ",=?utf-8?q?=0d=0aBcc:_eve?=",
];

/** Local parts that look like the end of something; each is an address by the grammar. */
const SENDERS: readonly string[] = [
  '"a>\\\\ Bcc: eve"@evil.test',
  '"a> by evil.test; "@evil.test',
  '"\\"><eve@abc.com> \\""@evil.test',
  '"a\\\\"@evil.test',
  '"Subject: x, eve@abc.com"@evil.test',
  "=?utf-8?q?=0d=0aBcc=3A_eve?=@evil.test",
  `"${" ".repeat(62)}"@evil.test`,
];

for (const hello of HELLO_NAMES) {
  Deno.test(`EHLO ${hello.slice(0, 40)} is a name in one field, and nothing else`, async () => {
    await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
    const stranger = await server.connect();
    assert.match(await stranger.say(`EHLO ${hello}`), /^250-/);
    await checkDelivery(server, stranger, "carol@evil.test");
  });
}

for (const sender of SENDERS) {
  Deno.test(`MAIL FROM:<${sender}> is an address in one field, and nothing else`, async () => {
    await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
    const stranger = await server.smtp();
    await checkDelivery(server, stranger, sender);
  });
}

/** Sends a message to alice, whose header then has the fields that it should have, and no other. */
async function checkDelivery(server: TestServer, stranger: Talker, from: string): Promise<void> {
  const message = { from, to: ["alice@abc.com"], content: letter("Hello") };
  assert.match((await sendMessage(stranger, message)).at(-1)!, /^250 /);
  stranger.close();
  const [received] = await server.mailbox("alice@abc.com");
  const header = parseHeader(encode(received!));
  assert.deepEqual(
    header.fields.map(({ name }) => name),
    ["return-path", "received", "from", "to", "subject"],
  );
  const returnPath = firstValue(header, "Return-Path")!;
  assert.deepEqual(parsePath(returnPath), parsePath(`<${from}>`));
  assert.equal(addressesIn(returnPath).length, 1);
  assert.ok(!hasPassed(header, "evil.test", 0));
  assert.ok(hasPassed(header, "abc.com", 0));
}

/** A bare CR, a NUL and their like end nothing; what stands behind them is never obeyed. */
const BROKEN_LINES: readonly string[] = [
  "EHLO client.test\rMAIL FROM:<carol@evil.test>",
  "EHLO client.test\0",
  "MAIL FROM:<carol@evil.test>\rBcc: eve",
  'MAIL FROM:<"a\r b"@evil.test>',
  'MAIL FROM:<"a\x1b[2J"@evil.test>',
];

for (const line of BROKEN_LINES) {
  Deno.test(`${JSON.stringify(line)} is refused as one line, and not repeated`, async () => {
    await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
    const stranger = await server.smtp();
    const refused = await stranger.say(line);
    assert.match(refused, /^50[01] 5\.[15]\.\d [ -~]+$/);
    assert.doesNotMatch(refused, /carol|evil|eve/);
    assert.match(await stranger.say("NOOP"), /^250 /);
    assert.match(await stranger.say("RCPT TO:<alice@abc.com>"), /^503 /, "no sender was taken");
    stranger.close();
  });
}

/** As the next server has to be told. */
const RECIPIENTS_ELSEWHERE: readonly string[] = [
  '"bob> SIZE=1"@xyz.com',
  '"bob\\"> NOTIFY=NEVER"@xyz.com',
  '"bob@evil.test"@xyz.com',
  '"bob\\\\"@xyz.com',
  "evil.test!bob%evil.test@xyz.com",
];

for (const recipient of RECIPIENTS_ELSEWHERE) {
  Deno.test(`<${recipient}> is passed on as the address that it is`, async () => {
    await using sites = await startWithHop();
    const alice = await sites.server.smtp("alice");
    const message = { from: "alice@abc.com", to: [recipient], content: letter("Hello") };
    assert.match((await sendMessage(alice, message)).at(-1)!, /^250 /);
    await sites.world.clock.pass(0);
    const said = sites.hop.connections.flat().filter((line) => line.startsWith("RCPT"));
    assert.deepEqual([...new Set(said)], [`RCPT TO:<${recipient}>`]);
    alice.close();
  });
}

/** Other ways to write the mailboxes of alice@abc.com and bob@bücher.example. */
const LOCAL: readonly (readonly [path: string, account: string])[] = [
  ["alice@ABC.Com", "alice@abc.com"],
  ["alice@ａｂｃ.com", "alice@abc.com"], // full width: IDNA takes it for the same
  ["bob@xn--bcher-kva.example", "bob@xn--bcher-kva.example"],
  ["bob@BÜCHER.example", "bob@xn--bcher-kva.example"],
  ["bob@XN--BCHER-KVA.EXAMPLE", "bob@xn--bcher-kva.example"],
  // RFC 1123 §5.2.17: our own address, which the stranger has connected to.
  ["alice@[127.0.0.1]", "alice@abc.com"],
  ["alice+tag@[127.0.0.1]", "alice@abc.com"],
  ["Postmaster@[127.0.0.1]", "alice@abc.com"],
  // RFC 5321 Appendix C: the route is not looked at.
  ["@xyz.com:alice@abc.com", "alice@abc.com"],
  ["@xyz.com,@[127.0.0.1]:alice@[127.0.0.1]", "alice@abc.com"],
];

/** What only looks as if it were one of them. */
const NOT_LOCAL: readonly (readonly [path: string, reply: RegExp])[] = [
  ["alice%xyz.com@abc.com", /^550 5\.1\.1 /],
  ["alice%abc.com@xyz.com", /^550 5\.7\.1 /],
  ["alice%xyz.com@[127.0.0.1]", /^550 5\.1\.1 /],
  ["xyz.com!alice@abc.com", /^550 5\.1\.1 /],
  ["abc.com!xyz.com!alice@[127.0.0.1]", /^550 5\.1\.1 /],
  ['"alice@xyz.com"@abc.com', /^550 5\.1\.1 /],
  ['"alice@abc.com"@xyz.com', /^550 5\.7\.1 /],
  ['"alice "@abc.com', /^550 5\.1\.1 /],
  ["@abc.com:alice@xyz.com", /^550 5\.7\.1 /],
  ["@[127.0.0.1]:alice@xyz.com", /^550 5\.7\.1 /],
  ["alice@mail.abc.com", /^550 5\.7\.1 /],
  ["alice@xabc.com", /^550 5\.7\.1 /],
  ["alice@abc.com.xyz.com", /^550 5\.7\.1 /],
  ["alice@com", /^550 5\.7\.1 /],
  // RFC 5321 §4.1.2: a domain in a command does not end with a dot.
  ["alice@abc.com.", /^501 5\.1\.3 /],
  ["alice@abc..com", /^501 5\.1\.3 /],
  ["alice@abc。com", /^501 5\.1\.3 /], // IDNA 2003 took it for a dot
  ["alice@аbc.com", /^550 5\.7\.1 /], // its first letter is Cyrillic
  ["bob@xn--bcher-kvb.example", /^550 5\.7\.1 /],
  ["alice@[127.0.0.2]", /^550 5\.7\.1 /],
  ["alice@[0.0.0.0]", /^550 5\.7\.1 /],
  ["alice@[IPv6:::1]", /^550 5\.7\.1 /],
  ["alice@[IPv6:::ffff:127.0.0.1]", /^550 5\.7\.1 /],
  ["alice@[127.1]", /^501 5\.1\.3 /],
  ["alice@[2130706433]", /^501 5\.1\.3 /],
  ["alice@[abc.com]", /^501 5\.1\.3 /],
  ["alice@127.0.0.1", /^550 5\.7\.1 /],
  ["alice@2130706433", /^550 5\.7\.1 /],
  ["alice@localhost", /^550 5\.7\.1 /],
];

async function startWithDefaultRoute() {
  const world = fakeWorld();
  const hop = startNextHop(world);
  const server = await startTestServer({
    world,
    domains: ["abc.com", "bücher.example"],
    users: ["alice", "bob@bücher.example"],
    routes: { "*": hop.endpoint },
  });
  return { hop, server };
}

/** A talker sends each character as a byte. */
const bytes = (text: string) => decodeLatin1(encode(text));

for (const [path, account] of LOCAL) {
  Deno.test(`mail from a stranger to <${path}> stays here`, async () => {
    const { hop, server } = await startWithDefaultRoute();
    await using _ = server;
    const stranger = await server.smtp();
    await stranger.say("MAIL FROM:<carol@other.test> SMTPUTF8");
    assert.match(await stranger.say(bytes(`RCPT TO:<${path}>`)), /^250 2\.1\.5 /);
    await stranger.say("DATA");
    await stranger.send(`${letter("Hello")}.\r\n`);
    assert.match(await stranger.hear(), /^250 /);
    stranger.close();
    assert.equal((await server.mailbox(account)).length, 1);
    assert.deepEqual(hop.connections, []);
    hop.stop();
  });
}

for (const [path, reply] of NOT_LOCAL) {
  Deno.test(`mail from a stranger to <${path}> is refused`, async () => {
    const { hop, server } = await startWithDefaultRoute();
    await using _ = server;
    const stranger = await server.smtp();
    await stranger.say("MAIL FROM:<alice@abc.com> SMTPUTF8");
    assert.match(await stranger.say(bytes(`RCPT TO:<${path}>`)), reply);
    assert.match(await stranger.say("DATA"), /^554 /);
    stranger.close();
    assert.deepEqual(hop.connections, []);
    hop.stop();
  });
}

Deno.test("a user's mail to our own address literal stays here, too", async () => {
  const { hop, server } = await startWithDefaultRoute();
  await using _ = server;
  const alice = await server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com>");
  assert.match(await alice.say("RCPT TO:<nobody@[127.0.0.1]>"), /^550 5\.1\.1 /);
  assert.match(await alice.say("RCPT TO:<xyz.com!bob@[127.0.0.1]>"), /^550 5\.1\.1 /);
  assert.match(await alice.say("RCPT TO:<alice@[127.0.0.1]>"), /^250 2\.1\.5 Recipient taken$/);
  // One mailbox, however it is named, gets one copy.
  assert.match(await alice.say("RCPT TO:<alice@abc.com>"), /^250 /);
  await alice.say("DATA");
  await alice.send(`${letter("Hello")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  alice.close();
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
  assert.deepEqual(hop.connections, []);
  hop.stop();
});
