/**
 * Postfix on both ends of our server: mail from us to it, from it to us, and from it through us
 * back to it. Its log says what it heard and said, and its reports what it understood.
 */
import assert from "$assert";
import { encode } from "../../lib/wire/bytes.ts";
import { runSmtpc, startSmtpd } from "../process/programs.ts";
import { canRun, temporaryFolder, until } from "../support.ts";
import { freePort, type PostfixDovecot, startPostfixDovecot } from "./postfix.ts";
import { runWell, takeMail } from "./run.ts";

interface Both {
  readonly ports: Readonly<Record<string, number>>;
  readonly postfix: PostfixDovecot;
  /** What Postfix logs from now on, once there is something that matches. */
  logged(what: RegExp): Promise<string>;
}

Deno.test({
  name: "mail goes to Postfix, from Postfix, and through us",
  ignore: !canRun,
  fn: async (test) => {
    await using folder = await temporaryFolder();
    const smtpPort = freePort();
    await using ours = await startSmtpd([
      ...["--port", "0", "--submission-port", "0", "--lmtp-port", "0", "--pop3-port", "0"],
      ...["--domain", "abc.com", "--domain", "lmtp.abc.com", "--tls", "self-signed"],
      ...["--user", "alice:secret", "--user", "böb:hunter2", "--user", "x@lmtp.abc.com:secret"],
      ...["--allow-sender", "alice=*", "--route", `postfix.example=127.0.0.1:${smtpPort}`],
      ...["--data", `${folder.path}/ours`],
    ]);
    const { ports } = ours;
    await using postfix = await startPostfixDovecot(folder.path, {
      smtpPort,
      ours: {
        smtpPort: ports["smtp"]!,
        submissionPort: ports["submission"]!,
        lmtpPort: ports["lmtp"]!,
      },
    });
    const logged = (what: RegExp) =>
      until(`${what} in Postfix's log`, async () => {
        const log = await postfix.log();
        return what.test(log) ? log : null;
      }, 30_000);
    const both: Both = { ports, postfix, logged };
    await test.step("to Postfix with TLS, BDAT, SMTPUTF8 and DSN", () => sendTo(both));
    await test.step("from Postfix with TLS, in one group, SMTPUTF8 and DSN", () => takeFrom(both));
    await test.step("from Postfix by LMTP, recipient by recipient", () => takeByLmtp(both));
    await test.step("from Postfix through us to Postfix, byte by byte", () => passThrough(both));
  },
});

interface Injected {
  readonly from: string;
  readonly to: readonly string[];
  readonly mailOptions: readonly string[];
  readonly rcptOptions: readonly string[];
}

/** Gives a message to a server as it is, with Python's smtplib. */
async function inject(port: number, envelope: Injected, message: Uint8Array): Promise<void> {
  const script = `
import json, smtplib, sys
port, e = int(sys.argv[1]), json.loads(sys.argv[2])
with smtplib.SMTP("127.0.0.1", port) as smtp:
    refused = smtp.sendmail(e["from"], e["to"], bytes.fromhex(sys.stdin.read()),
                            e["mailOptions"], e["rcptOptions"])
    assert refused == {}, refused
`;
  const args = ["-c", script, `${port}`, JSON.stringify(envelope)];
  await runWell("python3", args, { stdin: message.toHex() });
}

function carolsMail(postfix: PostfixDovecot): Promise<Uint8Array> {
  return until("mail for Carol", async () => {
    const [first, another] = await postfix.takeCarolsMail();
    assert.equal(another, undefined);
    return first;
  }, 30_000);
}

/** Once Postfix has said that it is here. */
async function oursMail({ ports }: Both, user: string, password: string): Promise<string> {
  const [first, another] = await takeMail(ports["pop3"]!, { user, password });
  assert.equal(another, undefined);
  return first ?? assert.fail(`there is no mail for ${user}`);
}

const LETTER = [
  ...["From: alice@abc.com", "To: Jürgen <jürgen@postfix.example>", "Subject: cheese"],
  ...["Message-ID: <1@abc.com>", "Date: Tue, 24 Nov 2026 08:00:00 +0000", "MIME-Version: 1.0"],
  ...["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""],
  ...["Grüße", ".", "..two", "end", ""],
].join("\n");

async function sendTo(both: Both): Promise<void> {
  const { ports, postfix, logged } = both;
  const sent = await runSmtpc([
    ...["send", "127.0.0.1", `${ports["submission"]}`, "--user", "alice", "--file", "-"],
    ...["--to", "jürgen@postfix.example", "--dsn", "success", "--envid", "letter 1"],
    ...["--ret", "hdrs"],
  ], { password: "secret", stdin: LETTER });
  assert.equal(sent.status, 0, sent.stderr);

  const arrived = new TextDecoder().decode(await carolsMail(postfix));
  assert.match(arrived, /^Received: from abc\.com .*\n\t\(using TLSv1\.3 with cipher /m);
  assert.match(arrived, /^\tby postfix\.example \(Postfix\) with UTF8SMTPS id /m);
  assert.ok(arrived.endsWith(`\n${LETTER}`), arrived);

  const log = await logged(/: < \S+: BDAT/);
  assert.match(log, /Anonymous TLS connection established from \S+: TLSv1\.3/);
  const mail = /< \S+: MAIL FROM:<alice@abc\.com> SIZE=\d+ (.*)$/m;
  // The first transaction is the question whether she exists.
  const asked = [...log.matchAll(new RegExp(mail, "mg"))].map(([, options]) => options);
  assert.deepEqual(asked.at(-1)?.split(" "), [
    ...["BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=letter+201"],
  ]);
  assert.match(
    log,
    /RCPT TO:<jürgen@postfix\.example> NOTIFY=SUCCESS ORCPT=utf-8;j\S+@postfix\.example$/m,
  );
  assert.match(log, /< \S+: BDAT \d+ LAST$/m);

  // Postfix reports to Alice, with what she gave it; so mail comes from there, too.
  await logged(/postfix\/smtp\[\d+\]: \S+ to=<alice@abc\.com>.* status=sent/);
  const report = await oursMail(both, "alice", "secret");
  assert.match(report, /^Reporting-MTA: dns; postfix\.example\r$/m);
  assert.match(report, /^Original-Envelope-Id: letter 1\r$/m);
  assert.match(report, /^Action: delivered\r$/m);
}

const SENT_TO_BOB = /postfix\/smtp\[\d+\]: \S+ to=<böb@abc\.com>.* status=sent \(250 2\.0\.0/;

async function takeFrom(both: Both): Promise<void> {
  const { postfix, logged } = both;
  const letter = LETTER.replaceAll("\n", "\r\n");
  await inject(postfix.smtpPort, {
    from: "carol@postfix.example",
    to: ["böb@abc.com"],
    mailOptions: ["SMTPUTF8", "BODY=8BITMIME", "ENVID=letter+202", "RET=HDRS"],
    rcptOptions: ["NOTIFY=SUCCESS,FAILURE"],
  }, encode(letter));

  const log = await logged(SENT_TO_BOB);
  const arrived = await oursMail(both, "böb", "hunter2");
  assert.match(
    arrived,
    /^Return-Path: <carol@postfix\.example>\r\nReceived: from postfix\.example /,
  );
  assert.match(arrived, /\(TLSv1\.3\s+\S+\)\s+by abc\.com\s+with UTF8SMTPS id\s/);
  assert.ok(arrived.endsWith(`\r\n${letter}`), arrived);

  assert.match(log, /TLS connection established to 127\.0\.0\.1\S+: TLSv1\.3/);
  const lines = log.split("\n").filter((line) => /postfix\/smtp\[\d+\]: [<>] /.test(line))
    .map((line) => line.replace(/^.*: ([<>]) \S+: /, "$1 "));
  const mail = lines.findIndex((line) => line.startsWith("> MAIL FROM:<carol"));
  assert.match(lines[mail]!, / SIZE=\d+ BODY=8BITMIME ENVID=letter\+202 RET=HDRS SMTPUTF8$/);
  assert.match(
    lines[mail + 1]!,
    /^> RCPT TO:<böb@abc\.com> ORCPT=rfc822;b\+C3\+B6b@abc\.com NOTIFY=SUCCESS,FAILURE$/,
  );
  // RFC 2920: in one group.
  assert.deepEqual(lines.slice(mail + 2, mail + 6).map((line) => line.slice(0, 5)), [
    ...["> DAT", "< 250", "< 250", "< 354"],
  ]);

  // We report to Carol.
  const report = new TextDecoder().decode(await carolsMail(postfix));
  assert.match(report, /^Reporting-MTA: dns; abc\.com$/m);
  assert.match(report, /^Original-Envelope-Id: letter 2$/m);
  assert.match(report, /^Action: delivered$/m);
}

async function takeByLmtp(both: Both): Promise<void> {
  const letter = LETTER.replace(/^To: .*$/m, "To: x@lmtp.abc.com").replaceAll("\n", "\r\n");
  const { postfix, logged } = both;
  await inject(postfix.smtpPort, {
    from: "carol@postfix.example",
    to: ["x@lmtp.abc.com", "nobody@lmtp.abc.com"],
    mailOptions: ["BODY=8BITMIME"],
    rcptOptions: ["NOTIFY=NEVER"],
  }, encode(letter));
  await logged(/lmtp\[\d+\]: \S+ to=<x@lmtp\.abc\.com>.* status=sent \(250 2\.0\.0/);
  await logged(/lmtp\[\d+\]: \S+ to=<nobody@lmtp\.abc\.com>.* dsn=5\.1\.1, status=bounced/);
  const arrived = await oursMail(both, "x@lmtp.abc.com", "secret");
  assert.match(arrived, /\s+with LMTPS? id\s/);
  assert.ok(arrived.endsWith(`\r\n${letter}`), arrived);
}

/** All that may make trouble on the way, and no line longer than RFC 5321 §4.5.3.1.6 allows. */
const AWKWARD = [
  ...["From: carol@postfix.example", "To: carol@postfix.example", "Subject:  two  spaces \t"],
  ...["X-Folded: one", "\ttwo", " three", "X-Empty:", "x-lower: kept", "Message-ID: <2@a.example>"],
  ...["Date: Tue, 24 Nov 2026 08:00:00 +0000", "Subject: again", "", "", ".", "..", "...", ".x"],
  ...["From here on", "trailing \t ", "\x01\x02\x7f\x80\xfe\xff", "ä".repeat(998), "", "", ""],
].join("\r\n");

async function passThrough(both: Both): Promise<void> {
  const { postfix, logged } = both;
  const message = Uint8Array.from(AWKWARD, (character) => character.charCodeAt(0));
  await inject(postfix.throughUsPort, {
    from: "carol@postfix.example",
    to: ["carol@postfix.example"],
    mailOptions: ["BODY=8BITMIME"],
    rcptOptions: [],
  }, message);
  const latin1 = new TextDecoder("latin1");
  const arrived = latin1.decode(await carolsMail(postfix));
  const sent = latin1.decode(message).replaceAll("\r\n", "\n");
  assert.ok(arrived.endsWith(`\n${sent}`), JSON.stringify(arrived));
  // What stands in front is what three servers have put there, and nothing else.
  const trace = arrived.slice(0, -sent.length).replaceAll(/\n[ \t]+/g, " ").trimEnd().split("\n");
  assert.deepEqual(trace.map((line) => /^\S+: (from \S+ )?/.exec(line)?.[0]), [
    ...["Return-Path: ", "X-Original-To: ", "Delivered-To: ", "Received: from abc.com "],
    ...["Received: from postfix.example ", "Received: from [127.0.0.1] "],
  ]);
  assert.match(trace[4]!, / by abc\.com with ESMTPSA id /);
  await logged(/> \S+: AUTH SCRAM-SHA-256/);
}
