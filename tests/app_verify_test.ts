/** Asking the next hop while the client waits: the rules at the end of the design's section 7. */
import assert from "$assert";
import { letter, sendMessage, startWithHop, type TestServer } from "./app_support.ts";
import type { NextHopOptions } from "./next_hop.ts";

async function queued(server: TestServer): Promise<readonly string[]> {
  return (await server.store.queue.list({ max: 100 })).map(({ recipient }) => recipient.local);
}

Deno.test("recipients that were pipelined are asked about in one question", async () => {
  await using sites = await startWithHop((line) =>
    line.includes("<no") ? "550 5.1.1 Nobody of that name" : undefined
  );
  const alice = await sites.server.smtp("alice");
  await alice.send(
    "MAIL FROM:<alice@abc.com> SIZE=1234\r\n" +
      ["bob", "nobody", "carol", "noone"].map((name) => `RCPT TO:<${name}@xyz.com>\r\n`).join(""),
  );
  const replies = [];
  for (let n = 0; n < 5; n++) replies.push(await alice.hear());
  assert.deepEqual(replies, [
    "250 2.1.0 Sender taken",
    "250 2.1.5 Will be sent on",
    "550 5.1.1 Nobody of that name",
    "250 2.1.5 Will be sent on",
    "550 5.1.1 Nobody of that name",
  ]);
  assert.deepEqual(sites.hop.connections, [[
    "EHLO abc.com",
    "MAIL FROM:<alice@abc.com> SIZE=1234",
    "RCPT TO:<bob@xyz.com>",
    "RCPT TO:<nobody@xyz.com>",
    "RCPT TO:<carol@xyz.com>",
    "RCPT TO:<noone@xyz.com>",
    "RSET",
  ]]);
  alice.close();
});

Deno.test("domains that share a next hop share the question", async () => {
  await using sites = await startWithHop();
  const alice = await sites.server.smtp("alice");
  await alice.send(
    "MAIL FROM:<alice@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\nRCPT TO:<dave@other.test>\r\n",
  );
  for (let n = 0; n < 3; n++) assert.match(await alice.hear(), /^250 /);
  assert.deepEqual(
    sites.hop.connections.map((lines) => lines.filter((line) => line.startsWith("MAIL")).length),
    [1],
  );
  alice.close();
});

Deno.test("the connection of the question carries the delivery too", async () => {
  await using sites = await startWithHop();
  const alice = await sites.server.smtp("alice");
  const message = { from: "alice@abc.com", to: ["bob@xyz.com"], content: letter("One way") };
  assert.match((await sendMessage(alice, message)).at(-1)!, /^250 /);
  await sites.world.clock.pass(0);
  assert.equal(sites.hop.messages.length, 1);
  assert.match(sites.hop.messages[0]!.content, /^Received: [^]*\r\nHello Bob!\r\n$/);
  assert.deepEqual(
    sites.hop.connections.map((lines) => lines.map((line) => line.split(/[ :]/)[0])),
    [["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "."]],
  );
  assert.deepEqual(await queued(sites.server), []);
  alice.close();
});

/** What the next hop does to the question, and nevertheless the recipient is taken and queued. */
const TAKEN_ALL_THE_SAME: readonly (readonly [string, NextHopOptions["answer"]])[] = [
  ["a 4xx to RCPT", (line) => line.startsWith("RCPT") ? "450 4.2.0 Greylisted" : undefined],
  ["a 4xx to MAIL", (line) => line.startsWith("MAIL") ? "451 4.3.0 Not now" : undefined],
  ["a 5xx to MAIL", (line) => line.startsWith("MAIL") ? "550 5.7.1 Not you" : undefined],
  ["a 5xx to EHLO and HELO", (line) => /^(EHLO|HELO)/.test(line) ? "550 No" : undefined],
  ["a 5xx as a greeting", (line) => line === "connect" ? "554 No service" : undefined],
  ["a 421 as a greeting", (line) => line === "connect" ? "421 Too busy" : undefined],
  ["a connection that ends at once", (line) => line === "connect" ? "close" : undefined],
  ["a connection that ends at RCPT", (line) => line.startsWith("RCPT") ? "close" : undefined],
  ["something that is not SMTP", (line) => line === "connect" ? "SSH-2.0-OpenSSH" : undefined],
];

for (const [name, answer] of TAKEN_ALL_THE_SAME) {
  Deno.test(`${name} while verifying does not refuse: the message is queued`, async () => {
    await using sites = await startWithHop(answer);
    const alice = await sites.server.smtp("alice");
    const message = { from: "alice@abc.com", to: ["bob@xyz.com"], content: letter("Queued") };
    const replies = sendMessage(alice, message);
    await sites.world.clock.pass(4_000); // a connection that is refused lingers
    assert.deepEqual((await replies).map((each) => each.slice(0, 3)), ["250", "250", "354", "250"]);
    alice.close();
  });
}

Deno.test("a hop where nothing listens does not refuse either", async () => {
  await using sites = await startWithHop();
  sites.hop.stop();
  const alice = await sites.server.smtp("alice");
  const message = { from: "alice@abc.com", to: ["bob@xyz.com"], content: letter("Queued") };
  assert.match((await sendMessage(alice, message)).at(-1)!, /^250 /);
  await sites.world.clock.pass(0);
  assert.deepEqual(await queued(sites.server), ["bob"]);
  alice.close();
});

for (const silentAt of ["connecting", "connect", "EHLO", "RCPT"]) {
  Deno.test(`a hop that is silent at ${silentAt} is waited for 20 s in all`, async () => {
    await using sites = await startWithHop((line) =>
      line.startsWith(silentAt) ? "silence" : undefined
    );
    if (silentAt === "connecting") sites.world.net.silence(sites.hop.endpoint.port);
    const alice = await sites.server.smtp("alice");
    await alice.say("MAIL FROM:<alice@abc.com>");
    const answered: string[] = [];
    const first = alice.say("RCPT TO:<bob@xyz.com>").then((reply) => answered.push(reply));
    await sites.world.clock.pass(19_900);
    assert.deepEqual(answered, []);
    await sites.world.clock.pass(200);
    assert.deepEqual(answered, ["250 2.1.5 Will be sent on"]);
    await first;
    // The time of this transaction is used up: the next recipient is not asked about at all.
    assert.equal(await alice.say("RCPT TO:<carol@xyz.com>"), "250 2.1.5 Will be sent on");
    alice.close();
  });
}

Deno.test("only what one recipient was refused for is said to that one", async () => {
  await using sites = await startWithHop((line) => {
    if (line.includes("<nobody")) return "553-5.1.3 Two lines\r\n553 5.1.3 of refusal";
    return line.includes("<busy") ? "452 4.2.2 Mailbox full" : undefined;
  });
  const alice = await sites.server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com>");
  assert.equal(
    await alice.say("RCPT TO:<nobody@xyz.com>"),
    "553-5.1.3 Two lines\n553 5.1.3 of refusal",
  );
  assert.match(await alice.say("RCPT TO:<busy@xyz.com>"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@xyz.com>"), /^250 /);
  await alice.say("DATA");
  await alice.send(`${letter("To two")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  await sites.world.clock.pass(0);
  assert.deepEqual(await queued(sites.server), ["busy"]);
  assert.deepEqual(sites.hop.messages.map(({ recipients }) => recipients), [["bob@xyz.com"]]);
  alice.close();
});

Deno.test("a kept connection that the hop has left is replaced", async () => {
  let leaves = false;
  await using sites = await startWithHop((line) => leaves && line === "RSET" ? "close" : undefined);
  const alice = await sites.server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com>");
  leaves = true;
  assert.match(await alice.say("RCPT TO:<bob@xyz.com>"), /^250 /);
  leaves = false;
  await alice.say("DATA");
  await alice.send(`${letter("Second way")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  await sites.world.clock.pass(3_000);
  assert.equal(sites.hop.messages.length, 1);
  assert.equal(sites.hop.connections.length, 2);
  assert.deepEqual(sites.server.logged("hop-down"), []);
  alice.close();
});

Deno.test("a kept connection says QUIT when it is not needed any more", async () => {
  await using sites = await startWithHop();
  const alice = await sites.server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com>");
  await alice.say("RCPT TO:<bob@xyz.com>");
  await sites.world.clock.pass(14_000);
  assert.equal(sites.hop.connections[0]!.at(-1), "RSET");
  await sites.world.clock.pass(2_000);
  assert.equal(sites.hop.connections[0]!.at(-1), "QUIT");
  alice.close();
});
