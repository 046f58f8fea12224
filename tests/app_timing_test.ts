/** Held mail, deadlines and priorities (RFC 4865, RFC 2852, RFC 6710), from command to mailbox. */
import assert from "$assert";
import { administer } from "../lib/app/admin.ts";
import { HOLD_SECONDS_MAX } from "../lib/smtp/timing.ts";
import { formatTimestamp } from "../lib/mail/timestamp.ts";
import {
  letter,
  logIn,
  startWithHop,
  type Talker,
  type TestServer,
  type TestServerWithHop,
} from "./app_support.ts";
import type { NextHopOptions } from "./next_hop.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function start(answer?: NextHopOptions["answer"]): Promise<TestServerWithHop> {
  return startWithHop(answer, {
    users: ["alice", "bob"],
    ports: { smtp: 0, submission: 0, pop3: 0 },
    verifyRecipients: "never",
  });
}

/** A hop that announces these, and takes everything. */
function offering(...keywords: readonly string[]): NextHopOptions["answer"] {
  const lines = ["hop.test", ...keywords];
  const ehlo = lines.map((line, at) => `250${at === lines.length - 1 ? " " : "-"}${line}`);
  return (line) => line.startsWith("EHLO") ? ehlo.join("\r\n") : undefined;
}

async function submit(server: TestServer): Promise<Talker> {
  const alice = await server.connect("submission");
  await alice.say("EHLO client.test");
  await logIn(alice, "alice");
  return alice;
}

/** Sends one message over the port for submission; each recipient with its parameters. */
async function send(server: TestServer, mail: string, ...to: readonly string[]): Promise<void> {
  const alice = await submit(server);
  assert.match(await alice.say(`MAIL FROM:<alice@abc.com> ${mail}`), /^250 /);
  for (const each of to) assert.match(await alice.say(`RCPT TO:${each}`), /^250 /);
  await alice.say("DATA");
  await alice.send(`${letter("In time")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  alice.close();
}

Deno.test("FUTURERELEASE is announced for submission, with the latest time", async () => {
  await using sites = await start();
  const { server, world } = sites;
  const alice = await server.connect("submission");
  const latest = formatTimestamp(world.clock.now() + HOLD_SECONDS_MAX * 1000);
  const ehlo = await alice.say("EHLO client.test");
  assert.ok(ehlo.includes(`\n250-FUTURERELEASE ${HOLD_SECONDS_MAX} ${latest}\n`), ehlo);
  const stranger = await server.connect("smtp");
  assert.doesNotMatch(await stranger.say("EHLO client.test"), /FUTURERELEASE/);
  await logIn(stranger, "alice");
  assert.match(await stranger.say("MAIL FROM:<alice@abc.com> HOLDFOR=60"), /^555 5\.5\.4 /);
  alice.close();
  stranger.close();
});

Deno.test("RFC 4865 §4.2: a time that is too late, over, or behind the deadline gets 501", async () => {
  await using sites = await start();
  const { server, world } = sites;
  const alice = await submit(server);
  const now = world.clock.now();
  const table: readonly (readonly [string, RegExp])[] = [
    [`HOLDFOR=${HOLD_SECONDS_MAX + 1}`, /^501 5\.5\.4 /],
    [`HOLDUNTIL=${formatTimestamp(now + HOLD_SECONDS_MAX * 1000 + 1000)}`, /^501 5\.5\.4 /],
    [`HOLDUNTIL=${formatTimestamp(now - 1000)}`, /^501 5\.5\.4 /],
    ["HOLDFOR=121 BY=120;R", /^501 5\.5\.4 /],
    ["HOLDFOR=60 BY=-1;N", /^501 5\.5\.4 /],
    ["HOLDFOR=120 BY=120;R", /^250 /],
    [`HOLDUNTIL=${formatTimestamp(now + HOLD_SECONDS_MAX * 1000)}`, /^250 /],
    [`HOLDFOR=${HOLD_SECONDS_MAX}`, /^250 /],
  ];
  for (const [parameters, answer] of table) {
    assert.match(await alice.say(`MAIL FROM:<alice@abc.com> ${parameters}`), answer, parameters);
    await alice.say("RSET");
  }
  alice.close();
});

Deno.test("a held message is released at its time, here and elsewhere, and not before", async () => {
  await using sites = await start();
  const { server, world, hop } = sites;
  await send(
    server,
    "HOLDFOR=864000 ENVID=Q1",
    "<bob@abc.com> NOTIFY=SUCCESS",
    "<bob+tag@abc.com>",
    "<eve@xyz.com>",
  );
  await world.clock.pass(5 * DAY_MS);
  const admin = { world, store: server.store, domain: "abc.com" };
  assert.equal((await administer(admin, { do: "queue retry" })).ok, true);
  await world.clock.pass(5 * DAY_MS - MINUTE_MS);
  assert.deepEqual([await server.mailbox("bob@abc.com"), hop.messages.length], [[], 0]);
  assert.equal(server.logged("delivered").length, 0);
  await world.clock.pass(MINUTE_MS);
  const [copy, another] = await server.mailbox("bob@abc.com");
  assert.match(copy!, /^Return-Path: <alice@abc\.com>\r\nReceived: [^]*\r\n\r\nHello Bob!\r\n$/);
  assert.equal(another, undefined, "two names of one account get one copy");
  assert.deepEqual(hop.messages.map(({ recipients }) => recipients), [["eve@xyz.com"]]);
  const [report, second] = await server.mailbox("alice@abc.com");
  assert.match(report!, /\r\nArrival-Date: [^\r]+\r\nFuture-Release-Request: for;864000\r\n/);
  assert.match(report!, /bob@abc\.com\r\nAction: delivered\r\nStatus: 2\.0\.0\r\n/);
  assert.equal(second, undefined);
});

Deno.test("whoever is gone when a message is released is reported", async () => {
  await using sites = await start();
  const { server, world } = sites;
  const until = formatTimestamp(world.clock.now() + HOUR_MS);
  await send(server, `HOLDUNTIL=${until}`, "<bob@abc.com>");
  await server.store.users.remove(server.store.users.find("bob@abc.com")!.id);
  await world.clock.pass(HOUR_MS + 1000);
  const [report] = await server.mailbox("alice@abc.com");
  assert.ok(report!.includes(`\r\nFuture-Release-Request: until;${until}\r\n`), report);
  assert.match(report!, /bob@abc\.com\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/);
  assert.deepEqual(await server.store.queue.list({ max: 9 }), []);
});

Deno.test("a held message has its five days from its release on", async () => {
  await using sites = await start((line) =>
    line.startsWith("RCPT") ? "450 4.2.0 Later" : undefined
  );
  const { server, world } = sites;
  await send(server, "HOLDFOR=864000", "<eve@xyz.com>");
  await world.clock.pass(14 * DAY_MS);
  const [delayed, nothing] = await server.mailbox("alice@abc.com");
  assert.match(delayed!, /\r\nDate: Mon, 25 Jan 2027 12:00:00 [^]*\r\nAction: delayed\r\n/);
  assert.match(delayed!, /\r\nWill-Retry-Until: Sat, 30 Jan 2027 08:00:00 \+0000\r\n/);
  assert.equal(nothing, undefined);
  await world.clock.pass(DAY_MS + 2 * HOUR_MS);
  assert.match((await server.mailbox("alice@abc.com"))[1]!, /\r\nStatus: 5\.4\.7\r\n/);
});

Deno.test("RFC 2852 §4.1.4: the next server is told how much time is left", async () => {
  await using sites = await start(offering("DELIVERBY"));
  const { server, world, hop } = sites;
  world.net.silence(hop.endpoint.port);
  await send(server, "BY=600;R", "<eve@xyz.com>");
  await world.clock.pass(MINUTE_MS);
  world.net.restore(hop.endpoint.port);
  await world.clock.pass(2 * MINUTE_MS);
  const mail = hop.connections[0]!.find((line) => line.startsWith("MAIL"))!;
  const left = Number(/ BY=(\d+);R$/.exec(mail)![1]);
  assert.ok(left >= 420 && left <= 540, mail);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
});

Deno.test("RFC 2852 §4.1.3: with mode R it comes back at the deadline, and is not tried on", async () => {
  await using sites = await start();
  const { server, world, hop } = sites;
  world.net.silence(hop.endpoint.port);
  const deadline = world.clock.now() + 20 * MINUTE_MS;
  await send(server, "BY=1200;R", "<eve@xyz.com>", "<never@xyz.com> NOTIFY=NEVER");
  await world.clock.pass(20 * MINUTE_MS - 1000);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
  await world.clock.pass(31_000); // an attempt that was begun before may come to its end
  const [report, another] = await server.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  assert.match(report!, /\r\nArrival-Date: [^\r]+\r\nDeliver-By-Date: [^\r]+\r\n/);
  const said = /\r\nDeliver-By-Date: ([^\r]+)\r\n/.exec(report!)![1]!;
  assert.equal(Date.parse(said), deadline - deadline % 1000);
  assert.match(report!, /eve@xyz\.com\r\nAction: failed\r\nStatus: 5\.4\.7\r\n/);
  assert.doesNotMatch(report!, /never@xyz/);
  assert.deepEqual(await server.store.queue.list({ max: 9 }), []);
  world.net.restore(hop.endpoint.port);
  await world.clock.pass(DAY_MS);
  assert.equal(hop.messages.length, 0);
});

Deno.test("RFC 2852 §4.1.4.1: with mode R nothing goes to a server without DELIVERBY", async () => {
  await using sites = await start();
  await send(sites.server, "BY=1200;R", "<eve@xyz.com>");
  await sites.world.clock.pass(0);
  assert.equal(sites.hop.messages.length, 0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.match(report!, /eve@xyz\.com\r\nAction: failed\r\nStatus: 5\.3\.3\r\n/);
});

Deno.test("who is asked about recipients says at RCPT that the deadline cannot be kept", async () => {
  await using sites = await startWithHop(offering("DELIVERBY 3600"));
  const alice = await sites.server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com> BY=1200;R");
  assert.match(await alice.say("RCPT TO:<eve@xyz.com>"), /^550 5\.3\.3 /);
  alice.close();
});

Deno.test("RFC 2852 §4.1.3: with mode N the sender hears of the delay once, and it goes on", async () => {
  await using sites = await start(offering("DELIVERBY", "DSN"));
  const { server, world, hop } = sites;
  world.net.silence(hop.endpoint.port);
  await send(
    server,
    "BY=1200;N",
    "<eve@xyz.com>",
    "<delay@xyz.com> NOTIFY=DELAY",
    "<failure@xyz.com> NOTIFY=FAILURE",
    "<never@xyz.com> NOTIFY=NEVER",
  );
  await world.clock.pass(20 * MINUTE_MS - 1000);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
  await world.clock.pass(31_000);
  const [report] = await server.mailbox("alice@abc.com");
  assert.match(report!, /\r\nSubject: Your message is delayed\r\n/);
  assert.match(report!, /eve@xyz\.com\r\nAction: delayed\r\nStatus: 4\.4\.7\r\n/);
  assert.match(report!, /delay@xyz\.com\r\nAction: delayed\r\nStatus: 4\.4\.7\r\n/);
  assert.doesNotMatch(report!, /failure@xyz|never@xyz/);
  assert.equal((await server.store.queue.list({ max: 9 })).length, 4);
  world.net.restore(hop.endpoint.port);
  await world.clock.pass(2 * HOUR_MS);
  assert.equal(hop.messages.length, 1);
  assert.match(hop.connections.flat().find((line) => line.startsWith("MAIL"))!, / BY=-\d+;N$/);
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
});

const RELAYED: readonly (readonly [string, string, readonly string[]])[] = [
  ["a trace is asked for", "BY=1200;NT", ["DELIVERBY", "DSN"]],
  ["the next server does not know the deadline", "BY=1200;N", ["DSN"]],
];

for (const [what, mail, keywords] of RELAYED) {
  Deno.test(`RFC 2852 §4.1.4: where ${what}, the sender hears where it went`, async () => {
    await using sites = await start(offering(...keywords));
    await send(sites.server, mail, "<eve@xyz.com>", "<never@xyz.com> NOTIFY=NEVER");
    await sites.world.clock.pass(0);
    const [report, another] = await sites.server.mailbox("alice@abc.com");
    assert.equal(another, undefined);
    assert.match(report!, /eve@xyz\.com\r\nAction: relayed\r\n/);
    assert.doesNotMatch(report!, /never@xyz/);
  });
}

Deno.test("a deadline that is passed on with DELIVERBY makes no report here", async () => {
  await using sites = await start(offering("DELIVERBY", "DSN"));
  await send(sites.server, "BY=1200;N", "<eve@xyz.com>");
  await sites.world.clock.pass(HOUR_MS);
  assert.equal(sites.hop.messages.length, 1);
  assert.deepEqual(await sites.server.mailbox("alice@abc.com"), []);
});

Deno.test("RFC 6710 §4.1: strangers lower a priority, and users raise it as well", async () => {
  await using sites = await start();
  const stranger = await sites.server.smtp();
  assert.match(
    await stranger.say("MAIL FROM:<eve@xyz.com> MT-PRIORITY=5"),
    /^250 2\.3\.6 0 is the new priority\b/,
  );
  await stranger.say("RCPT TO:<bob@abc.com>");
  await stranger.say("DATA");
  await stranger.send(`${letter("Urgent")}.\r\n`);
  assert.match(await stranger.hear(), /^250 /);
  assert.match(await stranger.say("MAIL FROM:<eve@xyz.com> MT-PRIORITY=-5"), /^250 2\.1\.0 /);
  stranger.close();
  const [copy] = await sites.server.mailbox("bob@abc.com");
  assert.match(copy!, /Received: [^;]* PRIORITY 0;/);
  assert.deepEqual(sites.server.logged("delivered").map(({ priority }) => priority), [0]);
});

Deno.test("RFC 6710 §4.2: a user's priority goes on, with its report too", async () => {
  const offer = offering("MT-PRIORITY MIXER");
  await using sites = await start((line) =>
    line.includes("<no@") ? "550 5.1.1 No such user" : offer!(line)
  );
  await send(sites.server, "MT-PRIORITY=4", "<eve@xyz.com>");
  await sites.world.clock.pass(0);
  assert.match(sites.hop.connections[0]![1]!, /^MAIL FROM:<alice@abc\.com> MT-PRIORITY=4$/);
  assert.match(sites.hop.messages[0]!.content, /^Received: [^;]* PRIORITY 4;/);
  // RFC 6710 §4.6: a report has the priority of its message, once it leaves this server.
  const stranger = await sites.server.smtp();
  await stranger.say("MAIL FROM:<eve@xyz.com> MT-PRIORITY=-4");
  await stranger.say("RCPT TO:<bob@abc.com> NOTIFY=SUCCESS");
  await stranger.say("DATA");
  await stranger.send(`${letter("Ad")}.\r\n`);
  assert.match(await stranger.hear(), /^250 /);
  stranger.close();
  await sites.world.clock.pass(0);
  const last = sites.hop.connections.flat().filter((line) => line.startsWith("MAIL")).at(-1);
  assert.equal(last, "MAIL FROM:<> MT-PRIORITY=-4");
});

Deno.test("RFC 6710 §5.1: what waits for one hop goes by its priority", async () => {
  await using sites = await start();
  const { server, world, hop } = sites;
  world.net.silence(hop.endpoint.port);
  for (const priority of [0, -2, 9, 3]) {
    await send(server, `MT-PRIORITY=${priority}`, `<p${priority}@xyz.com>`);
  }
  await world.clock.pass(5 * MINUTE_MS);
  world.net.restore(hop.endpoint.port);
  await world.clock.pass(HOUR_MS);
  const order = hop.messages.map(({ recipients }) => recipients[0]);
  assert.deepEqual(order, ["p9@xyz.com", "p3@xyz.com", "p0@xyz.com", "p-2@xyz.com"]);
});
