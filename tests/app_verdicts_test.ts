/** The answers of next hops about recipients are remembered, and mended by deliveries. */
import assert from "$assert";
import { REFUSED_MS, TAKEN_MS, UNKNOWN_MS } from "../lib/policy/verdicts.ts";
import {
  letter,
  sendMessage,
  startWithHop,
  type Talker,
  type TestServerWithHop,
} from "./app_support.ts";
import type { NextHopOptions } from "./next_hop.ts";

/** Says RCPT in a transaction of its own; `passMs` of time pass while the answer is waited for. */
async function ask(sites: TestServerWithHop, to: string, from = "alice@abc.com", passMs = 0) {
  const alice = await sites.server.smtp("alice");
  await alice.say(`MAIL FROM:<${from}>`);
  const answer = alice.say(`RCPT TO:<${to}>`);
  await sites.world.clock.pass(passMs);
  const said = await answer;
  alice.close();
  return said;
}

/** How often the hop was asked about somebody. */
function asked({ hop }: TestServerWithHop, to: string): number {
  return hop.connections.flat().filter((line) => line.startsWith(`RCPT TO:<${to}>`)).length;
}

/** What the hop answers in the test; changed by the test. */
function changeable(): { said: string | undefined; answer: NextHopOptions["answer"] } {
  const hop: ReturnType<typeof changeable> = {
    said: undefined,
    answer: (line) => line.startsWith("RCPT") ? hop.said : undefined,
  };
  return hop;
}

Deno.test("a recipient that was taken is not asked about again for an hour", async () => {
  await using sites = await startWithHop();
  for (let n = 0; n < 3; n++) assert.match(await ask(sites, "bob@xyz.com"), /^250 /);
  assert.equal(asked(sites, "bob@xyz.com"), 1);
  await sites.world.clock.pass(TAKEN_MS);
  assert.match(await ask(sites, "bob@xyz.com"), /^250 /);
  assert.equal(asked(sites, "bob@xyz.com"), 2);
});

Deno.test("a recipient that is not there is refused for five minutes in the hop's own words", async () => {
  const hop = changeable();
  await using sites = await startWithHop(hop.answer);
  hop.said = "550 5.1.1 Nobody of that name";
  for (let n = 0; n < 3; n++) {
    assert.equal(await ask(sites, "new@xyz.com"), "550 5.1.1 Nobody of that name");
  }
  assert.equal(asked(sites, "new@xyz.com"), 1);
  hop.said = undefined;
  await sites.world.clock.pass(REFUSED_MS);
  assert.match(await ask(sites, "new@xyz.com"), /^250 /, "somebody has made the mailbox");
});

Deno.test("what a hop has against a sender is said to that sender alone", async () => {
  const hop = changeable();
  await using sites = await startWithHop(hop.answer);
  for (const refusal of ["550 5.7.1 Not from you", "550 Go away"]) {
    hop.said = refusal;
    assert.equal(await ask(sites, "bob@xyz.com"), refusal);
  }
  hop.said = undefined;
  assert.match(await ask(sites, "bob@xyz.com", "alice+list@abc.com"), /^250 /);
});

Deno.test("what is known for a sender is not known for reports", async () => {
  await using sites = await startWithHop();
  await ask(sites, "bob@xyz.com");
  await ask(sites, "bob@xyz.com", "");
  assert.equal(asked(sites, "bob@xyz.com"), 2);
});

Deno.test("a hop that takes a recipient is asked again where a message wants more", async () => {
  await using sites = await startWithHop();
  assert.match(await ask(sites, "bob@xyz.com"), /^250 /);
  const alice = await sites.server.smtp("alice");
  assert.match(await alice.say("MAIL FROM:<alice@abc.com> BY=3600;R"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@xyz.com>"), /^550 5\.3\.3 /);
  alice.close();
});

Deno.test("a hop that greylists is asked again after a minute, and its mail is queued", async () => {
  const hop = changeable();
  await using sites = await startWithHop(hop.answer);
  hop.said = "450 4.2.0 Greylisted";
  for (let n = 0; n < 3; n++) assert.match(await ask(sites, "bob@xyz.com"), /^250 /);
  assert.equal(asked(sites, "bob@xyz.com"), 1);
  await sites.world.clock.pass(UNKNOWN_MS);
  await ask(sites, "bob@xyz.com");
  assert.equal(asked(sites, "bob@xyz.com"), 2);
});

Deno.test("a hop that is silent holds up one client, and no other for a minute", async () => {
  await using sites = await startWithHop();
  const { net } = sites.world;
  net.silence(sites.hop.endpoint.port);
  assert.match(await ask(sites, "bob@xyz.com", "alice@abc.com", 20_000), /^250 /);
  assert.equal(net.attempts(sites.hop.endpoint.port), 1);
  // No time passes for these: nobody is asked.
  for (const name of ["bob", "carol"]) assert.match(await ask(sites, `${name}@xyz.com`), /^250 /);
  assert.equal(net.attempts(sites.hop.endpoint.port), 1);
  net.restore(sites.hop.endpoint.port);
  await sites.world.clock.pass(UNKNOWN_MS);
  await ask(sites, "bob@xyz.com");
  assert.equal(asked(sites, "bob@xyz.com"), 1);
});

Deno.test("a delivery that is refused at RCPT corrects what was known", async () => {
  const hop = changeable();
  await using sites = await startWithHop(hop.answer);
  const alice = await sites.server.smtp("alice");
  assert.match(await alice.say("MAIL FROM:<alice@abc.com>"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@xyz.com>"), /^250 /);
  hop.said = "550 5.1.1 Bob has left";
  await alice.say("DATA");
  await alice.send(`${letter("Too late")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  alice.close();
  await sites.world.clock.pass(100);
  assert.equal(await ask(sites, "bob@xyz.com"), "550 5.1.1 Bob has left");
  assert.equal(asked(sites, "bob@xyz.com"), 2, "once to ask, once to deliver");
});

Deno.test("a delivery that is taken spares the next question", async () => {
  await using sites = await startWithHop(undefined, { verifyRecipients: "never" });
  const alice = await sites.server.smtp("alice");
  await sendTo(alice, "bob@xyz.com");
  await sites.world.clock.pass(100);
  const { verdicts } = sites.server.server.site;
  const { host, port } = sites.hop.endpoint;
  const about = { hop: `${host}:${port}`, recipient: "bob@xyz.com", nullSender: false };
  const nowMs = sites.world.clock.monotonicMs();
  assert.deepEqual(verdicts.recall(about, nowMs), { kind: "taken" });
  alice.close();
});

Deno.test("LMTP: who is refused behind the message is not there", async () => {
  let dots = 0;
  await using sites = await startWithHop((line) => {
    if (line.startsWith("LHLO")) return "250-hop.test\r\n250 PIPELINING";
    return line === "." && ++dots === 1 ? "550 5.1.1 Gone meanwhile" : undefined;
  }, { verifyRecipients: "never", routes: {} });
  const { site } = sites.server.server;
  const to = { ...sites.hop.endpoint, protocol: "lmtp" } as const;
  const performed = await site.links.perform({ kind: "named", endpoint: to }, {
    do: "send",
    envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" },
    recipients: [{ address: { local: "bob", domain: "xyz.com" } }],
    content: { size: 4, slice: () => new Uint8Array([72, 105, 13, 10]) },
  }, { timeoutMs: 60_000, signal: new AbortController().signal });
  assert.equal(performed.done && performed.attempts[0]!.result, "refused");
  const hop = `${to.host}:${to.port}`;
  const about = { hop, recipient: "bob@xyz.com", nullSender: false };
  const heard = site.verdicts.recall(about, sites.world.clock.monotonicMs());
  assert.equal(heard?.kind, "refused");
});

Deno.test("questions and answers are counted", async () => {
  await using sites = await startWithHop((line) =>
    line.includes("<no") ? "550 5.1.1 No" : line.includes("<busy") ? "450 4.2.0 Later" : undefined
  );
  for (const name of ["bob", "bob", "nobody", "nobody", "nobody", "busy"]) {
    await ask(sites, `${name}@xyz.com`);
  }
  assert.deepEqual(sites.server.server.site.metrics.read(), {
    verifyAsked: 3,
    verifyTaken: 1,
    verifyRefused: 1,
    verifyUnknown: 1,
    verifyRemembered: 3,
  });
});

async function sendTo(talker: Talker, to: string): Promise<void> {
  const message = { from: "alice@abc.com", to: [to], content: letter("Hello") };
  assert.match((await sendMessage(talker, message)).at(-1)!, /^250 /);
}
