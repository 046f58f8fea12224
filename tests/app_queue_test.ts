/** What waits for other servers, as users see it: warnings, the end, and a queue that is full. */
import assert from "$assert";
import { lead, send } from "./alias_support.ts";
import { letter, logIn, sendMessage, startWithHop } from "./app_support.ts";

const HOUR_MS = 60 * 60_000;

Deno.test("beyond --max-queue nothing more is taken for other servers, and mailboxes here get theirs", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT") ? "450 4.2.0 Later" : undefined,
    { queuedMax: 2, users: ["alice", "bob"], verifyRecipients: "never" },
  );
  const { server, world } = sites;
  const alice = await server.smtp("alice");
  const say = (line: string) => alice.say(line);
  await say("MAIL FROM:<alice@abc.com>");
  for (const to of ["one@xyz.com", "two@xyz.com"]) {
    assert.match(await say(`RCPT TO:<${to}>`), /^250 /);
  }
  await say("DATA");
  await alice.send(`${letter("Two")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  await say("MAIL FROM:<alice@abc.com>");
  assert.match(await say("RCPT TO:<three@xyz.com>"), /^452 4\.3\.1 Too much waits here/);
  assert.match(await say("RCPT TO:<bob@abc.com>"), /^250 /);
  await say("DATA");
  await alice.send(`${letter("Here")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  assert.equal((await server.mailbox("bob@abc.com")).length, 1);
  // What was given up leaves room.
  await world.clock.pass(6 * 24 * HOUR_MS);
  const late = await server.smtp("alice");
  await late.say("MAIL FROM:<alice@abc.com>");
  assert.match(await late.say("RCPT TO:<three@xyz.com>"), /^250 /);
  alice.close();
  late.close();
});

Deno.test("beyond --max-queue nothing more waits for aliases elsewhere, or for its hour", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT") ? "450 4.2.0 Later" : undefined,
    { queuedMax: 1, ports: { smtp: 0, submission: 0 }, verifyRecipients: "never" },
  );
  const { server } = sites;
  await lead(server, "away", ["dora@xyz.com"]);
  await lead(server, "team", ["alice", "dora@xyz.com"], "alice");
  const stranger = await server.smtp();
  await send(stranger, { from: "carol@other.test", to: ["<away@abc.com>"] });
  await stranger.say("MAIL FROM:<carol@other.test>");
  for (const to of ["away", "team"]) {
    assert.match(await stranger.say(`RCPT TO:<${to}@abc.com>`), /^452 4\.3\.1 Too much waits/);
  }
  assert.match(await stranger.say("RCPT TO:<alice@abc.com>"), /^250 /);
  stranger.close();
  const alice = await server.connect("submission");
  await alice.say("EHLO client.test");
  await logIn(alice, "alice");
  assert.match(await alice.say("MAIL FROM:<alice@abc.com> HOLDFOR=60"), /^250 /);
  assert.match(await alice.say("RCPT TO:<alice@abc.com>"), /^452 4\.3\.1 Too much waits/);
  alice.close();
});

Deno.test("a sender hears of a delay once, with the server's words and how long it is tried", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT") ? "450 4.7.1 Too busy" : undefined,
    { delayWarningMs: HOUR_MS, queueLifetimeMs: 3 * HOUR_MS, verifyRecipients: "never" },
  );
  const { server, world } = sites;
  const alice = await server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com> RET=FULL ENVID=letter1");
  await alice.say("RCPT TO:<bob@xyz.com>");
  await alice.say("RCPT TO:<carol@xyz.com> NOTIFY=FAILURE");
  await alice.say("RCPT TO:<dave@xyz.com> NOTIFY=DELAY");
  await alice.say("DATA");
  await alice.send(`${letter("Soon?")}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  alice.close();
  await world.clock.pass(2 * HOUR_MS);
  const [delayed, none] = await server.mailbox("alice@abc.com");
  assert.equal(none, undefined);
  assert.match(delayed!, /\r\nSubject: Your message is delayed\r\n/);
  assert.match(
    delayed!,
    /\r\n {2}bob@xyz\.com\r\n {4}450 4\.7\.1 Too busy\r\n {4}tried until Fri, /,
  );
  assert.match(delayed!, /\r\nOriginal-Envelope-Id: letter1\r\n/);
  assert.doesNotMatch(delayed!, /carol@xyz\.com/);
  const groups = delayed!.split("\r\n\r\n").filter((each) => each.startsWith("Final-Recipient"));
  assert.equal(groups.length, 2);
  for (const group of groups) {
    assert.match(group, /\r\nAction: delayed\r\nStatus: 4\.7\.1\r\nDiagnostic-Code: smtp; 450 /);
    assert.match(group, /\r\nWill-Retry-Until: Fri, 15 Jan 2027 11:00:00 \+0000$/);
  }
  // RFC 3461 §4.3: the whole message is for failures.
  assert.doesNotMatch(delayed!, /message\/rfc822/);
  await world.clock.pass(2 * HOUR_MS);
  const [, failed, nothing] = await server.mailbox("alice@abc.com");
  assert.equal(nothing, undefined);
  assert.match(failed!, /Not delivered in 3 hours: 450 Too busy/);
  assert.match(failed!, /\r\nContent-Type: message\/rfc822\r\n/);
  assert.doesNotMatch(
    failed!,
    /dave@xyz\.com|Will-Retry-Until/,
    "who asks for DELAY hears of that",
  );
});

Deno.test("a report that is late makes no report, and one that fails is written down", async () => {
  await using sites = await startWithHop(
    (line) => line.startsWith("RCPT") ? "450 4.7.1 Too busy" : undefined,
    { verifyRecipients: "never" },
  );
  const { server, world } = sites;
  const alice = await server.smtp("alice");
  await sendMessage(alice, { from: "", to: ["bob@xyz.com"], content: letter("A receipt") });
  alice.close();
  await world.clock.pass(24 * HOUR_MS);
  assert.deepEqual(server.logged("not-reported"), []);
  await world.clock.pass(5 * 24 * HOUR_MS);
  const [dropped] = server.logged("not-reported");
  assert.equal(dropped!["reason"], "the sender is null");
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
  assert.equal(await server.store.queue.size(), 0);
});
