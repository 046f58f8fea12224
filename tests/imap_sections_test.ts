import assert from "$assert";
import fc from "$check";
import type { Section } from "../lib/imap/fetch_command.ts";
import { parseSection } from "../lib/imap/fetch_command.ts";
import { Reader } from "../lib/imap/parse.ts";
import { binaryOf, cut, type Dissected, partAt, sectionOf } from "../lib/imap/sections.ts";
import { parseMime } from "../lib/mail/mime.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { mail } from "./imap_support.ts";

const dissected = (bytes: Uint8Array): Dissected => ({ bytes, root: parseMime(bytes) });

/** `4.2.HEADER` as a section. */
function section(text: string): Section {
  return parseSection(new Reader({ texts: [`[${text}]`], literals: [] }));
}

function sectionText(message: Dissected, text: string): string | null {
  const bytes = sectionOf(message, section(text));
  return bytes === null ? null : decode(bytes);
}

/** The message of RFC 9051 §6.4.5, whose parts say their numbers. */
const COMPLEX = dissected(mail(
  "Subject: outer",
  "Content-Type: multipart/mixed; boundary=a",
  "",
  "--a",
  "",
  "1",
  "--a",
  "Content-Type: application/octet-stream",
  "",
  "2",
  "--a",
  "Content-Type: message/rfc822",
  "",
  "Subject: 3",
  "Content-Type: multipart/mixed; boundary=b",
  "",
  "--b",
  "",
  "3.1",
  "--b",
  "Content-Type: application/octet-stream",
  "",
  "3.2",
  "--b--",
  "--a",
  "Content-Type: multipart/mixed; boundary=c",
  "",
  "--c",
  "Content-Type: image/gif",
  "",
  "4.1",
  "--c",
  "Content-Type: message/rfc822",
  "",
  "Subject: 4.2",
  "Content-Type: multipart/mixed; boundary=d",
  "",
  "--d",
  "",
  "4.2.1",
  "--d",
  "Content-Type: multipart/alternative; boundary=e",
  "",
  "--e",
  "",
  "4.2.2.1",
  "--e",
  "Content-Type: text/richtext",
  "",
  "4.2.2.2",
  "--e--",
  "--d--",
  "--c--",
  "--a--",
));

Deno.test("sections of RFC 9051 §6.4.5 are where it says", () => {
  for (const number of ["1", "2", "3.1", "3.2", "4.1", "4.2.1", "4.2.2.1", "4.2.2.2"]) {
    assert.equal(sectionText(COMPLEX, number), number);
  }
  assert.equal(
    sectionText(COMPLEX, "HEADER"),
    "Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n",
  );
  assert.match(sectionText(COMPLEX, "TEXT")!, /^--a\r\n\r\n1\r\n[^]*--a--\r\n$/);
  assert.match(sectionText(COMPLEX, "3")!, /^Subject: 3\r\n[^]*--b--$/);
  assert.match(sectionText(COMPLEX, "3.HEADER")!, /^Subject: 3\r\nContent-Type: .*\r\n\r\n$/);
  assert.match(sectionText(COMPLEX, "3.TEXT")!, /^--b[^]*--b--$/);
  assert.equal(sectionText(COMPLEX, "3.MIME"), "Content-Type: message/rfc822\r\n\r\n");
  assert.equal(sectionText(COMPLEX, "4.1.MIME"), "Content-Type: image/gif\r\n\r\n");
  assert.equal(sectionText(COMPLEX, "4.2.HEADER.FIELDS (subject X)"), "Subject: 4.2\r\n\r\n");
  assert.equal(sectionText(COMPLEX, "1.MIME"), "\r\n");
  for (const none of ["5", "1.1", "1.HEADER", "1.TEXT", "3.3", "4.TEXT", "4.2.2.3", "4.2.1.1"]) {
    assert.equal(sectionText(COMPLEX, none), null, none);
  }
  assert.equal(sectionText(COMPLEX, ""), decode(COMPLEX.bytes));
});

Deno.test("a message without parts is its own first part", () => {
  const plain = dissected(mail("Subject: a", "", "b"));
  assert.equal(sectionText(plain, "1"), "b\r\n");
  assert.equal(sectionText(plain, "1.MIME"), "Subject: a\r\n\r\n");
  for (const none of ["2", "1.1", "1.TEXT"]) assert.equal(sectionText(plain, none), null);
  const inner = dissected(mail("Content-Type: message/rfc822", "", "Subject: in", "", "b"));
  assert.equal(sectionText(inner, "1.HEADER"), "Subject: in\r\n\r\n");
  assert.equal(sectionText(inner, "1.1"), "b\r\n");
  assert.equal(sectionText(inner, "1.1.1"), null);
});

Deno.test("fields are chosen by name, with their folds, and an empty line behind them", () => {
  const message = dissected(mail("A: 1", "B: 2", " more", "a: 3", "", "body"));
  assert.equal(sectionText(message, "HEADER.FIELDS (A)"), "A: 1\r\na: 3\r\n\r\n");
  assert.equal(
    sectionText(message, "HEADER.FIELDS (b a)"),
    "A: 1\r\nB: 2\r\n more\r\na: 3\r\n\r\n",
  );
  assert.equal(sectionText(message, "HEADER.FIELDS.NOT (A)"), "B: 2\r\n more\r\n\r\n");
  assert.equal(sectionText(message, "HEADER.FIELDS (X)"), "\r\n");
  assert.equal(sectionText(dissected(encode("A: 1")), "HEADER.FIELDS (A)"), "A: 1\r\n");
  assert.equal(sectionText(dissected(encode("A: 1\r\n")), "HEADER.FIELDS (X)"), "");
  const endless = dissected(encode(`A: 1\r\n${"B: 2\r\n".repeat(100_000)}\r\n`));
  assert.equal(sectionText(endless, "HEADER.FIELDS (A)"), "A: 1\r\n\r\n");
});

Deno.test("BINARY is decoded, and refused where nobody can", () => {
  const message = (encoding: string, body: string) =>
    dissected(
      mail(
        "Content-Type: multipart/mixed; boundary=x",
        "",
        "--x",
        `Content-Transfer-Encoding: ${encoding}`,
        "",
        body,
        "--x--",
      ),
    );
  const binary = (encoding: string, body: string) =>
    decode(binaryOf(message(encoding, body), [1])!);
  assert.equal(binary("base64", "AGE="), "\0a");
  assert.equal(binary("quoted-printable", "a=00"), "a\0");
  assert.equal(binary("8bit", "a"), "a");
  assert.throws(() => binary("x-y", "a"), { condition: "NO", code: "UNKNOWN-CTE" });
  assert.equal(binaryOf(message("8bit", "a"), [2]), null);
  const whole = message("8bit", "a");
  assert.equal(binaryOf(whole, []), whole.bytes);
});

Deno.test("what is cut out lies within, and beyond the end there is nothing", () => {
  const bytes = encode("abc");
  const text = (from: number, count: number) => decode(cut(bytes, { from, bytes: count }));
  assert.equal(text(0, 2), "ab");
  assert.equal(text(1, 9_007_199_254_740_991), "bc");
  assert.equal(text(3, 1), "");
  assert.equal(text(9_007_199_254_740_991, 9_007_199_254_740_991), "");
  assert.equal(cut(bytes, null), bytes);
});

Deno.test("every part of a message is found by its number, and only there", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }), (numbers) => {
    const found = partAt(COMPLEX.root, numbers);
    const text = sectionText(COMPLEX, numbers.join("."));
    assert.equal(found === null, text === null);
    if (found !== null && found.children.length === 0 && numbers.length > 0) {
      assert.equal(text, numbers.join("."));
    }
  }));
});
