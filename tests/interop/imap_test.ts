/** Python's imaplib and curl against our server's IMAP. */
import assert from "$assert";
import { runWell, testWithServer } from "./run.ts";

const IMAP = ["--imap-port", "0", "--imaps-port", "0"];

const CLIENT = `
import imaplib, smtplib, ssl, sys, threading, time

smtp_port, imap_port, imaps_port = map(int, sys.argv[1:4])
context = ssl.create_default_context(cafile=sys.argv[4])

def deliver(subject):
    with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        text = f"From: carol@other.test\\r\\nSubject: {subject}\\r\\n\\r\\nHi\\r\\n"
        smtp.sendmail("carol@other.test", ["bob@abc.com"], text)

def ok(answer):
    kind, data = answer
    assert kind == "OK", answer
    return data

deliver("One")
imap = imaplib.IMAP4("localhost", imap_port)
imap.starttls(context)
assert "AUTH=SCRAM-SHA-256" in imap.capabilities, imap.capabilities
try:
    imap.login("bob", "wrong")
    raise AssertionError("a wrong password")
except imaplib.IMAP4.error as error:
    assert b"AUTHENTICATIONFAILED" in error.args[0], error
ok(imap.login("bob", "hunter2"))
names = b" ".join(ok(imap.list()))
for use in [rb"\\Drafts", rb"\\Sent", rb"\\Junk", rb"\\Trash", rb"\\Archive"]:
    assert use in names, names
assert ok(imap.select("INBOX")) == [b"1"]
[(head, body), *_] = ok(imap.fetch("1", "(UID FLAGS RFC822.SIZE BODY.PEEK[])"))
assert b"Subject: One" in body and b"Seen" not in head, (head, body)
assert b'"One"' in ok(imap.fetch("1", "ENVELOPE"))[0]
assert rb"FLAGS (\\Seen" in ok(imap.store("1", "+FLAGS", r"(\\Seen)"))[0]
assert ok(imap.search(None, "SEEN")) == [b"1"]
assert ok(imap.search(None, "SUBJECT", "two")) == [b""]

ok(imap.create("Work/Plans"))
date = imaplib.Time2Internaldate(1000000000)
ok(imap.append("Work/Plans", r"(\\Flagged wish)", date, b"Subject: Plan\\r\\n\\r\\nSecret\\r\\n"))
ok(imap.copy("1", "Work/Plans"))
[status] = ok(imap.status("Work/Plans", "(MESSAGES UIDNEXT)"))
assert status.endswith(b"(MESSAGES 2 UIDNEXT 3)"), status
assert ok(imap.select("Work/Plans")) == [b"2"]
[found] = ok(imap.fetch("1", "(FLAGS INTERNALDATE)"))
assert rb"\\Flagged" in found and b"wish" in found and b"Sep-2001" in found, found
assert ok(imap.search(None, "BODY", "secret")) == [b"1"]
ok(imap.uid("MOVE", "1", "Trash"))
assert ok(imap.search(None, "ALL")) == [b"1"]
ok(imap.rename("Work", "Play"))
assert b"Play/Plans" in b" ".join(ok(imap.list()))
ok(imap.close())

# What one session does, another that waits is told at once.
ok(imap.select("INBOX"))
other = imaplib.IMAP4_SSL("localhost", imaps_port, ssl_context=context)
ok(other.login("bob@abc.com", "hunter2"))
ok(other.select("INBOX"))
tag = other._new_tag()
other.send(tag + b" IDLE\\r\\n")
assert other.readline().startswith(b"+")
deliver("Two")
assert other.readline().startswith(b"* 2 EXISTS")
ok(imap.store("1", "+FLAGS", r"(\\Deleted)"))
ok(imap.expunge())
heard = b""
while b"EXPUNGE" not in heard:
    heard += other.readline()
other.send(b"DONE\\r\\n")
while not other.readline().startswith(tag + b" OK"):
    pass
assert ok(other.search(None, "ALL")) == [b"1"]
assert b"Two" in ok(other.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])"))[0][1]
for each in [imap, other]:
    assert each.logout()[0] == "BYE"
print("all well")
`;

testWithServer("Python's imaplib does its work, over STARTTLS and implicit TLS", async (peer) => {
  await Deno.writeTextFile(`${peer.folder}/client.py`, CLIENT);
  const { smtp, imap, imaps } = peer.ports;
  const args = [...[smtp, imap, imaps].map(String), peer.ca];
  assert.equal(await runWell("python3", [`${peer.folder}/client.py`, ...args]), "all well\n");
}, IMAP);

testWithServer("curl appends, lists, fetches and searches by IMAP", async (peer) => {
  const { imap, imaps } = peer.ports;
  const mail = "From: alice@abc.com\r\nSubject: by curl\r\n\r\nA line\r\n";
  await Deno.writeTextFile(`${peer.folder}/mail.eml`, mail);
  const curl = (url: string, ...flags: readonly string[]) =>
    runWell("curl", [
      ...["--silent", "--show-error", "--user", "bob:hunter2", "--cacert", peer.ca],
      ...[...flags, url],
    ]);
  const plain = `imap://127.0.0.1:${imap}`;
  const safe = `imaps://localhost:${imaps}`;
  await curl(`${safe}/Sent`, "--upload-file", `${peer.folder}/mail.eml`);
  assert.equal(await curl(`${safe}/Sent;UID=1`), mail);
  assert.equal(await curl(`${safe}/Sent;UID=1/;SECTION=TEXT`), "A line\r\n");
  assert.match(await curl(`${plain}/`), /^\* LIST \(.*\\Sent.*\) "\/" "?Sent"?\r$/m);
  assert.equal(await curl(`${plain}/Sent?SUBJECT%20curl`), "* SEARCH 1\r\n");
  assert.match(await curl(`${plain}/Sent`, "--request", "FETCH 1 FLAGS"), /^\* 1 FETCH \(FLAGS /);
}, IMAP);
