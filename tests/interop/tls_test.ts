/** TLS with clients from elsewhere: openssl, Python and curl. */
import assert from "$assert";
import { startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder } from "../support.ts";

async function run(program: string, args: readonly string[], stdin = "") {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  // openssl leaves at the end of its input, and would not wait for an answer.
  const late = setTimeout(() => void writer.close().catch(() => {}), stdin === "" ? 0 : 2_000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(late);
  const text = new TextDecoder();
  return { status: code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

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

Deno.test({
  name: "openssl, Python and curl speak TLS with us, on every port",
  ignore: !canRun,
  async fn() {
    await using folder = await temporaryFolder();
    await using server = await startSmtpd([
      ...["--port", "0", "--smtps-port", "0", "--pop3-port", "0", "--pop3s-port", "0"],
      ...["--domain", "abc.com", "--user", "alice:secret", "--tls", "self-signed"],
      ...["--data", `${folder.path}/data`],
    ]);
    const ca = `${folder.path}/data/self-signed.crt`;
    const { smtp, smtps, pop3, pop3s } = server.ports;

    for (
      const [port, ...flags] of [[smtp, "-starttls", "smtp"], [pop3, "-starttls", "pop3"], [smtps]]
    ) {
      const opened = await run("openssl", [
        ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", ca, "-verify_return_error"],
        ...["-crlf", ...flags.map(String)],
      ], "QUIT\n");
      assert.match(opened.stdout, /Verify return code: 0 \(ok\)/, opened.stderr);
    }

    await Deno.writeTextFile(`${folder.path}/client.py`, PYTHON);
    const ports = [smtp, smtps, pop3, pop3s].map(String);
    const ran = await run("python3", [`${folder.path}/client.py`, ca, ...ports]);
    assert.equal(ran.stdout, "all well\n", ran.stderr);

    await Deno.writeTextFile(`${folder.path}/m`, "Subject: curl\r\n\r\nHi\r\n");
    const curl = ["--silent", "--show-error", "--cacert", ca, "--user", "alice:secret"];
    const upload = [
      ...["--mail-from", "alice@abc.com", "--mail-rcpt", "alice@abc.com"],
      ...["--upload-file", `${folder.path}/m`],
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
});
