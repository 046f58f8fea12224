/** TLS with clients from elsewhere: openssl, Python and curl. */
import assert from "$assert";
import { run, runWell, testWithServer } from "./run.ts";

const PYTHON = `
import poplib, smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
smtp_port, smtps_port, pop3_port, pop3s_port = map(int, sys.argv[2:])
message = "Subject: python\\r\\n\\r\\nHi\\r\\n"
with smtplib.SMTP("localhost", smtp_port) as smtp:
    smtp.starttls(context=context)
    smtp.login("alice", "secret")
    smtp.sendmail("alice@abc.com", ["alice@abc.com"], message)
with smtplib.SMTP_SSL("localhost", smtps_port, context=context) as smtp:
    smtp.login("alice", "secret")
    smtp.sendmail("alice@abc.com", ["alice@abc.com"], message)
pop = poplib.POP3("localhost", pop3_port)
pop.stls(context=context)
pop.user("alice")
pop.pass_("secret")
assert pop.stat()[0] == 2
pop.quit()
pop = poplib.POP3_SSL("localhost", pop3s_port, context=context)
assert "STLS" not in pop.capa()
pop.quit()
print("all well")
`;

/** All of it at once: what is sent ahead waits for its turn, under TLS as in clear. */
const TRANSACTION = [
  ...["EHLO client.example", "AUTH PLAIN AGFsaWNlAHNlY3JldA==", "MAIL FROM:<alice@abc.com>"],
  ...["RCPT TO:<bob@abc.com>", "DATA", "Subject: openssl", "", "..", "...two", "end", "."],
  ...["QUIT", ""],
].join("\n");

testWithServer("openssl opens TLS on every port, and sends and reads by hand", async (peer) => {
  const { smtp, submission, smtps, pop3, pop3s } = peer.ports;
  const open = (port: number | undefined, flags: readonly string[], stdin: string) =>
    // It stays until the server leaves, and not only to the end of its input.
    runWell("openssl", [
      ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", peer.ca, "-ign_eof"],
      ...["-verify_return_error", "-verify_ip", "127.0.0.1", "-crlf", ...flags],
    ], { stdin });
  const startTls = ["-starttls", "smtp"];
  for (const version of ["-tls1_2", "-tls1_3"]) {
    for (const [port, ...how] of [[smtp, ...startTls], [submission, ...startTls], [smtps]]) {
      const said = await open(Number(port), [version, ...how.map(String)], TRANSACTION);
      assert.match(said, /Verify return code: 0 \(ok\)/);
      assert.match(said, /\r\n235 2\.7\.0 .*\r\n250 .*\r\n250 .*\r\n354 .*\r\n250 .*\r\n221 /);
    }
  }
  const list = "USER bob\nPASS hunter2\nSTAT\nRETR 6\nQUIT\n";
  for (const [port, ...how] of [[pop3, "-starttls", "pop3"], [pop3s]]) {
    const said = await open(Number(port), how.map(String), list);
    assert.match(said, /^\+OK 6 \d+\r$/m);
    assert.match(said, /\r\nSubject: openssl\r\n\r\n\.\.\r\n\.\.\.two\r\nend\r\n\.\r\n/);
  }
  const [old, , , recent] = await peer.takeBobsMail();
  assert.match(old!, /\(TLSv1\.2\s+[A-Z0-9_]+\)\s+by abc\.com\s+with ESMTPSA/);
  assert.match(recent!, /\(TLSv1\.3\s+[A-Z0-9_]+\)\s+by abc\.com\s+with ESMTPSA/);
  assert.ok(recent!.endsWith("\r\nSubject: openssl\r\n\r\n.\r\n..two\r\nend\r\n"), recent);
});

testWithServer(
  "Python and curl speak TLS with us",
  async ({ ports, folder, ca }) => {
    const { smtp, smtps, pop3, pop3s } = ports;
    await Deno.writeTextFile(`${folder}/client.py`, PYTHON);
    const numbers = [smtp, smtps, pop3, pop3s].map(String);
    const ran = await run("python3", [`${folder}/client.py`, ca, ...numbers]);
    assert.equal(ran.stdout, "all well\n", ran.stderr);

    await Deno.writeTextFile(`${folder}/m`, "Subject: curl\r\n\r\nHi\r\n");
    const curl = ["--silent", "--show-error", "--cacert", ca, "--user", "alice:secret"];
    const upload = [
      ...["--mail-from", "alice@abc.com", "--mail-rcpt", "alice@abc.com"],
      ...["--upload-file", `${folder}/m`],
    ];
    for (const at of [[`smtps://localhost:${smtps}`], ["--ssl-reqd", `smtp://localhost:${smtp}`]]) {
      const sent = await run("curl", [...curl, ...upload, ...at]);
      assert.equal(sent.status, 0, sent.stderr);
    }
    for (
      const at of [[`pop3s://localhost:${pop3s}/1`], ["--ssl-reqd", `pop3://localhost:${pop3}/4`]]
    ) {
      const read = await run("curl", [...curl, ...at]);
      assert.match(read.stdout, /\(TLSv1\.3 [^)]*\)\s+by\s+abc\.com\s+with ESMTPSA/, read.stderr);
    }
  },
);
