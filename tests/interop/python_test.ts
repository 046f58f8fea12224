/** Python's smtplib against our server: addresses in UTF-8 and reports, under TLS. */
import assert from "$assert";
import { runWell, takeMail, testWithServer } from "./run.ts";

const CLIENT = `
import smtplib, ssl, sys
from email.message import EmailMessage
from email.policy import SMTPUTF8

port, context = int(sys.argv[1]), ssl.create_default_context(cafile=sys.argv[2])

def session():
    smtp = smtplib.SMTP("localhost", port)
    smtp.starttls(context=context)
    smtp.login("alice@abc.com", "secret")
    return smtp

message = EmailMessage(policy=SMTPUTF8)
message["From"], message["To"] = "alice@abc.com", "Böb <böb@abc.com>"
message["Subject"] = "Größe"
message.set_content("Zeile\\n.\\n..\\nä\\n", cte="8bit")
with session() as smtp:
    for name in ["smtputf8", "8bitmime", "dsn", "chunking", "pipelining", "enhancedstatuscodes"]:
        assert smtp.has_extn(name), name
    assert smtp.esmtp_features["size"] == "26214400"
    assert not smtp.has_extn("starttls")
    assert smtp.send_message(message) == {}

with session() as smtp:
    refused = smtp.sendmail(
        "alice@abc.com", ["bob@abc.com", "nobody@abc.com"], b"Subject: wishes\\r\\n\\r\\nHi\\r\\n",
        mail_options=["RET=HDRS", "ENVID=letter+204"],
        rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;robert+2Bx@abc.com"])
    assert refused == {"nobody@abc.com": (550, b"5.1.1 There is no such user here")}, refused
    for options in [["RET=SOME"], ["RET=HDRS", "RET=FULL"], ["NOTIFY=NEVER"]]:
        try:
            smtp.sendmail("alice@abc.com", ["bob@abc.com"], b"", mail_options=options)
            raise AssertionError(options)
        except smtplib.SMTPSenderRefused as error:
            assert error.smtp_code in (501, 555), error
    try:
        smtp.sendmail("alice@abc.com", ["bob@abc.com"], b"", rcpt_options=["NOTIFY=NEVER,DELAY"])
        raise AssertionError("NEVER stands alone")
    except smtplib.SMTPRecipientsRefused as error:
        assert error.recipients["bob@abc.com"][0] == 501, error.recipients

with session() as smtp:
    # RFC 1870 §6.1: the size that is said decides, before the content comes.
    assert smtp.docmd("MAIL FROM:<alice@abc.com>", "SIZE=26214401")[0] == 552
    assert smtp.docmd("MAIL FROM:<alice@abc.com>", "SIZE=26214400")[0] == 250
print(message.as_bytes(policy=SMTPUTF8).decode(), end="")
`;

testWithServer("Python's smtplib sends UTF-8 and asks for reports", async (peer) => {
  await Deno.writeTextFile(`${peer.folder}/client.py`, CLIENT);
  const port = `${peer.ports["submission"]}`;
  const message = await runWell("python3", [`${peer.folder}/client.py`, port, peer.ca]);

  const [mail] = await takeMail(peer.ports["pop3"]!, { user: "böb", password: "hunter2" });
  assert.match(mail!, /\s+with UTF8SMTPSA id\s/);
  // Without a date and an id of its own it gets both, in front of the header that it has.
  assert.ok(mail!.replaceAll("\r\n", "\n").endsWith(message.replaceAll("\r\n", "\n")), mail);
  assert.match(mail!, /^Message-ID: /m);

  const [report] = await peer.takeAlicesMail();
  assert.match(report!, /^Original-Envelope-Id: letter 4\r$/m);
  assert.match(report!, /^Original-Recipient: rfc822; ?robert\+x@abc\.com\r$/m);
  assert.match(report!, /^Final-Recipient: rfc822; bob@abc\.com\r$/m);
  assert.match(report!, /^Action: delivered\r$/m);
});
