import assert from "$assert";
import fc from "$check";
import { formatField, formatMailboxField, formatTextField } from "../lib/mail/field.ts";
import { addressesIn, firstValue, parseHeader } from "../lib/mail/header.ts";
import { decodeWords } from "../lib/mail/words.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";

Deno.test("formatField folds at blanks behind the 78th column, and nowhere else", () => {
  assert.equal(decode(formatField("A", "b")), "A: b\r\n");
  assert.equal(decode(formatField("A", "")), "A:\r\n");
  const words = Array.from({ length: 30 }, (_, at) => `word-${at}`).join(" ");
  const folded = decode(formatField("X-Words", words));
  assert(folded.split("\r\n").every((line) => line.length <= 78));
  assert.equal(folded.replaceAll("\r\n", ""), `X-Words: ${words}`);
  assert.equal(decode(formatField("A", ' <"b  c d"@x> ')), 'A: <"b  c d"@x>\r\n');
  const long = "x".repeat(200);
  assert.equal(decode(formatField("X", `${long} ${long}`)), `X: ${long}\r\n ${long}\r\n`);
});

Deno.test("formatTextField keeps ASCII readable and encodes the rest", () => {
  assert.equal(decode(formatTextField("Subject", "Hello there")), "Subject: Hello there\r\n");
  assert.equal(
    decode(formatTextField("Subject", "Grüße aus Wien")),
    "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_Wien?=\r\n",
  );
  assert.equal(
    decode(formatTextField("Subject", "日本語")),
    "Subject: =?UTF-8?B?5pel5pys6Kqe?=\r\n",
  );
  assert.equal(
    decode(formatTextField("Subject", "=?not a word")),
    "Subject: =?UTF-8?Q?=3D=3Fnot_a_word?=\r\n",
  );
});

Deno.test("formatMailboxField writes names in the plainest way that keeps them", () => {
  const bob = { local: "bob", domain: "xyz.com" };
  const written = (name: string) =>
    decode(formatMailboxField("To", [{ name, address: bob }])).slice(4, -2);
  assert.equal(written(""), "bob@xyz.com");
  assert.equal(written("Bob"), "Bob <bob@xyz.com>");
  assert.equal(written('Bob "B", Jr.'), '"Bob \\"B\\", Jr." <bob@xyz.com>');
  assert.equal(written("Jörg"), "=?UTF-8?Q?J=C3=B6rg?= <bob@xyz.com>");
  assert.equal(written("Bob\r\nBcc: eve@x"), '"Bob  Bcc: eve@x" <bob@xyz.com>');
});

Deno.test("no value breaks out of its field or makes a line of more than 998 octets", () => {
  const piece = fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    " ",
    "Bcc: x",
    "\0",
    "\u2028",
    "ö",
    "y".repeat(999),
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary", maxLength: 300 }),
  );
  const address = { local: "bob", domain: "xyz.com" };
  fc.assert(fc.property(text, (text) => {
    const written = [
      formatField("X", text),
      formatTextField("X", text),
      formatMailboxField("X", [{ name: text, address }, { name: text, address }]),
    ];
    const bytes = concat([...written, encode("\r\n")]);
    const header = parseHeader(bytes);
    assert.deepEqual(header.fields.map((field) => field.name), ["x", "x", "x"]);
    assert.equal(header.bodyStart, bytes.length);
    for (const line of decode(bytes).split("\r\n")) {
      assert(encode(line).length <= 998);
      assert(!/[\r\n\0]/.test(line));
    }
  }));
});

Deno.test("text and names come back as they were, apart from controls", () => {
  const text = fc.string({ unit: "grapheme" }).map((text) =>
    text.replace(/[\p{Cc}\u2028\u2029]/gu, "").replace(/\s+/g, " ").trim()
  );
  const address = { local: "bob", domain: "xyz.com" };
  fc.assert(fc.property(text, (text) => {
    const subject = firstValue(parseHeader(formatTextField("Subject", text)), "subject");
    assert.equal(decodeWords(subject ?? ""), text);
    const to = firstValue(parseHeader(formatMailboxField("To", [{ name: text, address }])), "to");
    assert.deepEqual(addressesIn(to ?? ""), [{ name: text, address }]);
  }));
});
