/** swaks against our server: every way to begin, to log in, and to speak for somebody else. */
import assert from "$assert";
import { type Peer, run, runWell, testWithServer } from "./run.ts";

const ENVELOPE = ["--from", "alice@abc.com", "--to", "bob@abc.com"];
const LOGIN = ["--auth-user", "alice", "--auth-password", "secret"];

/** swaks wants dots to be taken from it as they are, and stuffs them. */
const MESSAGE = "Subject: swaks\\n\\n.\\n..two\\n.three .\\nend";
const BODY = "Subject: swaks\r\n\r\n.\r\n..two\r\n.three .\r\nend\r\n";

function at({ ports }: Peer, service = "smtp"): readonly string[] {
  return ["--server", `localhost:${ports[service]}`];
}

testWithServer("swaks begins with TLS in both ways, and logs in in both", async (peer) => {
  const verified = ["--tls-verify", "--tls-ca-path", peer.ca];
  const message = [...ENVELOPE, ...LOGIN, "--data", MESSAGE];
  for (const mechanism of ["PLAIN", "LOGIN"]) {
    for (
      const begin of [
        [...at(peer), "--tls"],
        [...at(peer, "submission"), "--tls"],
        [...at(peer, "smtps"), "--tls-on-connect"],
      ]
    ) {
      const said = await runWell("swaks", [...begin, ...verified, ...message, "-a", mechanism]);
      assert.match(said, /=== TLS started with cipher TLSv1\.3/);
      assert.match(said, new RegExp(`~> AUTH ${mechanism}`));
      assert.match(said, /<~ {2}235 2\.7\.0/);
      const [mail, another] = await peer.takeBobsMail();
      assert.equal(another, undefined);
      assert.ok(mail!.endsWith(`\r\n${BODY}`), mail);
      assert.match(mail!, /\(TLSv1\.3\s+[A-Z0-9_]+\)\s+by abc\.com\s+with ESMTPSA/);
    }
  }
});

testWithServer("swaks is refused what it must be", async (peer) => {
  const status = async (...args: readonly string[]) => (await run("swaks", args)).status;
  const wrong = ["--auth-user", "alice", "--auth-password", "wrong"];
  assert.equal(await status(...at(peer), ...ENVELOPE, ...wrong, "-a", "PLAIN"), 28);
  // A mechanism that is not offered is not tried.
  assert.equal(await status(...at(peer), ...ENVELOPE, ...LOGIN, "-a", "CRAM-MD5"), 28);
  assert.equal(await status(...at(peer), ...ENVELOPE.slice(0, 2), "--to", "a@other.example"), 24);
  assert.equal(await status(...at(peer, "submission"), ...ENVELOPE), 23); // MAIL before AUTH
  assert.deepEqual(await peer.takeBobsMail(), []);
});

testWithServer("swaks pipelines a transaction", async (peer) => {
  const said = await runWell("swaks", [...at(peer), ...ENVELOPE, "--pipeline", "-d", MESSAGE]);
  const dialogue = said.split("\n").filter((line) => /^ ?(->|<-)/.test(line));
  const mail = dialogue.findIndex((line) => line.includes("MAIL FROM"));
  assert.deepEqual(dialogue.slice(mail, mail + 6).map((line) => line.slice(0, 8).trim()), [
    ...["-> MAIL", "-> RCPT", "-> DATA"],
    ...["<-  250", "<-  250", "<-  354"],
  ]);
  assert.ok((await peer.takeBobsMail())[0]!.endsWith(BODY));
});

testWithServer("swaks delivers by LMTP, one answer for each recipient", async (peer) => {
  const to = ["--to", "bob@abc.com,nobody@abc.com,alice@abc.com", "--from", "x@other.example"];
  const said = await runWell("swaks", [
    ...[...at(peer, "lmtp"), "--protocol", "LMTP", ...to, "--data", MESSAGE],
  ]);
  assert.match(said, /^ -> LHLO /m);
  assert.match(said, /^<\*\* 550 5\.1\.1 /m);
  assert.equal(said.match(/^<- {2}250 2\.0\.0 Accepted as /gm)?.length, 2);
  const [mail] = await peer.takeBobsMail();
  assert.match(mail!, /\s+with LMTP id\s/);
  assert.ok(mail!.endsWith(BODY));
});

testWithServer("swaks speaks for another address by XCLIENT and by PROXY", async (peer) => {
  const proxied = [
    ...["--proxy-source", "203.0.113.9", "--proxy-source-port", "4711"],
    ...["--proxy-dest", "203.0.113.25", "--proxy-dest-port", "25"],
  ];
  const ways = [
    ["--xclient-addr", "203.0.113.9", "--xclient-name", "client.example"],
    ["--proxy-version", "1", "--proxy-family", "TCP4", ...proxied],
    ["--proxy-version", "2", "--proxy-family", "AF_INET", ...proxied],
  ];
  for (const way of ways) {
    await runWell("swaks", [...at(peer), ...ENVELOPE, ...way, "--data", MESSAGE]);
    const [mail] = await peer.takeBobsMail();
    assert.match(mail!, /Received: from \S+ \((client\.example )?\[203\.0\.113\.9\]\)/);
  }
}, ["--trust", "127.0.0.1/32", "--allow-plain-auth"]);
