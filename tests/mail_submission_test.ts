import assert from "$assert";
import fc from "$check";
import { type Address, sameAddress } from "../lib/mail/address.ts";
import { bodyOf, bytesOf } from "../lib/mail/body.ts";
import { countFields, HEADER_BYTES_MAX, parseHeader } from "../lib/mail/header.ts";
import { prepareSubmission } from "../lib/mail/submission.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

const ALICE: Address = { local: "alice", domain: "abc.com" };
const SUBMISSION = {
  now: 0,
  id: "m1",
  hostname: "abc.com",
  submitter: {
    address: ALICE,
    owns: (address: Address) => sameAddress(address, ALICE),
  },
};
const DATE = "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n";
const ID = "Message-ID: <m1@abc.com>\r\n";

async function prepare(text: string): Promise<string> {
  return decode(await bytesOf(await prepareSubmission(bodyOf(encode(text)), SUBMISSION)));
}

Deno.test("prepareSubmission changes its few fields and no other byte", async () => {
  const cases: readonly (readonly [given: string, prepared: string])[] = [
    ["From: alice@abc.com\r\n\r\nBcc: x\r\n", `${DATE}${ID}From: alice@abc.com\r\n\r\nBcc: x\r\n`],
    ["date:x\r\nMESSAGE-ID: y\r\n\r\nbody", "date:x\r\nMESSAGE-ID: y\r\n\r\nbody"],
    ["Date: x\r\nA:\t 1 \r\n\r\n", `${ID}Date: x\r\nA:\t 1 \r\n\r\n`],
    [
      "Return-Path: <x>\r\nDate: x\r\nBcc: a,\r\n\tb\r\nbcc : c\r\nMessage-ID: y\r\n\r\nz",
      "Date: x\r\nMessage-ID: y\r\n\r\nz",
    ],
    ["Resent-Bcc: x\r\nDate: x\r\nMessage-ID: y\r\n\r\n", "Date: x\r\nMessage-ID: y\r\n\r\n"],
    // A line that is no field hides no Bcc from us.
    [
      "Date: x\r\nMessage-ID: y\r\nstray\r\nBcc: x\r\n\r\n",
      "Date: x\r\nMessage-ID: y\r\nstray\r\n\r\n",
    ],
    ["\r\nbody", `${DATE}${ID}\r\nbody`],
    // No header at all: then the text must not become one.
    ["Hello,\r\nBcc: is a field\r\n", `${DATE}${ID}\r\nHello,\r\nBcc: is a field\r\n`],
    ["", `${DATE}${ID}\r\n`],
    ["A: 1\r\n", `${DATE}${ID}A: 1\r\n`],
  ];
  for (const [given, prepared] of cases) assert.equal(await prepare(given), prepared, given);
});

Deno.test("prepareSubmission says who sends, where From does not", async () => {
  const own = "Sender: alice@abc.com\r\n";
  const cases: readonly (readonly [given: string, prepared: string])[] = [
    ["From: Alice <alice@abc.com>\r\n", "From: Alice <alice@abc.com>\r\n"],
    ["From: bob@xyz.com\r\n", `${own}From: bob@xyz.com\r\n`],
    ["From: alice@abc.com, bob@xyz.com\r\n", `${own}From: alice@abc.com, bob@xyz.com\r\n`],
    ["From: alice@abc.com\r\nFrom: bob@xyz.com\r\n", null],
    ["From: everybody:;\r\n", "From: everybody:;\r\n"],
    ["From: nonsense\r\n", `${own}From: nonsense\r\n`],
    // A Sender of one's own stays, and somebody else's goes.
    [`From: bob@xyz.com\r\n${own}`, `From: bob@xyz.com\r\n${own}`],
    [`From: alice@abc.com\r\nSENDER : eve@x\r\n`, "From: alice@abc.com\r\n"],
    [`From: bob@xyz.com\r\nSender: eve@x\r\n`, `${own}From: bob@xyz.com\r\n`],
    [`From: bob@xyz.com\r\n${own}${own}`, `${own}From: bob@xyz.com\r\n`],
    [`Sender: eve@x\r\n`, ""],
  ].map(([given, prepared]) => [given!, prepared ?? `${own}${given}`]);
  const rest = "Date: x\r\nMessage-ID: y\r\n\r\nFrom: eve@x\r\n";
  for (const [given, prepared] of cases) {
    assert.equal(await prepare(given + rest), prepared + rest, given);
  }
});

Deno.test("prepareSubmission refuses a header in which a Bcc could not be found", async () => {
  const long = "A: 1\r\n".repeat(HEADER_BYTES_MAX / 6 + 1);
  await assert.rejects(prepare(`${long}Bcc: x\r\n\r\n`), { code: 552, status: "5.3.4" });
  // A long body behind a short header is no reason.
  assert((await prepare(`A: 1\r\n\r\n${long}`)).endsWith(long));
});

Deno.test("a prepared submission is complete, has no Bcc, and stays as it is", async () => {
  const piece = fc.constantFrom(
    ...["Date: x", "Bcc: b", "Bcc", " x", "\r\n", "\r\n", "To: y", "\0", ":", "Message-ID: z"],
  );
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
    const prepared = await prepare(`From: b\r\n${pieces.join("")}`);
    const header = parseHeader(encode(prepared));
    assert(countFields(header, "date") >= 1 && countFields(header, "message-id") >= 1);
    assert.equal(countFields(header, "bcc"), 0);
    assert.equal(await prepare(prepared), prepared);
  }));
});
