/** curl, and Python's smtplib and poplib, against our server. */
import assert from "$assert";
import { run, testWithServer } from "./run.ts";
import { until } from "../support.ts";

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

testWithServer("curl sends with AUTH, lists, retrieves, and deletes", async ({ ports, folder }) => {
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

testWithServer("Python's smtplib and poplib do their work", async ({ ports, folder }) => {
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

testWithServer("poplib reads headers in UTF-8 when it asks for them", async ({ ports, folder }) => {
  const script = `
import poplib, smtplib, sys

smtp_port, pop3_port = int(sys.argv[1]), int(sys.argv[2])
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.login("alice@abc.com", "secret")
    smtp.sendmail("alice@abc.com", ["bob@abc.com"], "Subject: Größe\\r\\n\\r\\nä\\r\\n".encode(),
                  mail_options=["SMTPUTF8", "BODY=8BITMIME"])
for utf8 in (False, True):
    pop = poplib.POP3("127.0.0.1", pop3_port)
    assert pop.capa()["UTF8"] == ["USER"]
    if utf8:
        pop.utf8()
    pop.user("bob")
    pop.pass_("hunter2")
    _, lines, _ = pop.retr(1)
    written = "Größe" if utf8 else "=?UTF-8?B?R3LDtsOfZQ==?="
    assert f"Subject: {written}".encode() in lines, lines
    assert lines[-1] == "ä".encode()
    pop.quit()
print("all well")
`;
  await Deno.writeTextFile(`${folder}/utf8.py`, script);
  const args = [`${folder}/utf8.py`, `${ports["smtp"]}`, `${ports["pop3"]}`];
  const ran = await until("Python", () => run("python3", args), 60_000);
  assert.equal(ran.stdout, "all well\n", ran.stderr);
});
