/** Aliases and forwarding, from RCPT to the mailbox or the next server. */
import assert from "$assert";
import { COPIES_MAX } from "../lib/app/smtp_backend.ts";
import { EXPANSION_MAX } from "../lib/queue/expand.ts";
import { lead, returnPathsOf, send, sendFromOutside, startSites } from "./alias_support.ts";
import { letter, startTestServer, startWithHop, type TestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

Deno.test("an alias leads to mailboxes and to addresses elsewhere, in one transaction", async () => {
  await using sites = await startSites("bob");
  await lead(sites.server, "sales", ["alice", "bob", "Dora@xyz.com"]);
  await sendFromOutside(sites.server, ["<Sales+spring@abc.com>"]);
  await sites.world.clock.pass(0);
  for (const user of ["alice@abc.com", "bob@abc.com"]) {
    assert.deepEqual(returnPathsOf(await sites.server.mailbox(user)), ["carol@other.test"]);
  }
  // RFC 5321 §3.9.1: nothing but the recipient has changed. Nobody was asked about before.
  assert.equal(sites.hop.connections.length, 1);
  assert.deepEqual(sites.hop.connections[0]!.slice(1, 3), [
    "MAIL FROM:<carol@other.test>",
    "RCPT TO:<Dora@xyz.com> ORCPT=rfc822;Sales+2Bspring@abc.com",
  ]);
  const [line] = sites.server.logged("expanded");
  assert.equal(line!["to"], "Sales+spring@abc.com");
});

Deno.test("two ways to one mailbox give one copy, and the direct one counts", async () => {
  await using sites = await startSites("bob");
  await lead(sites.server, "sales", ["bob", "dora@xyz.com"]);
  await lead(sites.server, "team", ["bob", "dora@xyz.com", "alice"], "boss@abc.com");
  await sendFromOutside(sites.server, ["<team@abc.com>", "<sales@abc.com>", "<bob@abc.com>"]);
  await sites.world.clock.pass(0);
  assert.deepEqual(returnPathsOf(await sites.server.mailbox("bob@abc.com")), ["carol@other.test"]);
  assert.deepEqual(returnPathsOf(await sites.server.mailbox("alice@abc.com")), ["boss@abc.com"]);
  assert.deepEqual(sites.hop.messages.map(({ recipients }) => recipients), [["dora@xyz.com"]]);
});

const FAULTS: readonly (readonly [to: string, reply: RegExp])[] = [
  ["empty@abc.com", /^550 5\.2\.4 Nobody is behind that address any more$/],
  ["loop@abc.com", /^550 5\.2\.4 /],
  ["nobody@abc.com", /^550 5\.1\.1 /],
  ["deep0@abc.com", /^451 4\.2\.4 That address leads too far, try again later$/],
  ["bob%xyz.com@abc.com", /^550 5\.1\.1 /],
  ["dora@xyz.com", /^550 5\.7\.1 Not for strangers/],
];

Deno.test("what leads nowhere, too far, or elsewhere by itself is refused", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
  await lead(server, "empty", ["gone"]);
  await lead(server, "loop", ["round"]);
  await lead(server, "round", ["loop"]);
  for (let at = 0; at <= 10; at++) {
    await lead(server, `deep${at}`, [at < 10 ? `deep${at + 1}` : "alice"]);
  }
  await lead(server, "away", ["dora@xyz.com"]);
  const stranger = await server.smtp();
  await stranger.say("MAIL FROM:<carol@other.test>");
  for (const [to, reply] of FAULTS) assert.match(await stranger.say(`RCPT TO:<${to}>`), reply, to);
  // The operator's word sends strangers' mail elsewhere, to this address and no other.
  assert.match(await stranger.say("RCPT TO:<away@abc.com>"), /^250 /);
  stranger.close();
});

Deno.test("one transaction stands for so many copies, and the client comes again", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
  const members = Array.from({ length: EXPANSION_MAX }, (_, at) => `m${at}@xyz.com`);
  for (let at = 0; at <= 5; at++) await lead(server, `all${at}`, members, "alice");
  const stranger = await server.smtp();
  await stranger.say("MAIL FROM:<carol@other.test>");
  const replies: string[] = [];
  for (let at = 0; at <= 5; at++) replies.push(await stranger.say(`RCPT TO:<all${at}@abc.com>`));
  const taken = Math.floor(COPIES_MAX / (EXPANSION_MAX - 1));
  assert.equal(replies.findIndex((each) => !each.startsWith("250 ")), taken);
  assert.equal(replies[taken], "452 4.5.3 Too many recipients behind these addresses");
  assert.match(await stranger.say("RCPT TO:<alice@abc.com>"), /^250 /);
  stranger.close();
});

Deno.test("who is gone since RCPT leaves nothing half done, and the client comes again", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice", "bob"] });
  await lead(server, "sales", ["bob"]);
  const stranger = await server.smtp();
  await stranger.say("MAIL FROM:<carol@other.test>");
  for (const to of ["alice", "sales"]) await stranger.say(`RCPT TO:<${to}@abc.com>`);
  await server.store.users.remove(server.store.users.find("bob@abc.com")!.id);
  await stranger.say("DATA");
  await stranger.send(`${letter("Too late")}.\r\n`);
  assert.match(await stranger.hear(), /^451 4\.3\.0 /);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
  stranger.close();
});

Deno.test("where some behind an alias are gone, the others get it, and the log says so", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
  await lead(server, "sales", ["alice", "gone"]);
  await sendFromOutside(server, ["<sales@abc.com>"]);
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
  const [line] = server.logged("alias-leads-nowhere");
  assert.deepEqual([line!["to"], line!["missing"]], ["sales@abc.com", "gone@abc.com"]);
});

/** Whether Alice may send as these, who are all of abc.com. */
async function mayAlice(server: TestServer, names: readonly string[]): Promise<readonly boolean[]> {
  const alice = await server.smtp("alice");
  const may: boolean[] = [];
  for (const name of names) {
    const answer = await alice.say(`MAIL FROM:<${name}@abc.com>`);
    assert.match(answer, /^250 |^550 5\.7\.1 That sender is not yours/);
    may.push(answer.startsWith("250 "));
    await alice.say("RSET");
  }
  alice.close();
  return may;
}

Deno.test("a user sends under an alias that is theirs alone, and under no other", async () => {
  await using server = await startTestServer({
    world: fakeWorld(),
    users: ["alice", "bob", "dave"],
  });
  await lead(server, "hers", ["alice"]);
  await lead(server, "bob", ["alice"]);
  await lead(server, "both", ["alice", "dave"]);
  await lead(server, "forwarded", ["alice", "alice@phone.test"]);
  await lead(server, "team", ["alice"], "alice");
  const own = await mayAlice(server, ["hers", "hers+x", "bob"]);
  assert.deepEqual(own, [true, true, true]);
  const others = await mayAlice(server, ["both", "forwarded", "team", "team+x", "carol"]);
  assert.deepEqual(others, [false, false, false, false, false]);
});

Deno.test("a user's own name stays theirs, wherever an alias of that name leads", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice", "bob"] });
  await lead(server, "alice", ["bob", "alice@phone.test"]);
  await lead(server, "alice+shop", ["bob"]);
  assert.deepEqual(await mayAlice(server, ["alice", "alice+x", "alice+shop"]), [true, true, false]);
});

Deno.test("a report reaches a sender whose address is an alias", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT") ? "550 5.1.1 No such user" : undefined,
    { users: ["alice"], verifyRecipients: "never" },
  );
  await lead(sites.server, "hers", ["alice"]);
  const alice = await sites.server.smtp("alice");
  await send(alice, { from: "hers@abc.com", to: ["<bob@xyz.com>"] });
  alice.close();
  await sites.world.clock.pass(0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.match(report!, /^Return-Path: <>\r\n/);
  assert.match(report!, /\r\nTo: <?hers@abc\.com>?\r\n/);
});

Deno.test("aliases of two servers that lead to each other come to an end", async () => {
  const world = fakeWorld();
  const there = { host: "127.0.0.1", port: 2526 };
  await using here = await startTestServer({
    world,
    users: ["alice"],
    ports: { smtp: 2525 },
    routes: { "xyz.com": there },
  });
  await using other = await startTestServer({
    world,
    domains: ["xyz.com"],
    users: ["bob"],
    ports: { smtp: there.port },
    routes: { "abc.com": { host: "127.0.0.1", port: 2525 } },
  });
  await lead(here, "round", ["round@xyz.com"]);
  await lead(other, "round@xyz.com", ["round@abc.com", "bob@xyz.com"]);
  const alice = await here.smtp("alice");
  await send(alice, { to: ["<round@abc.com>"] });
  alice.close();
  await world.clock.pass(60_000);
  const [report, another] = await here.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  assert.match(report!, /Diagnostic-Code: smtp; 554 5\.4\.6 This message goes round in circles/);
  assert.equal((await other.mailbox("bob@xyz.com")).length, 4);
  for (const { store } of [here, other]) assert.deepEqual(await store.queue.list({ max: 9 }), []);
});

Deno.test("LMTP delivers to each behind an alias, and forwards as the operator wants it", async () => {
  await using sites = await startWithHop(undefined, {
    users: ["alice", "bob"],
    ports: { smtp: 0, lmtp: 0 },
  });
  await lead(sites.server, "sales", ["alice", "bob", "dora@xyz.com"]);
  await lead(sites.server, "empty", ["gone"]);
  const talker = await sites.server.connect("lmtp");
  await talker.say("LHLO mx.abc.com");
  await talker.say("MAIL FROM:<carol@other.test>");
  assert.match(await talker.say("RCPT TO:<sales@abc.com>"), /^250 /);
  assert.match(await talker.say("RCPT TO:<empty@abc.com>"), /^550 5\.2\.4 /);
  assert.match(await talker.say("RCPT TO:<bob@abc.com>"), /^250 /);
  await talker.say("DATA");
  await talker.send(`${letter("By LMTP")}.\r\n`);
  for (const _ of ["sales", "bob"]) assert.match(await talker.hear(), /^250 2\.0\.0 /);
  talker.close();
  await sites.world.clock.pass(0);
  for (const user of ["alice@abc.com", "bob@abc.com"]) {
    assert.equal((await sites.server.mailbox(user)).length, 1, user);
  }
  assert.deepEqual(sites.hop.messages.map(({ recipients }) => recipients), [["dora@xyz.com"]]);
});
