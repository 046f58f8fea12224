/** What was held for aliases and lists (RFC 4865), and its hour. */
import assert from "$assert";
import { administer } from "../lib/app/admin.ts";
import { lead, returnPathsOf, send, WITH_DSN } from "./alias_support.ts";
import { startWithHop } from "./app_support.ts";

const NOON = "2027-01-15T12:00:00Z";

Deno.test("what is held goes where aliases and lists lead when its hour comes", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("EHLO") ? WITH_DSN : undefined,
    { users: ["alice", "bob", "dave"], ports: { smtp: 0, pop3: 0, submission: 0 } },
  );
  const { server, world, hop } = sites;
  await lead(server, "sales", ["dave"]);
  await lead(server, "team", ["bob", "frank@xyz.com"], "dave");
  await lead(server, "empty", ["dave"]);
  const alice = await server.connect("submission");
  await alice.say("EHLO client.test");
  await alice.say(`AUTH PLAIN ${btoa("\0alice\0secret")}`);
  await send(alice, {
    mail: `HOLDUNTIL=${NOON}`,
    to: ["sales", "team", "empty"].map((name) => `<${name}@abc.com> NOTIFY=SUCCESS,FAILURE`),
  });
  alice.close();
  await world.clock.pass(60_000);
  assert.deepEqual(await server.mailbox("dave@abc.com"), []);
  await lead(server, "sales", ["bob", "erin@xyz.com"]);
  await administer({ ...server, domain: "abc.com" }, {
    do: "alias remove",
    name: "empty",
    targets: [],
  });
  await world.clock.pass(5 * 60 * 60_000);
  // Bob is behind two of them, and gets the message itself.
  assert.deepEqual(returnPathsOf(await server.mailbox("bob@abc.com")), ["alice@abc.com"]);
  assert.deepEqual(returnPathsOf(await server.mailbox("dave@abc.com")), ["alice@abc.com"]);
  const said = hop.connections.flat().filter((line) => /^(MAIL|RCPT)/.test(line));
  assert.deepEqual(said.toSorted(), [
    "MAIL FROM:<alice@abc.com>",
    "MAIL FROM:<dave@abc.com>",
    "RCPT TO:<erin@xyz.com> NOTIFY=FAILURE ORCPT=rfc822;sales@abc.com",
    "RCPT TO:<frank@xyz.com>",
  ]);
  const reports = await server.mailbox("alice@abc.com");
  const actions = reports.flatMap((
    report,
  ) => [...report.matchAll(/Final-Recipient: rfc822; (\S+)\r\nAction: (\w+)\r\n/g)]);
  assert.deepEqual(actions.map(([, who, action]) => `${who} ${action}`), [
    "sales@abc.com expanded",
    "team@abc.com delivered",
    "empty@abc.com failed",
  ]);
  assert.deepEqual(await server.store.queue.list({ max: 10 }), []);
  assert.deepEqual(await server.store.check(), []);
});
