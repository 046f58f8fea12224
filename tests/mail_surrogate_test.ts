/** Messages with UTF-8 in their headers, for programs that know only ASCII there (RFC 6858). */
import assert from "$assert";
import fc from "$check";
import { asciiField } from "../lib/mail/surrogate_field.ts";
import { surrogateMaker } from "../lib/mail/surrogate.ts";
import { hasUtf8Header } from "../lib/mail/utf8.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";

const UNWRITABLE = "<invalid@internationalized-address.invalid>";

const FIELDS: readonly (readonly [field: string, ascii: string])[] = [
  ["Subject: Grüße", "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"],
  ["subject : a\r\n ü", "subject: =?UTF-8?Q?a_=C3=BC?=\r\n"],
  ["Subject: =?UTF-8?Q?=C3=A4?= ö", "Subject: =?UTF-8?B?w6Qgw7Y=?=\r\n"],
  ["X-Note: ü", "X-Note: =?UTF-8?B?w7w=?=\r\n"],
  ["Comments: ü", "Comments: =?UTF-8?B?w7w=?=\r\n"],
  ["From: Jürgen <j@abc.com>", "From: =?UTF-8?Q?J=C3=BCrgen?= <j@abc.com>\r\n"],
  ["To: b@bücher.example", "To: b@xn--bcher-kva.example\r\n"],
  [
    "Cc: ü@abc.com, b@abc.com",
    `Cc: =?UTF-8?Q?=3C=C3=BC=40abc=2Ecom=3E?= ${UNWRITABLE}, b@abc.com\r\n`,
  ],
  ["Reply-To: Bob <ü@a.b>", `Reply-To: =?UTF-8?Q?Bob_=3C=C3=BC=40a=2Eb=3E?= ${UNWRITABLE}\r\n`],
  ["Resent-To: what ü is", `Resent-To: =?UTF-8?Q?what_=C3=BC_is?= ${UNWRITABLE}\r\n`],
  ["To: (ü)", ""],
  ["Return-Path: <ü@abc.com>", ""],
  ["Message-ID: <ü@abc.com>", ""],
  ["Received: from ü", ""],
  ["no field ü", ""],
  ["Fäld: a", ""],
  [
    'Content-Disposition: attachment; filename="Ü (1).pdf"; size=3',
    "Content-Disposition: attachment; filename*=utf-8''%C3%9C%20%281%29.pdf; size=3\r\n",
  ],
  [
    'Content-Type: text/plain; charset="utf-8"; name=ü',
    "Content-Type: text/plain; charset=\"utf-8\"; name*=utf-8''%C3%BC\r\n",
  ],
  ["Content-Type: text/plain (ü); charset=utf-8", "Content-Type: text/plain; charset=utf-8\r\n"],
  ["Content-Type: text/plain; ü=a; name*=utf-8''ü", "Content-Type: text/plain\r\n"],
  [`Content-Type: text/plain; name=${"ü".repeat(200)}`, "Content-Type: text/plain\r\n"],
  ["Content-Type: ü/plain", ""],
];

Deno.test("asciiField keeps what is for people, and leaves out what is for programs", () => {
  for (const [field, ascii] of FIELDS) {
    const made = decode(asciiField(`${field}\r\n`)).replaceAll("\r\n ", " ");
    assert.equal(made, ascii, field);
  }
});

const SUBJECT = "Subject: ü\r\n";
const CHANGED = "Subject: =?UTF-8?B?w7w=?=\r\n";
const MULTIPART = 'Content-Type: multipart/mixed; boundary="x"\r\n\r\n';

const PART = `--x\r\n${SUBJECT}\r\nü\r\n--y\r\n`;
const CHANGED_PART = `--x\r\n${CHANGED}\r\nü\r\n--y\r\n`;

const MESSAGES: readonly (readonly [what: string, message: string, surrogate: string])[] = [
  ["nothing", "", ""],
  ["a header", `${SUBJECT}A: b\r\n\r\nSubject: ü\r\n`, `${CHANGED}A: b\r\n\r\nSubject: ü\r\n`],
  ["a header without its end", `A: b\r\n${SUBJECT}`, `A: b\r\n${CHANGED}`],
  ["a last line without its end", "Subject: ü", CHANGED],
  ["lines that end with LF", "Subject: ü\nA: b\n\nü\n", `${CHANGED}A: b\n\nü\n`],
  ["a folded field", "Subject: a\r\n ü\r\n\r\n", "Subject: =?UTF-8?Q?a_=C3=BC?=\r\n\r\n"],
  ["no header", "Grüße\r\n\r\nSubject: ü\r\n", "Grüße\r\n\r\nSubject: ü\r\n"],
  ["a mailbox's separator", `From alice ü\r\n${SUBJECT}\r\nü`, `${CHANGED}\r\nü`],
  ["text that looks like a part", `A: b\r\n\r\n--x\r\n${SUBJECT}`, `A: b\r\n\r\n--x\r\n${SUBJECT}`],
  [
    "parts",
    `${MULTIPART}ü\r\n${PART}${SUBJECT}\r\n${PART.replace("x", "x ")}--x--\r\n${SUBJECT}`,
    `${MULTIPART}ü\r\n${CHANGED_PART}${SUBJECT}\r\n${CHANGED_PART.replace("x", "x ")}` +
    `--x--\r\n${SUBJECT}`,
  ],
  [
    "what looks like a boundary in another parameter",
    `${MULTIPART.replace(";", '; name="; boundary=y";')}--y\r\n${SUBJECT}${PART}`,
    `${MULTIPART.replace(";", '; name="; boundary=y";')}--y\r\n${SUBJECT}${CHANGED_PART}`,
  ],
  [
    "a boundary that is not ASCII",
    `${MULTIPART.replace('"x"', '"ü"')}--ü\r\n${SUBJECT}`,
    `Content-Type: multipart/mixed; boundary*=utf-8''%C3%BC\r\n\r\n--ü\r\n${CHANGED}`,
  ],
  [
    "a part whose header has no end",
    `${MULTIPART}--x\r\n${SUBJECT}--x\r\n${SUBJECT}--x--\r\n`,
    `${MULTIPART}--x\r\n${CHANGED}--x\r\n${CHANGED}--x--\r\n`,
  ],
  [
    "a part without a header",
    `${MULTIPART}--x\r\nGrüße\r\n${SUBJECT}--x--\r\n`,
    `${MULTIPART}--x\r\nGrüße\r\n${SUBJECT}--x--\r\n`,
  ],
  [
    "parts within a part, which the outer boundary ends",
    `${MULTIPART}--x\r\n${MULTIPART.replace('x"', 'y"')}--y\r\n\r\n--x\r\n\r\n--y\r\n${SUBJECT}`,
    `${MULTIPART}--x\r\n${MULTIPART.replace('x"', 'y"')}--y\r\n\r\n--x\r\n\r\n--y\r\n${SUBJECT}`,
  ],
  [
    "a message within",
    `Content-type: message/rfc822\r\n\r\n${SUBJECT}\r\n${SUBJECT}`,
    `Content-type: message/rfc822\r\n\r\n${CHANGED}\r\n${SUBJECT}`,
  ],
  [
    "a digest, whose parts are messages",
    `Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n${SUBJECT}\r\nü\r\n--x--\r\n`,
    `Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n${CHANGED}\r\nü\r\n--x--\r\n`,
  ],
  [
    "a boundary in quotes and folded",
    `Content-Type: multipart/mixed;\r\n boundary="a\\ b"\r\n\r\n--a b\r\n${SUBJECT}`,
    `Content-Type: multipart/mixed;\r\n boundary="a\\ b"\r\n\r\n--a b\r\n${CHANGED}`,
  ],
];

Deno.test("a surrogate has ASCII in each header and the same bodies, wherever it is cut", () => {
  for (const [what, message, surrogate] of MESSAGES) {
    for (const size of [1, 2, 7, 1000]) {
      assert.equal(decode(surrogateOf(encode(message), size)), surrogate, `${what}, ${size}`);
    }
  }
});

Deno.test("a field in an old charset stays as it is", () => {
  const latin1 = Uint8Array.from("Subject: \xfc\r\n\r\n\xfc", (each) => each.charCodeAt(0));
  assert.deepEqual(surrogateOf(latin1, 3), latin1);
});

Deno.test("a surrogate of a message with ASCII headers is that message", () => {
  const pieces = fc.constantFrom("A: b\r\n", "\r\n", "\n", "--x", "--", " c", MULTIPART, "\r");
  fc.assert(fc.property(fc.array(pieces), fc.integer({ min: 1, max: 50 }), (pieces, size) => {
    const message = encode(pieces.join(""));
    assert.deepEqual(surrogateOf(message, size), message);
  }));
});

Deno.test("a surrogate has no UTF-8 header, whatever the message is made of", () => {
  const pieces = fc.constantFrom(
    ...["Subject: ", "From: ", "ü", "a", "<", ">", "@", ",", '"', "(", ")", "=?UTF-8?Q?", "?="],
    ...["\r\n", "\r\n", " ", ":", ";", "Content-Type: text/plain; name=", "X-Y: "],
  );
  fc.assert(fc.property(fc.array(pieces, { maxLength: 40 }), (pieces) => {
    const message = encode(`A: b\r\n${pieces.join("")}`);
    const surrogate = surrogateOf(message, 1000);
    assert.ok(!hasUtf8Header(surrogate), decode(surrogate));
    assert.deepEqual(surrogateOf(surrogate, 1000), surrogate);
  }));
});

Deno.test("a field of over 16 KiB has question marks, and others have theirs as before", () => {
  const long = (bytes: number) => `Subject: ${"a".repeat(bytes - 13)}ü\r\n`;
  const whole = decode(surrogateOf(encode(`${long(16 * 1024)}\r\n`), 1000));
  assert.match(whole, /^Subject: =\?UTF-8\?Q\?aaa/);
  const over = `${long(16 * 1024 + 1)} ü\r\n${SUBJECT}\r\nü`;
  const asked = decode(surrogateOf(encode(over), 1000));
  assert.equal(asked, `${over.slice(0, -SUBJECT.length - 3).replaceAll("ü", "??")}${CHANGED}\r\nü`);
  const endless = `Subject: ${"ü".repeat(50_000)}`;
  assert.equal(decode(surrogateOf(encode(endless), 65_536)), endless.replaceAll("ü", "??"));
});

Deno.test("of one message 16 KiB of fields are made anew, and no more", () => {
  const field = `Subject: ${"ü".repeat(1000)}\r\n`;
  const message = encode(`${field.repeat(20)}\r\nü`);
  const lines = decode(surrogateOf(message, 65_536)).split("\r\nSubject: ");
  assert.equal(lines.filter((line) => line.includes("=?UTF-8?B?")).length, 8);
  assert.equal(lines.filter((line) => line.includes("????")).length, 12);
});

Deno.test("boundaries of over 70 characters, lines of over 120, and parts beyond the twentieth, are body", () => {
  const part = (boundary: string) =>
    `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n`;
  const deep = (count: number) =>
    Array.from({ length: count }, (_, at) => part(`b${at}`)).join("") + SUBJECT;
  for (const [head, count] of [["", 20], ["", 21]] as const) {
    const surrogate = decode(surrogateOf(encode(head + deep(count)), 1000));
    assert.ok(surrogate.endsWith(count === 20 ? CHANGED : SUBJECT), `${count}`);
  }
  for (const [length, blanks] of [[70, 46], [71, 0], [70, 47]] as const) {
    const message = part("b".repeat(length)).replace(/\r\n$/, " ".repeat(blanks) + "\r\n") +
      SUBJECT;
    const surrogate = decode(surrogateOf(encode(message), 1000));
    const found = length === 70 && blanks === 46;
    assert.ok(surrogate.endsWith(found ? CHANGED : SUBJECT), `${length} ${blanks}`);
  }
});

function surrogateOf(message: Uint8Array, size: number): Uint8Array {
  const make = surrogateMaker();
  const parts: Uint8Array[] = [];
  let at = 0;
  do {
    const chunk = message.subarray(at, at += size);
    parts.push(make(chunk, at >= message.length));
  } while (at < message.length);
  return concat(parts);
}
