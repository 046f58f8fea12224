/** Mail in UTF-8 throughout (RFC 6531, RFC 6532), from command to mailbox and back. */
import assert from "$assert";
import PostalMime from "$mime";
import { decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { startTestServer, startWithHop, type Talker, type TestServer } from "./app_support.ts";

const WITH_UTF8 = "250-hop.test\r\n250-8BITMIME\r\n250 SMTPUTF8";

/** A talker sends each character as a byte. */
function bytes(text: string): string {
  return decodeLatin1(encode(text));
}

function text(received: string): string {
  return new TextDecoder().decode(Uint8Array.from(received, (each) => each.charCodeAt(0)));
}

const CONTENT = "From: alice@abc.com\r\nTo: bob@xyz.com\r\nSubject: Grüße\r\n\r\nHallo ü\r\n";

async function send(
  talker: Talker,
  { mail = "<alice@abc.com> SMTPUTF8", to = "bob@xyz.com", content = CONTENT } = {},
): Promise<string> {
  await talker.say(bytes(`MAIL FROM:${mail}`));
  const answer = await talker.say(bytes(`RCPT TO:<${to}>`));
  if (!answer.startsWith("250")) return answer;
  await talker.say("DATA");
  await talker.send(bytes(`${content}.\r\n`));
  return await talker.hear();
}

function startHop(ehlo: string | undefined, options = {}) {
  return startWithHop((line) => line.startsWith("EHLO") ? ehlo : undefined, options);
}

async function statusOf(server: TestServer, user = "alice@abc.com") {
  const [report] = await server.mailbox(user);
  const parsed = await PostalMime.parse(encode(report!), {
    forceRfc822Attachments: true,
    attachmentEncoding: "utf8",
  });
  const [status, returned] = parsed.attachments;
  return { report: report!, status: String(status!.content), returned: returned! };
}

Deno.test("an account in UTF-8 takes mail under every spelling of its name and domain", async () => {
  await using server = await startTestServer({
    domains: ["bücher.example"],
    users: ["böb@bücher.example"],
  });
  const account = "böb@xn--bcher-kva.example";
  const stranger = await server.smtp();
  const spellings = ["böb@bücher.example", "BO\u0308B@BÜCHER.example", "böb@xn--bcher-kva.EXAMPLE"];
  for (const to of spellings) {
    assert.match(await send(stranger, { to, mail: "<x@far.com> SMTPUTF8" }), /^250 /, to);
  }
  const [first, ...others] = await server.mailbox(account);
  assert.equal(others.length, 2);
  // POP3 hands out what DATA received, bytes and all.
  assert.ok(text(first!).endsWith(CONTENT), first);
  assert.match(first!, / by xn--bcher-kva\.example with\s+UTF8SMTP\s+id /);
  assert.match(text(first!), /for <böb@xn--bcher-kva\.example>/);
  stranger.close();
});

Deno.test("an address in UTF-8 without SMTPUTF8 is refused, and its A-labels are not", async () => {
  await using server = await startTestServer({
    domains: ["bücher.example"],
    users: ["bob", "böb@bücher.example"],
  });
  const stranger = await server.smtp();
  const mail = "<x@far.com>";
  assert.match(await send(stranger, { mail, to: "böb@bücher.example" }), /^553 5\.6\.7 /);
  await stranger.say("RSET");
  assert.match(await send(stranger, { mail, to: "bob@bücher.example" }), /^553 5\.6\.7 /);
  await stranger.say("RSET");
  const plain = CONTENT.replaceAll("ü", "u").replace("ß", "s");
  const sent = await send(stranger, { mail, to: "bob@xn--bcher-kva.example", content: plain });
  assert.match(sent, /^250 /);
  const [message] = await server.mailbox("bob@xn--bcher-kva.example");
  assert.match(message!, / with ESMTP\s+id /);
  assert.match(await stranger.say(bytes("MAIL FROM:<älice@abc.com>")), /^550 5\.6\.7 /);
  stranger.close();
});

Deno.test("a header in UTF-8 goes on as it is, with SMTPUTF8", async () => {
  await using sites = await startHop(WITH_UTF8);
  const alice = await sites.server.smtp("alice");
  assert.match(await send(alice), /^250 /);
  await sites.world.clock.pass(0);
  const commands = sites.hop.connections.flat();
  assert.ok(commands.includes("MAIL FROM:<alice@abc.com> BODY=8BITMIME SMTPUTF8"), `${commands}`);
  const [message] = sites.hop.messages;
  assert.match(message!.content, / with UTF8SMTPA\s+id\s/);
  assert.match(text(message!.content), /\r\nSubject: Grüße\r\n/);
});

Deno.test("SMTPUTF8 that nothing needs is not said on", async () => {
  await using sites = await startHop(WITH_UTF8);
  const alice = await sites.server.smtp("alice");
  const content = CONTENT.replace("Grüße", "Hello");
  assert.match(await send(alice, { content }), /^250 /);
  await sites.world.clock.pass(0);
  const mails = sites.hop.connections.flat().filter((line) => line.startsWith("MAIL"));
  assert.equal(mails.at(-1), "MAIL FROM:<alice@abc.com> BODY=8BITMIME");
});

Deno.test("a recipient in UTF-8 whose server has no SMTPUTF8 is refused at once", async () => {
  await using sites = await startHop(undefined);
  const alice = await sites.server.smtp("alice");
  const answer = await send(alice, { to: "böb@xyz.com" });
  assert.match(answer, /^553 5\.6\.7 The next server takes no SMTPUTF8/);
  assert.deepEqual(sites.hop.messages, []);
});

Deno.test("a recipient in UTF-8 who was not asked about bounces with 5.6.7", async () => {
  await using sites = await startHop(undefined, { verifyRecipients: "never" });
  const alice = await sites.server.smtp("alice");
  assert.match(await send(alice, { to: "böb@xyz.com" }), /^250 /);
  await sites.world.clock.pass(0);
  assert.deepEqual(sites.hop.messages, []);
  const { status, returned, report } = await statusOf(sites.server);
  // RFC 6533 §3: in ASCII, and the address can be read out of it.
  assert.match(status, /Final-Recipient: utf-8; b\\x\{F6\}b@xyz\.com\r?\n/);
  assert.match(status, /Action: failed\r?\nStatus: 5\.6\.7\r?\n/);
  assert.doesNotMatch(status, /Remote-MTA/);
  assert.equal(returned.mimeType, "message/global-headers");
  assert.match(String(returned.content), /Subject: Grüße/);
  assert.match(report, /^[\0-\x7f]*$/);
});

Deno.test("a header in UTF-8 that the next server does not take bounces with 5.6.9", async () => {
  await using sites = await startHop(undefined);
  const alice = await sites.server.smtp("alice");
  assert.match(await send(alice), /^250 /);
  await sites.world.clock.pass(0);
  assert.deepEqual(sites.hop.messages, []);
  assert.match((await statusOf(sites.server)).status, /Status: 5\.6\.9\r?\n/);
});

Deno.test("RET=FULL returns a message in UTF-8 whole, encoded under its own type", async () => {
  await using sites = await startHop(undefined);
  const alice = await sites.server.smtp("alice");
  assert.match(await send(alice, { mail: "<alice@abc.com> SMTPUTF8 RET=FULL" }), /^250 /);
  await sites.world.clock.pass(0);
  const { returned, report } = await statusOf(sites.server);
  assert.equal(returned.mimeType, "message/global");
  assert.match(String(returned.content), /Subject: Grüße\r?\n\r?\nHallo ü/);
  assert.match(report, /^[\0-\x7f]*$/);
});

Deno.test("a sender in UTF-8 owns the address, logs in with it, and gets the report", async () => {
  await using sites = await startHop(undefined, {
    users: ["älice"],
    verifyRecipients: "never",
  });
  const talker = await sites.server.smtp();
  const login = encode("\0älice\0secret").toBase64();
  assert.match(await talker.say(`AUTH PLAIN ${login}`), /^235 /);
  const mail = "<A\u0308LICE@abc.com> SMTPUTF8";
  assert.match(await send(talker, { mail, to: "bob@xyz.com" }), /^250 /);
  await sites.world.clock.pass(0);
  const { report, status } = await statusOf(sites.server, "älice@abc.com");
  assert.match(text(report), /\r\nTo: A\u0308LICE@abc\.com\r\n/);
  assert.match(status, /Status: 5\.6\.7/);
});
