/** Who may send what to whom: promise 4 of the design, no open relay. */
import assert from "$assert";
import { letter, logIn, sendMessage, startTestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { startNextHop } from "./next_hop.ts";

/** What strangers have tried in the last forty years; nothing of it is a mailbox here. */
const RELAY_ATTEMPTS: readonly (readonly [name: string, path: string])[] = [
  ["plainly", "bob@xyz.com"],
  ["with the percent hack", "bob%xyz.com@abc.com"],
  ["with a quoted percent hack", '"bob%xyz.com"@abc.com'],
  ["with a quoted address", '"bob@xyz.com"@abc.com'],
  ["with a bang path", "xyz.com!bob@abc.com"],
  ["with a bang path and no domain of ours", "abc.com!bob@xyz.com"],
  ["with a source route through us", "@abc.com:bob@xyz.com"],
  ["with a source route of several hosts", "@abc.com,@other.test:bob@xyz.com"],
  ["with a percent hack behind a source route", "@abc.com:bob%xyz.com@abc.com"],
  ["with an address literal", "bob@[127.0.0.1]"],
  ["with two at signs", "bob@xyz.com@abc.com"],
  ["with a subdomain of ours", "bob@mail.abc.com"],
  ["with a blank in quotes", '"bob xyz.com"@abc.com'],
  ["without a domain", "bob"],
];

for (const [name, path] of RELAY_ATTEMPTS) {
  Deno.test(`a stranger cannot relay ${name}`, async () => {
    const world = fakeWorld();
    const hop = startNextHop(world);
    await using server = await startTestServer({
      world,
      users: ["alice"],
      routes: { "*": hop.endpoint },
    });
    const stranger = await server.smtp();
    assert.match(await stranger.say("MAIL FROM:<mallory@evil.test>"), /^250 /);
    assert.match(await stranger.say(`RCPT TO:<${path}>`), /^(550 5\.(1\.1|7\.1)|501 5\.1\.3) /);
    // Nor does a sender of ours make a stranger one of us.
    await stranger.say("RSET");
    assert.match(await stranger.say("MAIL FROM:<alice@abc.com>"), /^250 /);
    assert.match(await stranger.say(`RCPT TO:<${path}>`), /^(550 5\.(1\.1|7\.1)|501 5\.1\.3) /);
    assert.match(await stranger.say("DATA"), /^554 /);
    stranger.close();
    hop.stop();
    assert.deepEqual(hop.connections, []);
  });
}

Deno.test("a stranger whose login failed is still a stranger", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({
    world,
    users: ["alice"],
    routes: { "xyz.com": { host: "127.0.0.1", port: 1 } },
  });
  const mallory = await server.smtp();
  const refused = logIn(mallory, "alice", "guess");
  await world.clock.pass(5_000); // guessing is slow
  assert.match(await refused, /^535 /);
  const [, rcpt] = await sendMessage(mallory, {
    from: "alice@abc.com",
    to: ["bob@xyz.com"],
    content: letter("Not from Alice"),
  });
  assert.match(rcpt!, /^550 5\.7\.1 /);
  assert.deepEqual(server.logged("login-refused").map(({ user }) => user), ["alice"]);
  mallory.close();
});

/** For somebody who is logged in as alice@abc.com. */
const SENDERS: readonly (readonly [sender: string, reply: RegExp])[] = [
  ["alice@abc.com", /^250 /],
  ["Alice@ABC.com", /^250 /],
  ["alice+news@abc.com", /^250 /],
  ["alice@second.test", /^550 5\.7\.1 /],
  ["", /^250 /],
  ["postmaster@abc.com", /^250 /], // she is the first account
  ["bob@abc.com", /^550 5\.7\.1 /],
  ["bob+alice@abc.com", /^550 5\.7\.1 /],
  ["alice@xyz.com", /^550 5\.7\.1 /],
  ["nobody@abc.com", /^550 5\.7\.1 /],
];

for (const [sender, reply] of SENDERS) {
  Deno.test(`a user who sends as <${sender}> is answered ${reply.source}`, async () => {
    const world = fakeWorld();
    await using server = await startTestServer({
      world,
      domains: ["abc.com", "second.test"],
      users: ["alice", "bob"],
    });
    const alice = await server.smtp("alice");
    assert.match(await alice.say(`MAIL FROM:<${sender}>`), reply);
    alice.close();
  });
}

/** In the mailboxes of alice@abc.com (the first account) and bob@second.test. */
const LOCAL: readonly (readonly [recipient: string, account: string])[] = [
  ["alice@abc.com", "alice@abc.com"],
  ["ALICE@abc.COM", "alice@abc.com"],
  ["alice+shop@abc.com", "alice@abc.com"],
  ["alice+shop+more@abc.com", "alice@abc.com"],
  ['"alice"@abc.com', "alice@abc.com"],
  ["Postmaster", "alice@abc.com"],
  ["postmaster@abc.com", "alice@abc.com"],
  ["PostMaster@second.test", "alice@abc.com"],
  ["abuse@second.test", "alice@abc.com"],
  ["bob@second.test", "bob@second.test"],
];

for (const [recipient, account] of LOCAL) {
  Deno.test(`mail from a stranger to <${recipient}> reaches ${account}`, async () => {
    const world = fakeWorld();
    await using server = await startTestServer({
      world,
      domains: ["abc.com", "second.test"],
      users: ["alice", "bob@second.test"],
    });
    const stranger = await server.smtp();
    const message = { from: "carol@other.test", to: [recipient], content: letter("Hello") };
    const replies = await sendMessage(stranger, message);
    assert.match(replies.at(-1)!, /^250 /);
    assert.equal((await server.mailbox(account)).length, 1);
    stranger.close();
  });
}

Deno.test("a user reaches everybody, and a domain without a route is refused at once", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world);
  await using server = await startTestServer({
    world,
    users: ["alice"],
    routes: { "xyz.com": hop.endpoint },
    verifyRecipients: "never",
  });
  const alice = await server.smtp("alice");
  assert.match(await alice.say("MAIL FROM:<alice@abc.com>"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@xyz.com>"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@nowhere.test>"), /^550 5\.1\.2 /);
  alice.close();
  assert.deepEqual(hop.connections, [], "nobody was asked");
  hop.stop();
});

Deno.test("the submission port takes nothing before a login", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({
    world,
    users: ["alice"],
    ports: { smtp: null, submission: 0 },
  });
  const client = await server.connect("submission");
  await client.say("EHLO client.test");
  assert.match(await client.say("MAIL FROM:<alice@abc.com>"), /^530 5\.7\.0 /);
  assert.match(await logIn(client, "alice@abc.com"), /^235 /);
  assert.match(await client.say("MAIL FROM:<alice@abc.com>"), /^250 /);
  client.close();
});

/** What alice may send as when the operator has said so. */
const ALLOWED: readonly (readonly [allowed: string, sender: string, reply: RegExp])[] = [
  ["sales@abc.com", "sales@abc.com", /^250 /],
  ["sales@abc.com", "Sales@abc.com", /^550 5\.7\.1 /], // whose case it is, only its host knows
  ["sales@abc.com", "bob@abc.com", /^550 5\.7\.1 /],
  ["@Shop.test", "anybody@shop.test", /^250 /],
  ["@shop.test", "anybody@mail.shop.test", /^550 5\.7\.1 /],
  ["*", "anybody@anywhere.test", /^250 /],
  ["*", "anybody@[192.0.2.1]", /^250 /],
  ["*", "anybody@host", /^554 5\.1\.8 /], // RFC 6409 §4.2
];

for (const [allowed, sender, reply] of ALLOWED) {
  Deno.test(`a user who may send as ${allowed} sends as <${sender}>: ${reply.source}`, async () => {
    const world = fakeWorld();
    await using server = await startTestServer({
      world,
      users: ["alice", "bob"],
      allowedSenders: [{ user: "alice", sender: allowed }],
    });
    const alice = await server.smtp("alice");
    assert.match(await alice.say(`MAIL FROM:<${sender}>`), reply);
    const bob = await server.smtp("bob");
    const own = sender.startsWith("bob@");
    assert.match(await bob.say(`MAIL FROM:<${sender}>`), own ? /^250 / : /^550 5\.7\.1 /);
    alice.close();
    bob.close();
  });
}

Deno.test("a user's message to somebody without a whole domain is refused", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world);
  await using server = await startTestServer({
    world,
    users: ["alice"],
    routes: { "*": hop.endpoint, "intranet": hop.endpoint },
  });
  const alice = await server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com>");
  assert.match(await alice.say("RCPT TO:<bob>"), /^501 5\.1\.3 /);
  assert.match(await alice.say("RCPT TO:<bob@host>"), /^554 5\.1\.2 /);
  assert.match(await alice.say("RCPT TO:<bob@intranet>"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@[192.0.2.1]>"), /^250 /);
  alice.close();
  hop.stop();
});

Deno.test("a user who writes in another name is named as Sender, and a stranger is not", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const content = "From: boss@xyz.com\r\nSender: boss@xyz.com\r\n\r\nHi\r\n";
  for (const user of ["alice", undefined]) {
    const talker = await server.smtp(user);
    const from = user === undefined ? "carol@other.test" : "alice@abc.com";
    await sendMessage(talker, { from, to: ["alice@abc.com"], content });
    talker.close();
  }
  const [submitted, received] = await server.mailbox("alice@abc.com");
  assert.match(submitted!, /\r\nSender: alice@abc\.com\r\nFrom: boss@xyz\.com\r\n\r\n/);
  assert.ok(received!.endsWith(content));
});
