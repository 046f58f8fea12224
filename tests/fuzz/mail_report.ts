import assert from "$assert";
import { parseMailbox } from "../../lib/mail/address.ts";
import { countFields, firstValue, parseHeader } from "../../lib/mail/header.ts";
import { composeReport } from "../../lib/mail/report.ts";
import { decode, decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { MIME_SEEDS } from "./mime_seeds.ts";
import type { FuzzTarget } from "./target.ts";

const ALICE = parseMailbox("alice@abc.com");
const BOB = parseMailbox("böb@xyz.com", { utf8: true });

export const target: FuzzTarget = {
  name: "mail_report",
  invariant:
    "a report on any message, in any words of another server, is a message of lines that mail " +
    "may have, with one field of each kind, and with three parts that nothing in them ends early",
  seeds: [
    ...MIME_SEEDS,
    "550 5.1.1 no such user\r\n--report-a-1\r\n\r\n",
    "Message-ID: <a@b>\r\nSubject: x\r\n\r\n--report-a\r\n--report-a-1--\r\n.\r\n",
    "Message-ID: <\r\n a@b>\r\nstray\r\n\r\n",
  ].map((seed) => typeof seed === "string" ? encode(seed) : seed),
  run(input) {
    for (const returned of ["FULL", "HDRS"] as const) check(input, returned);
  },
};

function check(input: Uint8Array, returned: "FULL" | "HDRS"): void {
  const words = decode(input);
  const report = composeReport({
    reportingMta: "mx.abc.com",
    id: "a",
    now: 0,
    to: ALICE,
    recipients: [{
      address: BOB,
      orcpt: "rfc822;bob@xyz.com",
      action: "failed",
      status: "5.1.1",
      diagnostic: words,
      remoteMta: words,
      lastAttemptAt: 0,
    }],
    original: input,
    returned,
    originalEnvelopeId: words,
  });
  const text = decodeLatin1(report);
  assert.match(text, /^(?:[^\r\n]{0,998}\r\n)+$/);
  const header = parseHeader(report);
  for (const name of ["Date", "From", "To", "Subject", "Message-ID", "Content-Type"]) {
    assert.equal(countFields(header, name), 1);
  }
  const [, boundary] = /boundary="(.*)"$/.exec(firstValue(header, "Content-Type")!)!;
  const body = text.slice(header.bodyStart).split("\r\n");
  const boundaries = body.filter((line) => line.startsWith(`--${boundary}`));
  assert.deepEqual(boundaries, [..."123"].map(() => `--${boundary}`).concat(`--${boundary}--`));
}
