/** Reports between two servers, read by Python's email parser: RFC 3464, RFC 3461, RFC 6533. */
import assert from "$assert";
import { runSmtpc, type Smtpd, startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder, until } from "../support.ts";

interface Part {
  readonly type: string;
  /** One object for each message within: the groups of a status, or a returned message. */
  readonly groups: readonly Readonly<Record<string, string>>[];
  readonly text: string;
}

interface Report {
  readonly type: string;
  readonly reportType: string;
  readonly subject: string;
  readonly defects: readonly string[];
  readonly parts: readonly Part[];
}

/** Reads a mailbox by POP3 and says what Python makes of each message. */
const READER = `
import email, email.policy, json, poplib, sys
box = poplib.POP3("127.0.0.1", int(sys.argv[1]))
box.user("alice"); box.pass_("secret")
def part(each):
    inner = each.get_payload() if each.is_multipart() else []
    text = "" if each.is_multipart() else (each.get_payload(decode=True) or b"").decode()
    return {"type": each.get_content_type(), "text": text,
            "groups": [{k: str(v) for k, v in m.items()} for m in inner]}
def looked_at(message):
    # Python takes every message/* for one that is not encoded, which RFC 6532 §3.7 allows in these.
    parts = message.get_payload()
    plain = [p for p in parts if not p.get_content_type().startswith("message/global")]
    return [message] + [m for p in plain for m in p.walk()]
found = []
for n in range(1, len(box.list()[1]) + 1):
    raw = b"\\r\\n".join(box.retr(n)[1])
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found.append({"type": message.get_content_type(), "subject": message["Subject"],
                  "reportType": message.get_param("report-type"),
                  "defects": [repr(d) for m in looked_at(message) for d in m.defects],
                  "parts": [part(each) for each in message.get_payload()]})
box.quit()
print(json.dumps(found))
`;

async function reportsOf(port: number): Promise<readonly Report[]> {
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", READER, `${port}`],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** abc.com with alice and xyz.com with bob, each with a route to the other. */
async function withTwo(run: (a: Smtpd) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  // Each needs the other's port, so one is asked for first and used again.
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr as Deno.NetAddr;
  probe.close();
  await using b = await startSmtpd([
    ...["--port", "0", "--domain", "xyz.com", "--user", "bob:hunter2", "--user", "böb:hunter2"],
    ...["--route", `abc.com=127.0.0.1:${port}`, "--data", `${folder.path}/b`],
  ]);
  await using a = await startSmtpd([
    ...["--port", `${port}`, "--pop3-port", "0", "--domain", "abc.com", "--user", "alice:secret"],
    ...["--route", `xyz.com=127.0.0.1:${b.ports["smtp"]}`, "--verify-recipients", "never"],
    ...["--data", `${folder.path}/a`],
  ]);
  await run(a);
}

Deno.test({
  name: "Python's email parser reads the reports of two servers",
  ignore: !canRun,
  fn: () =>
    withTwo(async ({ ports }) => {
      const send = async (to: string, ...wishes: readonly string[]) => {
        const ran = await runSmtpc([
          ...["send", "127.0.0.1", `${ports["smtp"]}`, "--user", "alice"],
          ...["--from", "alice@abc.com", "--to", to, "--subject", "Grüße", "--body", "Hallö"],
          ...wishes,
        ], { password: "secret" });
        assert.equal(ran.status, 0, ran.stderr);
      };
      const newest = (count: number) =>
        until(`${count} reports`, async () => {
          const found = await reportsOf(ports["pop3"]!);
          return found.length >= count ? found.at(-1)! : null;
        }, 60_000);

      await send("böb@xyz.com", "--dsn", "success,failure", "--envid", "letter 1");
      const delivered = await newest(1);
      assert.equal(delivered.type, "multipart/report");
      assert.equal(delivered.reportType, "delivery-status");
      assert.equal(delivered.subject, "Your message was delivered");
      assert.deepEqual(delivered.defects, []);
      const [people, status, returned] = delivered.parts;
      assert.match(people!.text, /böb@xyz\.com/);
      assert.equal(status!.type, "message/delivery-status");
      assert.equal(status!.groups[0]!["Original-Envelope-Id"], "letter 1");
      assert.equal(status!.groups[0]!["Reporting-MTA"], "dns; xyz.com");
      assert.equal(status!.groups[1]!["Original-Recipient"], "utf-8; b\\x{F6}b@xyz.com");
      assert.equal(status!.groups[1]!["Final-Recipient"], "utf-8; b\\x{F6}b@xyz.com");
      assert.equal(status!.groups[1]!["Action"], "delivered");
      assert.equal(returned!.type, "message/global-headers");

      await send("nobody@xyz.com", "--ret", "full", "--envid", "letter 2");
      const failed = await newest(2);
      assert.deepEqual(failed.defects, []);
      assert.equal(failed.parts[1]!.groups[1]!["Action"], "failed");
      assert.equal(failed.parts[1]!.groups[1]!["Status"], "5.1.1");
      assert.equal(failed.parts[2]!.type, "message/rfc822");
      assert.equal(failed.parts[2]!.groups[0]!["Subject"], "Grüße");
    }),
});

Deno.test({
  name: "Python's email parser reads that a message is late, and then that it is given up",
  ignore: !canRun,
  async fn() {
    await using folder = await temporaryFolder();
    await using server = await startSmtpd([
      ...["--port", "0", "--pop3-port", "0", "--domain", "abc.com", "--user", "alice:secret"],
      // Nobody listens there.
      ...["--route", "xyz.com=127.0.0.1:1", "--verify-recipients", "never"],
      ...["--retry-schedule", "1s", "--delay-warning", "2s", "--queue-lifetime", "4s"],
      ...["--data", `${folder.path}/a`],
    ]);
    const sent = await runSmtpc([
      ...["send", "127.0.0.1", `${server.ports["smtp"]}`, "--user", "alice"],
      ...[
        "--from",
        "alice@abc.com",
        "--to",
        "böb@xyz.com",
        "--subject",
        "Grüße",
        "--body",
        "Hallö",
      ],
      ...["--envid", "letter 3", "--ret", "full"],
    ], { password: "secret" });
    assert.equal(sent.status, 0, sent.stderr);
    const reports = await until("two reports", async () => {
      const found = await reportsOf(server.ports["pop3"]!);
      return found.length === 2 ? found : null;
    }, 60_000);
    const actions = reports.map((report) => {
      assert.deepEqual(report.defects, []);
      const [, status, returned] = report.parts;
      const [message, recipient] = status!.groups;
      assert.equal(message!["Original-Envelope-Id"], "letter 3");
      assert.equal(recipient!["Final-Recipient"], "utf-8; b\\x{F6}b@xyz.com");
      const until = recipient!["Will-Retry-Until"];
      const waits = until === undefined
        ? null
        : (Date.parse(until) - Date.parse(message!["Arrival-Date"]!)) / 1000;
      return [report.subject, recipient!["Action"], recipient!["Status"], waits, returned!.type];
    });
    assert.deepEqual(actions, [
      ["Your message is delayed", "delayed", "4.4.1", 4, "message/global-headers"],
      ["Your message could not be delivered", "failed", "5.4.7", null, "message/global"],
    ]);
  },
});
