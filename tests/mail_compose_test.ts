import assert from "$assert";
import fc from "$check";
import { composeMessage, composePlain } from "../lib/mail/compose.ts";
import type { Draft } from "../lib/mail/draft.ts";
import { countFields, firstValue, parseHeader } from "../lib/mail/header.ts";
import { readMessage } from "../lib/mail/read.ts";
import { toLines } from "../lib/mail/transfer.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

const ALICE = { name: "Alice", address: { local: "alice", domain: "abc.com" } };
const BOB = { name: "", address: { local: "bob", domain: "xyz.com" } };
const EVE = { name: "Eve", address: { local: "eve", domain: "secret.com" } };

const DRAFT: Draft = {
  from: ALICE,
  to: [BOB],
  cc: [ALICE],
  bcc: [EVE],
  subject: "Hello",
  text: "Hi Bob\n.\nFrom me",
  date: 0,
  messageId: "<m1@abc.com>",
};

Deno.test("composePlain writes a plain message", () => {
  assert.equal(
    decode(composePlain(DRAFT)),
    "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: Alice <alice@abc.com>\r\nTo: bob@xyz.com\r\n" +
      "Cc: Alice <alice@abc.com>\r\nSubject: Hello\r\nMessage-ID: <m1@abc.com>\r\n" +
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Content-Transfer-Encoding: 7bit\r\n\r\nHi Bob\r\n.\r\nFrom me\r\n",
  );
  const answer = { ...DRAFT, inReplyTo: "<a@b>", references: ["<c@d>", "<a@b>"], subject: null };
  const header = parseHeader(composePlain(answer));
  assert.equal(firstValue(header, "In-Reply-To"), "<a@b>");
  assert.equal(firstValue(header, "References"), "<c@d> <a@b>");
  assert.equal(countFields(header, "Subject"), 0);
});

Deno.test("composePlain takes the plainest encoding that carries the text", async () => {
  const encoding = (text: string) =>
    firstValue(parseHeader(composePlain({ ...DRAFT, text })), "Content-Transfer-Encoding");
  assert.equal(encoding("a"), "7bit");
  assert.equal(encoding("ö"), "8bit");
  assert.equal(encoding("x".repeat(998)), "7bit");
  assert.equal(encoding("x".repeat(999)), "quoted-printable");
  assert.equal(encoding("a\0b"), "quoted-printable");
  const long = `ö${"x".repeat(5000)} =41 `;
  const read = await readMessage(composePlain({ ...DRAFT, text: `${long}\n${long}` }));
  assert.equal(read.text, `${long}\n${long}\n`);
});

Deno.test("composeMessage packs attachments, and no header of theirs gets out", async () => {
  const content = Uint8Array.from({ length: 1000 }, (_, at) => at % 256);
  const attachments = [
    { filename: "grün\r\nBcc: x.txt", content, contentType: "image/x-odd\r\nBcc: x" },
    { filename: "b.pdf", content: new Uint8Array(0) },
  ];
  const message = await composeMessage({ ...DRAFT, attachments, text: "Grüße\n.\n" });
  assert.deepEqual(await composeMessage({ ...DRAFT, attachments, text: "Grüße\n.\n" }), message);
  const header = parseHeader(message);
  for (const name of ["Date", "Message-ID", "From", "MIME-Version"]) {
    assert.equal(countFields(header, name), 1, name);
  }
  assert.equal(firstValue(header, "Message-ID"), "<m1@abc.com>");
  assert(!/^bcc/im.test(decode(message)));
  assert(decode(message).split("\r\n").every((line) => !/[\r\n]/.test(line) && line.length <= 998));
  const read = await readMessage(message);
  assert.equal(read.text.trimEnd(), "Grüße\n.");
  assert.deepEqual(read.attachments.map(({ name }) => name), ["grün  Bcc: x.txt", "b.pdf"]);
  assert.deepEqual(read.attachments[0]!.content, content);
  assert.equal(read.attachments[1]!.type, "application/pdf");
});

Deno.test("Bcc appears in no message", async () => {
  const attachments = [{ filename: "a", content: encode("a") }];
  for (const message of [composePlain(DRAFT), await composeMessage({ ...DRAFT, attachments })]) {
    assert(!decode(message).includes("secret.com"));
  }
});

Deno.test("what is composed can be read again", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 200 }).map((text) =>
    text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\n")
  );
  await fc.assert(
    fc.asyncProperty(text, text, async (text, subject) => {
      const read = await readMessage(composePlain({ ...DRAFT, text, subject }));
      assert.equal(read.subject, subject.replaceAll("\n", " ").trim());
      assert.equal(read.text, decode(toLines(text)).replaceAll("\r\n", "\n"));
      assert.equal(read.from, "Alice <alice@abc.com>");
    }),
    { numRuns: 50 },
  );
});
