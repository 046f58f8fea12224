/** Lists: what they send on, and in whose name (RFC 5321 §3.9.2). */
import assert from "$assert";
import { lead, returnPathsOf, send, sendFromOutside, startSites } from "./alias_support.ts";
import { startTestServer, startWithHop } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";

Deno.test("a list sends on in the name of its owner, and asks for nothing that was asked", async () => {
  await using sites = await startSites("bob");
  await lead(sites.server, "team", ["bob", "dora@xyz.com"], "alice");
  const stranger = await sites.server.smtp();
  await send(stranger, {
    from: "carol@other.test",
    mail: "ENVID=QQ1 RET=FULL MT-PRIORITY=-3",
    to: ["<team@abc.com> NOTIFY=FAILURE ORCPT=rfc822;team@abc.com"],
  });
  stranger.close();
  await sites.world.clock.pass(0);
  assert.deepEqual(returnPathsOf(await sites.server.mailbox("bob@abc.com")), ["alice@abc.com"]);
  assert.deepEqual(sites.hop.connections[0]!.slice(1, 3), [
    "MAIL FROM:<alice@abc.com>",
    "RCPT TO:<dora@xyz.com>",
  ]);
  // RFC 5321 §3.9: the header is left as it was.
  assert.match(sites.hop.messages[0]!.content, /\r\nFrom: alice@abc\.com\r\n/);
  assert.deepEqual(
    sites.server.logged("redistributed").map(({ from, recipients }) => [
      from,
      recipients,
    ]),
    [["alice@abc.com", 2]],
  );
});

Deno.test("what a list cannot deliver comes back to its owner, and not to the sender", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT TO:<dora") ? "550 5.1.1 No such user" : undefined,
    { users: ["alice", "bob"] },
  );
  await lead(sites.server, "team", ["bob", "dora@xyz.com"], "alice");
  await sendFromOutside(sites.server, ["<team@abc.com>"]);
  await sites.world.clock.pass(0);
  const [report, another] = await sites.server.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  assert.match(report!, /Final-Recipient: rfc822; dora@xyz\.com\r\nAction: failed/);
  assert.deepEqual(sites.hop.messages, []);
});

Deno.test("a list keeps the null sender, so that no report about a report goes round", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT TO:<gone") ? "550 5.1.1 No such user" : undefined,
    { users: ["alice"] },
  );
  // The owner is on the list.
  await lead(sites.server, "team", ["alice", "gone@xyz.com"], "team");
  await sendFromOutside(sites.server, ["<team@abc.com>"]);
  await sites.world.clock.pass(24 * 60 * 60_000);
  assert.deepEqual(returnPathsOf(await sites.server.mailbox("alice@abc.com")), [
    "team@abc.com",
    "",
  ]);
  assert.deepEqual(await sites.server.store.queue.list({ max: 10 }), []);
  assert.equal(sites.server.logged("failed").length, 2);
});

Deno.test("EXPN tells users who is on a list, and not where an alias leads", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice"] });
  await lead(server, "team", ["alice", "Dora@xyz.com"], "alice");
  await lead(server, "sales", ["dora@xyz.com"]);
  const alice = await server.smtp("alice");
  for (const name of ["team", "TEAM@abc.com", "<team@abc.com>"]) {
    const members = "250-2.1.5 <alice@abc.com>\n250 2.1.5 <Dora@xyz.com>";
    assert.equal(await alice.say(`EXPN ${name}`), members, name);
  }
  for (const name of ["sales", "alice", "nobody", "@abc.com", "two words"]) {
    assert.match(await alice.say(`EXPN ${name}`), /^550 5\.1\.1 There is no such list here$/);
  }
  alice.close();
  const stranger = await server.smtp();
  assert.match(await stranger.say("EXPN team"), /^502 5\.5\.1 /);
  stranger.close();
});

Deno.test("the history of what goes to a list only tells who wrote, and that of a copy whence", async () => {
  await using server = await startTestServer({ world: fakeWorld(), users: ["alice", "bob"] });
  await lead(server, "team", ["alice"], "boss@abc.com");
  const stranger = await server.smtp();
  const from = "carol@other.test";
  await send(stranger, { from, to: ["<team@abc.com>"] });
  await send(stranger, { from, to: ["<team@abc.com>", "<bob@abc.com>"] });
  stranger.close();
  const [first] = server.logged("delivered");
  const [only] = await server.store.history.find(`${first!["id"]}`, 1);
  assert.equal(only!.sender?.local, "boss");
  const sender = only!.origin?.from === "peer" ? only!.origin.sender : null;
  assert.deepEqual(sender, { local: "carol", domain: "other.test" });
  const copy = server.logged("redistributed")[1]!;
  const [sentOn] = await server.store.history.find(`${copy["as"]}`, 1);
  assert.deepEqual(sentOn!.origin, { from: "list", message: copy["id"] });
  assert.deepEqual(sentOn!.mailboxes, ["alice@abc.com"]);
});
