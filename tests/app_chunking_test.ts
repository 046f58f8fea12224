/** From BDAT to the mailbox, over every way out: POP3, DATA and BDAT to the next server. */
import assert from "$assert";
import { arrived, startTestServer, startWithHop, type Talker } from "./app_support.ts";

/** What a careless reader would end the message at, and take for commands. */
const BODY = "Hello\r\n.\r\nMAIL FROM:<evil@abc.com>\r\n..\r\n...dots\r\n.";

async function sendChunks(talker: Talker, chunks: readonly string[]): Promise<string> {
  assert.match(await talker.say("MAIL FROM:<alice@abc.com> BODY=8BITMIME"), /^250 /);
  assert.match(await talker.say("RCPT TO:<bob@xyz.com>"), /^250 /);
  let reply = "";
  for (const [at, chunk] of chunks.entries()) {
    const last = at === chunks.length - 1 ? " LAST" : "";
    await talker.send(`BDAT ${chunk.length}${last}\r\n${chunk}`);
    reply = await talker.hear();
  }
  return reply;
}

for (const [how, extra] of [["DATA", "plain"], ["BDAT", "not plain: \xfc"]] as const) {
  Deno.test(`content by BDAT, dots and all, arrives over ${how} and is read by POP3`, async () => {
    await using xyz = await startTestServer({ domains: ["xyz.com"], users: ["bob"] });
    await using abc = await startTestServer({
      users: ["alice"],
      routes: { "xyz.com": { host: "127.0.0.1", port: xyz.port("smtp") } },
    });
    const alice = await abc.smtp("alice");
    const header = "From: alice@abc.com\r\nMessage-ID: <1@abc.com>\r\n" +
      `Date: Tue, 24 Nov 2026 08:00:00 +0000\r\nSubject: ${how}\r\n\r\n`;
    const reply = await sendChunks(alice, [header, `${extra}\r`, `\n${BODY}`]);
    assert.match(reply, /^250 2\.0\.0 Accepted as /);
    alice.close();
    // The last line has got its end.
    const content = `${header}${extra}\r\n${BODY}\r\n`;
    const [kept] = await arrived(xyz, "bob@xyz.com");
    assert.ok(kept!.endsWith(content), kept);
    const bob = await xyz.connect("pop3");
    for (const line of ["USER bob", "PASS secret", "RETR 1"]) {
      assert.match(await bob.say(line), /^\+OK/);
    }
    assert.equal(await bob.hearLong(), kept);
    bob.close();
  });
}

Deno.test("a next server without 8BITMIME gets the message converted, and a signed one not", async () => {
  await using setting = await startWithHop((line) =>
    line.startsWith("EHLO") ? "250 hop.test" : undefined
  );
  const { world, hop, server } = setting;
  const alice = await server.smtp("alice");
  const text = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    "\r\nsome text with \xc3\xbc\r\n";
  assert.match(await sendChunks(alice, [text]), /^250 /);
  await world.clock.pass(1_000);
  assert.equal(hop.messages.length, 1);
  assert.match(hop.messages[0]!.content, /quoted-printable\r\n\r\nsome text with =C3=BC\r\n$/);
  const signed = "Subject: x\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n" +
    "--b\r\n\r\n\xfc\r\n--b--\r\n";
  assert.match(await sendChunks(alice, [signed]), /^250 /);
  alice.close();
  await world.clock.pass(1_000);
  assert.equal(hop.messages.length, 1);
  const [report] = await server.mailbox("alice@abc.com");
  assert.match(report!, /Status: 5\.6\.3\r\n/);
});

Deno.test("RFC 7505 §4: nothing goes to a domain that takes no mail, and nothing comes from it", async () => {
  await using server = await startTestServer({
    users: ["alice"],
    routes: { "closed.test": null },
  });
  const alice = await server.smtp("alice");
  assert.match(await alice.say("MAIL FROM:<alice@abc.com>"), /^250 /);
  assert.match(await alice.say("RCPT TO:<bob@closed.test>"), /^556 5\.1\.10 /);
  assert.match(await alice.say("RCPT TO:<alice@abc.com>"), /^250 /);
  alice.close();
  const stranger = await server.smtp();
  assert.match(await stranger.say("MAIL FROM:<bob@Closed.TEST>"), /^550 5\.7\.27 /);
  assert.match(await stranger.say("MAIL FROM:<bob@other.test>"), /^250 /);
  assert.match(await stranger.say("RCPT TO:<bob@closed.test>"), /^556 5\.1\.10 /);
  stranger.close();
});
