import assert from "$assert";
import fc from "$check";
import { firstValue, parseHeader } from "../lib/mail/header.ts";
import { readMessage } from "../lib/mail/read.ts";
import { composeReport, type Report } from "../lib/mail/report.ts";
import { decode, decodeLatin1, encode } from "../lib/wire/bytes.ts";

const REPORT: Report = {
  reportingMta: "abc.com",
  id: "r1",
  now: 0,
  to: { local: "alice", domain: "abc.com" },
  recipients: [{
    address: { local: "Bob", domain: "xyz.com" },
    action: "failed",
    status: "5.1.1",
    diagnostic: "550 5.1.1 No such user here",
    remoteMta: "mx.xyz.com",
    lastAttemptAt: 0,
  }],
  original: encode(
    "Message-ID: <m1@abc.com>\r\nSubject: Hello\r\n\r\nThe text stays private\r\n",
  ),
  arrivedAt: -60_000,
};

Deno.test("composeReport has three parts: for people, for programs, and the header", () => {
  const date = "Thu, 1 Jan 1970 00:00:00 +0000";
  assert.equal(
    decode(composeReport(REPORT)),
    [
      `Date: ${date}`,
      "From: Mail Delivery System <mailer-daemon@abc.com>",
      "To: alice@abc.com",
      "Subject: Your message could not be delivered",
      "Message-ID: <r1@abc.com>",
      "Auto-Submitted: auto-replied",
      "In-Reply-To: <m1@abc.com>",
      "References: <m1@abc.com>",
      "MIME-Version: 1.0",
      "Content-Type: multipart/report; report-type=delivery-status;",
      ' boundary="report-r1"',
      "",
      "--report-r1",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 7bit",
      "",
      "This is the mail server abc.com.",
      "",
      "Your message could not be delivered to:",
      "",
      "  Bob@xyz.com",
      "    mx.xyz.com said: 550 5.1.1 No such user here",
      "",
      "It will not be tried again.",
      "",
      "The details and the header of your message follow.",
      "",
      "--report-r1",
      "Content-Type: message/delivery-status",
      "Content-Transfer-Encoding: 7bit",
      "",
      "Reporting-MTA: dns; abc.com",
      "Arrival-Date: Wed, 31 Dec 1969 23:59:00 +0000",
      "",
      "Final-Recipient: rfc822; Bob@xyz.com",
      "Action: failed",
      "Status: 5.1.1",
      "Remote-MTA: dns; mx.xyz.com",
      "Diagnostic-Code: smtp; 550 5.1.1 No such user here",
      `Last-Attempt-Date: ${date}`,
      "",
      "--report-r1",
      "Content-Type: text/rfc822-headers",
      "Content-Transfer-Encoding: 7bit",
      "",
      "Message-ID: <m1@abc.com>",
      "Subject: Hello",
      "",
      "--report-r1--",
      "",
    ].join("\r\n"),
  );
});

Deno.test("composeReport tells delayed from failed, and our words from a server's", () => {
  const [failed] = REPORT.recipients;
  const delayed = {
    ...failed!,
    address: { local: "böb", domain: "xyz.com" },
    action: "delayed",
    diagnostic: "no connection: timeout",
    remoteMta: null,
    lastAttemptAt: null,
  } as const;
  const text = decode(composeReport({
    ...REPORT,
    recipients: [delayed],
    originalEnvelopeId: "ENV\r\nAction: x",
    original: new Uint8Array(0),
  }));
  assert.match(text, /^Subject: Your message is delayed\r$/m);
  assert.match(text, /^Original-Envelope-Id: ENV\?\?Action: x\r$/m);
  assert.match(text, /^Final-Recipient: utf-8; b\\x\{F6\}b@xyz\.com\r$/m);
  assert.match(text, /^Diagnostic-Code: x-local; no connection: timeout\r$/m);
  assert(!/^(Remote-MTA|Last-Attempt-Date|In-Reply-To)/m.test(text));
  const both = decode(composeReport({ ...REPORT, recipients: [failed!, delayed] }));
  assert.match(both, /^Subject: Your message could not be delivered\r$/m);
  assert.equal(both.match(/^Final-Recipient/mg)?.length, 2);
});

Deno.test("composeReport quotes a hostile header whole and in ASCII", async () => {
  const original = "Subject: \xfc\r\n--report-r1--\r\nX: \0\r\nY: a\rb\nZ: c\r\n";
  const bytes = Uint8Array.from(original, (character) => character.charCodeAt(0));
  const report = composeReport({ ...REPORT, original: bytes });
  assert(report.every((byte) => byte < 128 && byte !== 0));
  assert.match(decode(report), /^--report-r1-1\r$/m);
  const { attachments } = await readMessage(report);
  const quoted = attachments.find(({ type }) => type === "text/rfc822-headers");
  // The reader turns line ends into LF, and adds one.
  assert.equal(decodeLatin1(quoted!.content), `${original.replaceAll("\r\n", "\n")}\n`);
  const long = composeReport({ ...REPORT, original: encode("X: 1\r\n".repeat(20_000)) });
  assert(long.length < 80_000);
});

Deno.test("whatever another server says, a report is a report", async () => {
  const piece = fc.constantFrom(
    "\r\n",
    "\n",
    "--report-r1",
    "Action: delivered",
    "ö",
    "\0",
    " ",
    "x",
  );
  const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
  await fc.assert(
    fc.asyncProperty(text, text, async (words, header) => {
      const [recipient] = REPORT.recipients;
      const report = composeReport({
        ...REPORT,
        recipients: [{ ...recipient!, diagnostic: words, remoteMta: words }],
        original: encode(`Message-ID: ${words}\r\n${header}\r\n\r\n`),
      });
      assert(report.every((byte) => byte < 128));
      assert.equal(firstValue(parseHeader(report), "Auto-Submitted"), "auto-replied");
      assert(decode(report).split("\r\n").every((line) => line.length <= 998));
      const { attachments } = await readMessage(report);
      const status = attachments.filter(({ type }) => type === "message/delivery-status");
      assert.equal(status.length, 1);
      assert.equal(decode(status[0]!.content).match(/^Action: /mg)?.length, 1);
      assert.equal(attachments.length, 2);
    }),
    { numRuns: 50 },
  );
});

Deno.test("composeReport quotes a thousand characters of another server's words", () => {
  const words = `550 ${"word ".repeat(500)}`;
  const [recipient] = REPORT.recipients;
  const report = decode(
    composeReport({ ...REPORT, recipients: [{ ...recipient!, diagnostic: words }] }),
  );
  const unbroken = report.replaceAll("=\r\n", "").replaceAll("\r\n ", " ");
  const quoted = unbroken.match(/550 (?:word )+/g)!;
  // Once for people and once for programs; the last word is whole, and its blank is not quoted.
  assert.deepEqual(quoted.map(({ length }) => length <= 1000 && length > 990), [true, true]);
});
