/** nodemailer against our server. */
import assert from "$assert";
import { type NodemailerOptions, sendWithNodemailer } from "./nodemailer.ts";
import { type Peer, takeMail, testWithServer } from "./run.ts";

const BODY = "Subject: nodemailer\r\n\r\n.\r\n..two\r\nend\r\n";

async function options({ ports, ca }: Peer, service: string): Promise<NodemailerOptions> {
  return {
    port: ports[service]!,
    secure: service === "smtps",
    ca: await Deno.readTextFile(ca),
    user: "alice@abc.com",
    password: "secret",
  };
}

testWithServer("nodemailer sends by STARTTLS and by TLS, with both logins", async (peer) => {
  for (const service of ["smtp", "submission", "smtps"]) {
    for (const mechanism of ["PLAIN", "LOGIN"] as const) {
      const access = { ...await options(peer, service), mechanism };
      const sent = await sendWithNodemailer(access, {
        from: "alice@abc.com",
        to: ["bob@abc.com"],
        raw: BODY,
      });
      assert.match(sent.response, /^250 2\.0\.0 Accepted as /);
      const [mail] = await peer.takeBobsMail();
      assert.ok(mail!.endsWith(`\r\n${BODY}`), mail);
      assert.match(mail!, /\s+with ESMTPSA id\s/);
    }
  }
});

testWithServer("nodemailer pipelines, and hears who was refused", async (peer) => {
  const sent = await sendWithNodemailer(await options(peer, "submission"), {
    from: "alice@abc.com",
    to: ["bob@abc.com", "nobody@abc.com"],
    raw: BODY,
  });
  assert.deepEqual([sent.accepted, sent.rejected], [["bob@abc.com"], ["nobody@abc.com"]]);
  const mail = sent.dialogue.findIndex((line) => line.startsWith("C: MAIL"));
  const words = sent.dialogue.slice(mail, mail + 8).map((line) => line.split(" ", 2).join(" "));
  assert.deepEqual(words, [
    ...["C: MAIL", "C: RCPT", "C: RCPT", "C: DATA"],
    ...["S: 250", "S: 250", "S: 550", "S: 354"],
  ]);
});

testWithServer("nodemailer asks for a report of delivery", async (peer) => {
  await sendWithNodemailer(await options(peer, "submission"), {
    from: "alice@abc.com",
    to: ["bob@abc.com"],
    raw: BODY,
    dsn: {
      id: "letter 3+",
      return: "full",
      notify: ["success"],
      recipient: "rfc822;robert@abc.com",
    },
  });
  const [report] = await peer.takeAlicesMail();
  assert.match(report!, /^Original-Envelope-Id: letter 3\+\r$/m);
  assert.match(report!, /^Original-Recipient: rfc822; ?robert@abc\.com\r$/m);
  assert.match(report!, /^Action: delivered\r$/m);
});

testWithServer("nodemailer writes to an address in UTF-8", async (peer) => {
  const raw = `To: böb@abc.com\r\n${BODY}`;
  const sent = await sendWithNodemailer(await options(peer, "submission"), {
    from: "alice@abc.com",
    to: ["böb@abc.com"],
    raw,
  });
  assert.ok(sent.dialogue.some((line) => /^C: MAIL FROM:.* SMTPUTF8/.test(line)));
  const [mail] = await takeMail(peer.ports["pop3"]!, { user: "böb", password: "hunter2" });
  assert.match(mail!, /\s+with UTF8SMTPSA id\s+\S+\s+for <böb@abc\.com>/);
  assert.ok(mail!.endsWith(raw), mail);
});
