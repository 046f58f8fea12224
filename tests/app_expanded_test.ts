/** Reports about what aliases and lists have led on (RFC 3461 §5.2.7). */
import assert from "$assert";
import { lead, send, startSites } from "./alias_support.ts";
import { startWithHop } from "./app_support.ts";

Deno.test("a failure behind an alias says to people which address led there", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT") ? "550 5.1.1 No such user" : undefined,
    { users: ["alice"] },
  );
  await lead(sites.server, "sales", ["dora@xyz.com"]);
  const alice = await sites.server.smtp("alice");
  await send(alice, { to: ["<sales@abc.com>"] });
  alice.close();
  await sites.world.clock.pass(0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.match(report!, /\r\n {2}dora@xyz\.com, to which sales@abc\.com leads\r\n/);
  // RFC 3461 §6.3 (d): the sender gave no ORCPT.
  assert.doesNotMatch(report!, /Original-Recipient/);
});

Deno.test("a wish that the sender has for an address counts more than what an alias makes", async () => {
  await using sites = await startSites();
  await lead(sites.server, "sales", ["alice", "dora@xyz.com"]);
  const alice = await sites.server.smtp("alice");
  await send(alice, { to: ["<sales@abc.com>", "<dora@xyz.com> NOTIFY=NEVER"] });
  alice.close();
  await sites.world.clock.pass(0);
  const said = sites.hop.connections.flat().filter((line) => line.startsWith("RCPT"));
  assert.deepEqual(said.slice(-1), ["RCPT TO:<dora@xyz.com> NOTIFY=NEVER"]);
});

Deno.test("RFC 3461 §5.2.7: who asks for success hears of the list, and of the expansion", async () => {
  await using sites = await startSites("bob");
  await lead(sites.server, "one", ["dora@xyz.com"]);
  await lead(sites.server, "several", ["bob", "erin@xyz.com"]);
  await lead(sites.server, "team", ["bob", "frank@xyz.com"], "bob");
  await lead(sites.server, "here", ["bob"]);
  const alice = await sites.server.smtp("alice");
  const asked = "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;X@abc.com";
  await send(alice, {
    mail: "ENVID=QQ1",
    to: ["one", "several", "team", "here"].map((name) => `<${name}@abc.com> ${asked}`),
  });
  alice.close();
  await sites.world.clock.pass(0);
  const [report, another] = await sites.server.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  const actions = [...report!.matchAll(/Final-Recipient: rfc822; (\S+)\r\nAction: (\w+)\r\n/g)];
  assert.deepEqual(actions.map(([, who, action]) => `${who} ${action}`), [
    "several@abc.com expanded",
    "team@abc.com delivered",
    "here@abc.com delivered",
  ]);
  assert.match(report!, /Subject: Your message was passed on to several people\r\n/);
  const said = sites.hop.connections.flat().filter((line) => /^(MAIL|RCPT)/.test(line));
  assert.deepEqual(said, [
    "MAIL FROM:<alice@abc.com> ENVID=QQ1",
    `RCPT TO:<dora@xyz.com> ${asked}`,
    "RCPT TO:<erin@xyz.com> NOTIFY=FAILURE ORCPT=rfc822;X@abc.com",
    "MAIL FROM:<bob@abc.com>",
    "RCPT TO:<frank@xyz.com>",
  ]);
});

Deno.test("who asks for success only hears no more of those behind an alias", async () => {
  await using sites = await startSites("bob");
  await lead(sites.server, "several", ["bob", "erin@xyz.com"]);
  const alice = await sites.server.smtp("alice");
  await send(alice, { to: ["<several@abc.com> NOTIFY=SUCCESS"] });
  alice.close();
  await sites.world.clock.pass(0);
  const rcpt = sites.hop.connections.flat().find((line) => line.startsWith("RCPT"));
  assert.equal(rcpt, "RCPT TO:<erin@xyz.com> NOTIFY=NEVER ORCPT=rfc822;several@abc.com");
});
