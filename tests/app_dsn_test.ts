/** Reports that a sender asks for, or asks not to get (RFC 3461), from command to mailbox. */
import assert from "$assert";
import PostalMime from "$mime";
import { encode } from "../lib/wire/bytes.ts";
import {
  letter,
  sendMessage,
  startTestServer,
  startWithHop,
  type TestServer,
} from "./app_support.ts";

const WITH_DSN = "250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN";

interface Wishes {
  readonly mail?: string;
  /** Each with its parameters: `<bob@xyz.com> NOTIFY=NEVER`. */
  readonly to: readonly string[];
  readonly content?: string;
  readonly from?: string;
}

async function send(server: TestServer, wishes: Wishes): Promise<void> {
  const alice = await server.smtp("alice");
  const { mail = "", to, content = letter("Where to?"), from = "alice@abc.com" } = wishes;
  assert.match(await alice.say(`MAIL FROM:<${from}> ${mail}`), /^250 /);
  for (const each of to) assert.match(await alice.say(`RCPT TO:${each}`), /^250 /);
  await alice.say("DATA");
  await alice.send(`${content}.\r\n`);
  assert.match(await alice.hear(), /^250 /);
  alice.close();
}

/** A hop that answers like this, and is not asked before. */
function startHop(...words: readonly (readonly [command: string, reply: string])[]) {
  return startWithHop(
    (line) => words.find(([command]) => line.startsWith(command))?.[1],
    { verifyRecipients: "never" },
  );
}

/** The parts of a report: its subject, the status by groups, and what is returned. */
async function partsOf(report: string) {
  const { subject, text, attachments } = await PostalMime.parse(encode(report), {
    forceRfc822Attachments: true,
    attachmentEncoding: "utf8",
  });
  const [status, returned] = attachments;
  assert.equal(status!.mimeType, "message/delivery-status");
  return {
    subject,
    text: text!,
    groups: String(status!.content).replaceAll("\r\n", "\n").trimEnd().split("\n\n"),
    type: returned!.mimeType,
    returned: String(returned!.content),
  };
}

Deno.test("who asks for success hears that the message is in the mailbox, at once", async () => {
  await using server = await startTestServer({ users: ["alice", "bob", "carol"] });
  await send(server, {
    mail: "RET=FULL ENVID=QQ+2B1",
    to: [
      "<bob@abc.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+2Bnews@abc.com",
      "<carol@abc.com> NOTIFY=FAILURE",
    ],
  });
  assert.equal((await server.mailbox("bob@abc.com")).length, 1);
  const [report, another] = await server.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  const { subject, text, groups, type, returned } = await partsOf(report!);
  assert.equal(subject, "Your message was delivered");
  assert.match(text, /put into the mailbox of:\s+bob@abc\.com/);
  assert.equal(groups.length, 2);
  assert.match(groups[0]!, /^Original-Envelope-Id: QQ\+1\nReporting-MTA: dns; abc\.com\n/);
  assert.match(
    groups[1]!,
    /^Original-Recipient: rfc822; Bob\+news@abc\.com\nFinal-Recipient: rfc822; bob@abc\.com\n/,
  );
  assert.match(groups[1]!, /\nAction: delivered\nStatus: 2\.0\.0\nLast-Attempt-Date: [^\n]+$/);
  // RFC 3461 §4.3: the whole message is for failures.
  assert.equal(type, "text/rfc822-headers");
  assert.match(returned, /Subject: Where to\?/);
  assert.doesNotMatch(report!, /carol|Hello Bob/);
  const logged = server.logged("delivered").map(({ to, report }) => [to, typeof report]);
  assert.deepEqual(logged, [["bob@abc.com", "string"], ["carol@abc.com", "object"]]);
});

Deno.test("who asks for nothing hears of no success", async () => {
  await using server = await startTestServer({ users: ["alice", "bob"] });
  await send(server, { to: ["<bob@abc.com>"] });
  await send(server, { to: ["<bob@abc.com> NOTIFY=NEVER"] });
  assert.equal((await server.mailbox("bob@abc.com")).length, 2);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
});

Deno.test("a server with DSN is told what the sender wants, and reports itself", async () => {
  await using sites = await startHop(["EHLO", WITH_DSN]);
  await send(sites.server, {
    mail: "RET=HDRS ENVID=QQ1",
    to: ["<bob@xyz.com> NOTIFY=SUCCESS ORCPT=rfc822;Bob@XYZ.com", "<carol@xyz.com>"],
  });
  await sites.world.clock.pass(0);
  assert.deepEqual(sites.hop.connections[0]!.slice(1, 4), [
    "MAIL FROM:<alice@abc.com> RET=HDRS ENVID=QQ1",
    "RCPT TO:<bob@xyz.com> NOTIFY=SUCCESS ORCPT=rfc822;Bob@XYZ.com",
    "RCPT TO:<carol@xyz.com>",
  ]);
  assert.deepEqual(await sites.server.mailbox("alice@abc.com"), []);
});

Deno.test("a server without DSN takes the message, and we say that it went there", async () => {
  await using sites = await startHop();
  await send(sites.server, {
    mail: "ENVID=QQ1",
    to: ["<bob@xyz.com> NOTIFY=SUCCESS,DELAY", "<carol@xyz.com> NOTIFY=FAILURE", "<d@xyz.com>"],
  });
  await sites.world.clock.pass(0);
  assert.match(sites.hop.connections[0]![1]!, /^MAIL FROM:<alice@abc\.com> SIZE=\d+$/);
  const [report, another] = await sites.server.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  const { subject, groups } = await partsOf(report!);
  assert.equal(subject, "Your message was passed on");
  assert.equal(groups.length, 2);
  assert.match(
    groups[1]!,
    /bob@xyz\.com\nAction: relayed\nStatus: 2\.0\.0\nRemote-MTA: dns; hop\.test\n/,
  );
  assert.match(groups[1]!, /\nDiagnostic-Code: smtp; 250 OK\n/);
});

Deno.test("a failure is reported to those only who did not ask to be spared", async () => {
  await using sites = await startHop(["RCPT", "550 5.1.1 No such user"], ["EHLO", WITH_DSN]);
  await send(sites.server, {
    to: [
      "<never@xyz.com> NOTIFY=NEVER",
      "<success@xyz.com> NOTIFY=SUCCESS,DELAY",
      "<failure@xyz.com> NOTIFY=FAILURE",
      "<usual@xyz.com>",
    ],
  });
  await sites.world.clock.pass(0);
  const [report, another] = await sites.server.mailbox("alice@abc.com");
  assert.equal(another, undefined);
  const { groups } = await partsOf(report!);
  assert.deepEqual(groups.slice(1).map((group) => /rfc822; (\w+)@/.exec(group)![1]), [
    "failure",
    "usual",
  ]);
  const spared = sites.server.logged("not-reported");
  assert.deepEqual(spared.map(({ to }) => to), ["never@xyz.com", "success@xyz.com"]);
  assert.equal(spared[0]!["reason"], "the sender asked not to hear of it");
  const failed = sites.server.logged("failed");
  assert.deepEqual(failed.map(({ report }) => report !== null), [false, false, true, true]);
  assert.deepEqual(await sites.server.store.queue.list({ max: 10 }), []);
});

const FULL = ["RET=FULL", "message/rfc822", /^From: [^]*\r?\n\r?\nHello Bob!/m] as const;
const HDRS = ["RET=HDRS", "text/rfc822-headers", /Subject: Where to\?\s*$/] as const;

for (const [ret, expected, pattern] of [FULL, HDRS]) {
  Deno.test(`a report of a failure returns what ${ret} asks for`, async () => {
    await using sites = await startHop(["RCPT", "550 5.1.1 No such user"]);
    await send(sites.server, { mail: ret, to: ["<bob@xyz.com>"] });
    await sites.world.clock.pass(0);
    const [report] = await sites.server.mailbox("alice@abc.com");
    const { type, returned } = await partsOf(report!);
    assert.equal(type, expected);
    assert.match(returned, pattern);
  });
}

Deno.test("an original of more than a mebibyte comes back as its header", async () => {
  await using sites = await startHop(["RCPT", "550 5.1.1 No such user"]);
  const content = letter("Much") + `${"x".repeat(98)}\r\n`.repeat(10_600);
  await send(sites.server, { mail: "RET=FULL", to: ["<bob@xyz.com>"], content });
  await sites.world.clock.pass(0);
  const [report] = await sites.server.mailbox("alice@abc.com");
  assert.equal((await partsOf(report!)).type, "text/rfc822-headers");
});

Deno.test("the null sender gets no report, whatever was asked for", async () => {
  await using server = await startTestServer({ users: ["alice", "bob"] });
  await send(server, { from: "", to: ["<bob@abc.com> NOTIFY=SUCCESS,FAILURE"] });
  assert.equal((await server.mailbox("bob@abc.com")).length, 1);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
  assert.equal((await server.store.queue.list({ max: 10 })).length, 0);
  assert.equal(server.logged("not-reported").length, 1);
});

Deno.test("a stranger who asks for success is told through the queue, under no sender", async () => {
  await using sites = await startHop(["EHLO", WITH_DSN]);
  const stranger = await sites.server.smtp();
  await stranger.say("MAIL FROM:<bob@xyz.com> RET=FULL ENVID=QQ1");
  await stranger.say("RCPT TO:<alice@abc.com> NOTIFY=SUCCESS");
  await stranger.say("DATA");
  await stranger.send(`${letter("Hi")}.\r\n`);
  assert.match(await stranger.hear(), /^250 /);
  stranger.close();
  await sites.world.clock.pass(0);
  assert.equal((await sites.server.mailbox("alice@abc.com")).length, 1);
  // RFC 3461 §6.1: neither RET nor a wish for reports about the report.
  assert.deepEqual(sites.hop.connections[0]!.slice(1, 3), [
    "MAIL FROM:<>",
    "RCPT TO:<bob@xyz.com>",
  ]);
  assert.match(sites.hop.messages[0]!.content, /Original-Envelope-Id: QQ1\r\n/);
});

Deno.test("mail without any wish behaves as it always did", async () => {
  await using sites = await startHop();
  const alice = await sites.server.smtp("alice");
  const content = letter("Plain");
  await sendMessage(alice, { from: "alice@abc.com", to: ["bob@xyz.com"], content });
  await sites.world.clock.pass(0);
  assert.equal(sites.hop.messages.length, 1);
  assert.deepEqual(await sites.server.mailbox("alice@abc.com"), []);
  alice.close();
});
