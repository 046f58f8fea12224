/** Clients from elsewhere against our server: curl, swaks, and Python's smtplib and poplib. */
import assert from "$assert";
import { type Smtpd, startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder, until } from "../support.ts";

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, args: readonly string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const text = new TextDecoder();
  return { status: code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** One server with alice and bob, reached at its SMTP and POP3 ports. */
async function withServer(
  fn: (server: Smtpd, folder: string) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  await using server = await startSmtpd([
    ...["--port", "0", "--pop3-port", "0", "--domain", "abc.com"],
    ...["--user", "alice:secret", "--user", "bob:hunter2", "--data", `${folder.path}/data`],
  ]);
  await fn(server, folder.path);
}

function test(name: string, fn: (server: Smtpd, folder: string) => Promise<void>): void {
  Deno.test({ name, ignore: !canRun, fn: () => withServer(fn) });
}

const MESSAGE = [
  "From: Alice <alice@abc.com>",
  "To: Bob <bob@abc.com>",
  "Subject: interop",
  "",
  "A line",
  ".",
  "..dots",
  "Ende",
  "",
].join("\r\n");

test("curl sends with AUTH, lists, retrieves, and deletes", async ({ ports }, folder) => {
  await Deno.writeTextFile(`${folder}/mail.eml`, MESSAGE);
  const smtp = `smtp://127.0.0.1:${ports["smtp"]}`;
  const pop3 = `pop3://127.0.0.1:${ports["pop3"]}`;
  const bob = ["--silent", "--show-error", "--user", "bob:hunter2"];
  const from = ["--mail-from", "alice@abc.com", "--upload-file", `${folder}/mail.eml`];
  const sent = await run("curl", [
    ...["--silent", "--show-error", smtp, "--user", "alice:secret", ...from],
    ...["--mail-rcpt", "bob@abc.com", "--mail-rcpt", "alice@abc.com"],
  ]);
  assert.equal(sent.status, 0, sent.stderr);
  const listed = await run("curl", [...bob, `${pop3}/`]);
  assert.match(listed.stdout, /^1 \d+\r?\n$/);
  const got = await run("curl", [...bob, `${pop3}/1`]);
  assert.ok(got.stdout.endsWith(`\r\n${MESSAGE}`) || got.stdout.endsWith(MESSAGE), got.stdout);
  assert.match(got.stdout, /^Return-Path: <alice@abc\.com>\r\nReceived: from /);
  const top = await run("curl", [...bob, `${pop3}/`, "--request", "TOP 1 1"]);
  assert.match(top.stdout, /Subject: interop\r\n\r\nA line\r\n$/);
  const deleted = await run("curl", [...bob, `${pop3}/1`, "--request", "DELE", "--list-only"]);
  assert.equal(deleted.status, 0, deleted.stderr);
  assert.equal((await run("curl", [...bob, `${pop3}/`])).stdout.trim(), "");
  const refused = await run("curl", [
    ...["--silent", smtp, "--user", "alice:wrong", "--mail-rcpt", "bob@abc.com", ...from],
  ]);
  assert.equal(refused.status, 67); // CURLE_LOGIN_DENIED
});

test("swaks logs in with PLAIN and LOGIN, and is refused what it must be", async ({ ports }) => {
  const base = [
    ...["--server", `127.0.0.1:${ports["smtp"]}`, "--from", "alice@abc.com"],
    ...["--to", "bob@abc.com", "--body", "swaks", "--auth-user", "alice"],
  ];
  for (const mechanism of ["PLAIN", "LOGIN"]) {
    const ran = await run("swaks", [...base, "--auth", mechanism, "--auth-password", "secret"]);
    assert.equal(ran.status, 0, ran.stdout);
    assert.match(ran.stdout, /235 2\.7\.0/);
  }
  const wrong = await run("swaks", [...base, "--auth", "PLAIN", "--auth-password", "wrong"]);
  assert.equal(wrong.status, 28, wrong.stdout); // "authentication failed"
  const relay = await run("swaks", [...base.slice(0, 4), "--to", "somebody@elsewhere.example"]);
  assert.equal(relay.status, 24, relay.stdout); // "no recipients accepted"
  const piped = await run("swaks", [...base.slice(0, 6), "--pipeline", "--body", "pipelined"]);
  assert.equal(piped.status, 0, piped.stdout);
});

test("msmtp logs in with SCRAM-SHA-256, and not with a wrong password", async ({ ports }) => {
  const send = (password: string) =>
    run("sh", [
      ...["-c", 'printf "Subject: msmtp\\n\\nHi\\n" | msmtp "$@"', "sh"],
      ...["--host=127.0.0.1", `--port=${ports["smtp"]}`, "--auth=scram-sha-256", "--user=alice"],
      ...[`--passwordeval=echo ${password}`, "--from=alice@abc.com", "--timeout=30", "--debug"],
      "bob@abc.com",
    ]);
  const right = await send("secret");
  assert.equal(right.status, 0, right.stdout + right.stderr);
  assert.match(right.stdout, /AUTH SCRAM-SHA-256/);
  const wrong = await send("wrong");
  assert.equal(wrong.status, 77, wrong.stdout + wrong.stderr); // EX_NOPERM
});

test("Python's smtplib and poplib do their work", async ({ ports }, folder) => {
  const script = `
import poplib, smtplib, sys
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

smtp_port, pop3_port = int(sys.argv[1]), int(sys.argv[2])
message = EmailMessage()
message["From"], message["To"], message["Subject"] = "alice@abc.com", "bob@abc.com", "Größe"
message.set_content("Zeile\\n.\\n..\\nä" + "x" * 400)
message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream",
                       filename="all.bin")
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.login("alice@abc.com", "secret")
    assert smtp.send_message(message) == {}
    try:
        smtp.sendmail("alice@abc.com", ["nobody@abc.com"], message.as_bytes())
        raise AssertionError("nobody was taken")
    except smtplib.SMTPRecipientsRefused as refused:
        assert refused.recipients["nobody@abc.com"][0] == 550
    assert smtp.verify("bob")[0] == 252
    assert smtp.noop()[0] == 250

pop = poplib.POP3("127.0.0.1", pop3_port)
assert "USER" in pop.capa() and "UIDL" in pop.capa()
pop.user("bob")
pop.pass_("hunter2")
assert pop.stat()[0] == 1
_, lines, _ = pop.retr(1)
got = BytesParser(policy=default).parsebytes(b"\\r\\n".join(lines))
assert got["Subject"] == "Größe"
text = got.get_body().get_content().replace("\\r\\n", "\\n").rstrip("\\n")
assert text == "Zeile\\n.\\n..\\nä" + "x" * 400, text
assert next(got.iter_attachments()).get_content() == bytes(range(256))
assert pop.top(1, 0)[1] and pop.uidl(1)
other = poplib.POP3("127.0.0.1", pop3_port)
other.user("bob")
try:
    other.pass_("hunter2")
    raise AssertionError("two at once")
except poplib.error_proto as error:
    assert b"[IN-USE]" in error.args[0]
other.close()
pop.dele(1)
pop.quit()
pop = poplib.POP3("127.0.0.1", pop3_port)
pop.user("bob")
pop.pass_("hunter2")
assert pop.stat() == (0, 0)
pop.quit()
print("all well")
`;
  await Deno.writeTextFile(`${folder}/client.py`, script);
  const args = [`${folder}/client.py`, `${ports["smtp"]}`, `${ports["pop3"]}`];
  const ran = await until("Python", () => run("python3", args), 60_000);
  assert.equal(ran.stdout, "all well\n", ran.stderr);
});
