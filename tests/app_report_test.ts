/** Telling a sender that a message could not be delivered. */
import assert from "$assert";
import PostalMime from "$mime";
import { encode } from "../lib/wire/bytes.ts";
import { letter, sendMessage, startWithHop, type TestServer } from "./app_support.ts";

/** Recipients are not verified, so that refusals come late. */
function startSites(...words: readonly (readonly [command: string, reply: string])[]) {
  return startWithHop(
    (line) => words.find(([command]) => line.startsWith(command))?.[1],
    { verifyRecipients: "never" },
  );
}

async function send(server: TestServer, from: string, ...to: readonly string[]): Promise<void> {
  const alice = await server.smtp("alice");
  const replies = await sendMessage(alice, { from, to, content: letter("Where to?") });
  assert.match(replies.at(-1)!, /^250 /);
  alice.close();
}

Deno.test("a refusal at delivery is reported to the sender, once for all recipients", async () => {
  await using sites = await startSites(
    ["RCPT TO:<bob", "550 5.1.1 No such user"],
    ["RCPT TO:<carol", "552-5.2.2 Over\r\n552 5.2.2 quota"],
  );
  await send(sites.server, "alice@abc.com", "bob@xyz.com", "carol@xyz.com", "dave@xyz.com");
  await sites.world.clock.pass(0);

  const mailbox = await sites.server.mailbox("alice@abc.com");
  assert.equal(mailbox.length, 1);
  assert.match(mailbox[0]!, /^Return-Path: <>\r\n/);
  const report = await PostalMime.parse(encode(mailbox[0]!), {
    forceRfc822Attachments: true,
    attachmentEncoding: "utf8",
  });
  assert.deepEqual(report.from?.address, "mailer-daemon@abc.com");
  assert.deepEqual(report.to?.map(({ address }) => address), ["alice@abc.com"]);
  assert.equal(report.subject, "Your message could not be delivered");
  const type = report.headers.find(({ key }) => key === "content-type")!.value;
  assert.match(type, /^multipart\/report;\s+report-type=delivery-status/);
  const status = report.attachments.find(({ mimeType }) => mimeType === "message/delivery-status");
  const groups = String(status!.content).trimEnd().split(/\r?\n\r?\n/);
  assert.equal(groups.length, 3);
  assert.match(groups[0]!, /^Reporting-MTA: dns; abc\.com/);
  assert.match(groups[1]!, /^Final-Recipient: rfc822; bob@xyz\.com\r?\nAction: failed\r?\n/);
  assert.match(groups[1]!, /\nStatus: 5\.1\.1\r?\nRemote-MTA: dns; hop\.test\r?\n/);
  assert.match(groups[1]!, /\nDiagnostic-Code: smtp; 550 5\.1\.1 No such user\r?\n/);
  assert.match(groups[2]!, /carol@xyz\.com[^]*Status: 5\.2\.2[^]*552 5\.2\.2 Over \/ quota/);
  assert.match(report.text!, /bob@xyz\.com\s+hop\.test said: 550 5\.1\.1 No such user/);
  assert.doesNotMatch(mailbox[0]!, /dave@xyz\.com/);
  const original = report.attachments.find(({ mimeType }) => mimeType === "text/rfc822-headers");
  assert.match(String(original!.content), /Subject: Where to\?/);

  assert.deepEqual(sites.hop.messages.map(({ recipients }) => recipients), [["dave@xyz.com"]]);
  assert.deepEqual(await sites.server.store.queue.list({ max: 10 }), []);
});

Deno.test("a refusal of the content is reported with the words that were said to it", async () => {
  await using sites = await startSites([".", "554 5.7.1 That looks like spam"]);
  await send(sites.server, "alice@abc.com", "bob@xyz.com");
  await sites.world.clock.pass(0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.match(report!, /Diagnostic-Code: smtp; 554 5\.7\.1 That looks like spam/);
});

Deno.test("a reply without an enhanced status is reported with 5.0.0", async () => {
  await using sites = await startSites(["RCPT", "550 Go away"]);
  await send(sites.server, "alice@abc.com", "bob@xyz.com");
  await sites.world.clock.pass(0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.match(report!, /Status: 5\.0\.0\r\n/);
  assert.match(report!, /Diagnostic-Code: smtp; 550 Go away\r\n/);
});

Deno.test("what we refuse ourselves is not put into the other server's mouth", async () => {
  await using sites = await startSites([
    "EHLO",
    "250-hop.test\r\n250-8BITMIME\r\n250 SIZE 100",
  ]);
  await send(sites.server, "alice@abc.com", "bob@xyz.com");
  await sites.world.clock.pass(0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.match(report!, /Status: 5\.3\.4\r\n/);
  assert.doesNotMatch(report!, /Remote-MTA|hop\.test said/);
});

Deno.test("the null sender is told nothing, and the log keeps it", async () => {
  await using sites = await startSites(["RCPT", "550 5.1.1 No such user"]);
  await send(sites.server, "", "bob@xyz.com");
  await sites.world.clock.pass(0);
  assert.deepEqual(await sites.server.mailbox("alice@abc.com"), []);
  assert.deepEqual(await sites.server.store.queue.list({ max: 10 }), []);
  assert.deepEqual(sites.server.logged("not-reported").map(({ to, reply }) => [to, reply]), [
    ["bob@xyz.com", "550 5.1.1 No such user"],
  ]);
});

Deno.test("a sender whose account is gone is told nothing, and the log keeps it", async () => {
  await using sites = await startSites(["RCPT", "550 5.1.1 No such user"]);
  sites.world.net.silence(sites.hop.endpoint.port);
  await send(sites.server, "alice@abc.com", "bob@xyz.com");
  const { users } = sites.server.store;
  await users.remove(users.find("alice@abc.com")!.id);
  sites.world.net.restore(sites.hop.endpoint.port);
  await sites.world.clock.pass(60_000);
  assert.deepEqual(await sites.server.store.queue.list({ max: 10 }), []);
  assert.deepEqual(sites.server.logged("not-reported").map(({ to }) => to), ["bob@xyz.com"]);
});

Deno.test("a message with two refused recipients makes one log line for each", async () => {
  await using sites = await startSites(["RCPT TO:<bob", "550 5.1.1 No"]);
  await send(sites.server, "alice@abc.com", "bob@xyz.com", "dave@xyz.com");
  await sites.world.clock.pass(0);
  const [failed] = sites.server.logged("failed");
  const [relayed] = sites.server.logged("relayed");
  assert.equal(failed!["to"], "bob@xyz.com");
  assert.equal(failed!["reply"], "550 5.1.1 No");
  assert.match(String(failed!["report"]), /^[a-z0-9]{21}$/);
  assert.equal(relayed!["to"], "dave@xyz.com");
  assert.equal(relayed!["report"], null);
  assert.deepEqual(Object.keys(relayed!), Object.keys(failed!));
});
