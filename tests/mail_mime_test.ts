import assert from "$assert";
import fc from "$check";
import {
  MIME_BOUNDARY_BYTES_MAX,
  MIME_DEPTH_MAX,
  MIME_PARAMETERS_MAX,
  MIME_PARTS_MAX,
  parameterOf,
  parseMime,
  parseParameters,
  type Part,
} from "../lib/mail/mime.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { checkParts, mail } from "./imap_support.ts";

/** A tree in one line: `multipart/mixed(text/plain'one' text/plain'two')`. */
function shape(message: Uint8Array, part = parseMime(message)): string {
  const name = `${part.type}/${part.subtype}`;
  if (part.children.length > 0) {
    return `${name}(${part.children.map((child) => shape(message, child)).join(" ")})`;
  }
  return `${name}'${decode(message.subarray(part.bodyStart, part.end))}'`;
}

const MIXED = "Content-Type: multipart/mixed; boundary=x";

const SHAPES: readonly (readonly [what: string, message: Uint8Array, shape: string])[] = [
  ["nothing", encode(""), "text/plain''"],
  ["a header alone", encode("Subject: a\r\n"), "text/plain''"],
  ["no header", encode("no field\r\n\r\nb"), "text/plain'no field\r\n\r\nb'"],
  ["an empty header", encode("\r\nbody"), "text/plain'body'"],
  [
    "two parts",
    mail(MIXED, "", "before", "--x", "", "one", "--x", "", "two", "--x--", "after"),
    "multipart/mixed(text/plain'one' text/plain'two')",
  ],
  ["no end", mail(MIXED, "", "--x", "", "one"), "multipart/mixed(text/plain'one\r\n')"],
  ["no line end", encode(`${MIXED}\r\n\r\n--x\r\n\r\none`), "multipart/mixed(text/plain'one')"],
  [
    "bare line feeds",
    encode(`${MIXED}\n\n--x\n\none\n--x--\n`),
    "multipart/mixed(text/plain'one')",
  ],
  [
    "blanks behind a boundary",
    mail(MIXED, "", "--x \t", "", "one", "--x-- "),
    "multipart/mixed(text/plain'one')",
  ],
  [
    "lines that only begin like a boundary",
    mail(MIXED, "", "--x", "", "one", "--xy", "--x-", "--x--y", "--x--"),
    "multipart/mixed(text/plain'one\r\n--xy\r\n--x-\r\n--x--y')",
  ],
  [
    "boundaries that begin alike",
    mail(
      MIXED,
      "",
      "--x",
      "Content-Type: multipart/alternative; boundary=x--",
      "",
      "--x--",
      "",
      "in",
      "--x----",
      "--x",
      "",
      "out",
      "--x--",
    ),
    "multipart/mixed(multipart/alternative(text/plain'in') text/plain'out')",
  ],
  [
    "an inner part whose end is missing",
    mail(
      MIXED,
      "",
      "--x",
      "Content-Type: multipart/mixed; boundary=y",
      "",
      "--y",
      "",
      "in",
      "--x",
      "",
      "out",
    ),
    "multipart/mixed(multipart/mixed(text/plain'in') text/plain'out\r\n')",
  ],
  [
    "the same boundary on two levels",
    mail(MIXED, "", "--x", MIXED, "", "--x", "", "in", "--x--", "--x", "", "out", "--x--"),
    "multipart/mixed(multipart/mixed(text/plain'in') text/plain'out')",
  ],
  [
    "a boundary that is quoted",
    mail('Content-Type: multipart/mixed; boundary="a b"', "", "--a b", "", "one"),
    "multipart/mixed(text/plain'one\r\n')",
  ],
  ["no parts", mail(MIXED, "", "text"), "multipart/mixed'text\r\n'"],
  [
    "no boundary",
    mail("Content-Type: multipart/mixed", "", "--", "text"),
    "multipart/mixed'--\r\ntext\r\n'",
  ],
  [
    "a part without anything",
    mail(MIXED, "", "--x", "--x", "", "--x--"),
    "multipart/mixed(text/plain'' text/plain'')",
  ],
  [
    "a digest",
    mail(
      "Content-Type: multipart/digest; boundary=x",
      "",
      "--x",
      "",
      "Subject: a",
      "",
      "b",
      "--x",
      "Content-Type: text/html",
      "",
      "c",
      "--x--",
    ),
    "multipart/digest(message/rfc822(text/plain'b') text/html'c')",
  ],
  [
    "a message in a message",
    mail("Content-Type: message/rfc822", "", MIXED, "", "--x", "", "in", "--x--"),
    "message/rfc822(multipart/mixed(text/plain'in'))",
  ],
  [
    "an empty message in a message",
    mail("Content-Type: message/rfc822", ""),
    "message/rfc822(text/plain'')",
  ],
  [
    "a message that says that it is encoded",
    mail(
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: base64",
      "",
      "Subject: a",
      "",
      "b",
    ),
    "message/rfc822(text/plain'b\r\n')",
  ],
  ["a type that is none", mail("Content-Type: text", "", "a"), "text/plain'a\r\n'"],
  [
    "a type in capitals, with comments",
    mail("Content-Type: (a) Text/HTML (b)", "", "a"),
    "text/html'a\r\n'",
  ],
];

for (const [what, message, expected] of SHAPES) {
  Deno.test(`parseMime finds the parts: ${what}`, () => assert.equal(shape(message), expected));
}

Deno.test("parseMime tells what a header says of its part", () => {
  const message = mail(
    'Content-Type: Application/PDF; NAME=a; x="b;\\"c"',
    'Content-Disposition: Attachment; filename="d e"',
    "Content-Transfer-Encoding: (c) BASE64",
    "",
    "YQ==",
  );
  const { type, subtype, parameters, encoding, disposition, lines } = parseMime(message);
  assert.deepEqual([type, subtype, encoding, lines], ["application", "pdf", "base64", 1]);
  assert.deepEqual(parameters, [["name", "a"], ["x", 'b;"c']]);
  assert.deepEqual(disposition, { type: "attachment", parameters: [["filename", "d e"]] });
  assert.equal(parameterOf(parameters, "name"), "a");
  assert.equal(parameterOf(parameters, "none"), null);
  const { encoding: none, parameters: plain } = parseMime(encode("\r\n"));
  assert.deepEqual([none, plain], ["7bit", [["charset", "us-ascii"]]]);
});

const PARAMETERS: readonly (readonly [field: string, value: string, parameters: string])[] = [
  ["text/plain", "text/plain", ""],
  [" text / plain ; a=b", "text/plain", "a=b"],
  ["text/plain; a = b ; c=d", "text/plain", "a=b c=d"],
  ["text/plain;a=b;;c=d;", "text/plain", "a=b c=d"],
  ['text/plain; a="b', "text/plain", "a=b"],
  ['text/plain; a="b;c"; d="e\\"f"', "text/plain", 'a=b;c d=e"f'],
  ["text/plain; a; b=c", "text/plain", "b=c"],
  ["text/plain; a=; b=c", "text/plain", "a= b=c"],
  ["; a=b", "", "a=b"],
  ["attachment; filename*0=a; filename*1*=b", "attachment", "filename*0=a filename*1*=b"],
];

Deno.test("parseParameters reads what RFC 2045 §5.1 allows, and what is met in spite of it", () => {
  for (const [field, value, expected] of PARAMETERS) {
    const found = parseParameters(field);
    assert.equal(found.value, value, field);
    assert.equal(found.parameters.map(([a, b]) => `${a}=${b}`).join(" "), expected, field);
  }
  const many = (count: number) => parseParameters(`a/b${"; c=d".repeat(count)}`).parameters.length;
  assert.equal(many(MIME_PARAMETERS_MAX + 1), MIME_PARAMETERS_MAX);
});

/** A message that nests so many multiparts, each in the one before. */
function nested(depth: number): Uint8Array {
  const open = Array.from(
    { length: depth },
    (_, at) => `Content-Type: multipart/mixed; boundary=b${at}.\r\n\r\n--b${at}.\r\n`,
  );
  return encode(`${open.join("")}\r\nin`);
}

const depthOf = ({ children }: Part): number => 1 + Math.max(0, ...children.map(depthOf));
const countOf = ({ children }: Part): number =>
  children.reduce((sum, each) => sum + countOf(each), 1);

Deno.test("a message has so many levels, and what is deeper is left whole", () => {
  assert.equal(depthOf(parseMime(nested(MIME_DEPTH_MAX - 1))), MIME_DEPTH_MAX);
  assert.equal(depthOf(parseMime(nested(MIME_DEPTH_MAX + 50))), MIME_DEPTH_MAX);
  const messages = encode(`${"Content-Type: message/rfc822\r\n\r\n".repeat(500)}\r\nin`);
  assert.equal(depthOf(parseMime(messages)), MIME_DEPTH_MAX);
});

Deno.test("a message has so many parts, and the last one has the rest", () => {
  const parts = (count: number) => encode(`${MIXED}\r\n\r\n${"--x\r\n\r\na\r\n".repeat(count)}`);
  assert.equal(countOf(parseMime(parts(MIME_PARTS_MAX - 1))), MIME_PARTS_MAX);
  const most = parts(MIME_PARTS_MAX + 10);
  const root = parseMime(most);
  assert.equal(countOf(root), MIME_PARTS_MAX);
  assert.equal(root.end, most.length);
});

Deno.test("a boundary that is longer than any is not looked for", () => {
  const parts = (length: number) => {
    const boundary = "x".repeat(length);
    const message =
      `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n\r\na`;
    return parseMime(encode(message)).children.length;
  };
  assert.equal(parts(MIME_BOUNDARY_BYTES_MAX), 1);
  assert.equal(parts(MIME_BOUNDARY_BYTES_MAX + 1), 0);
});

/** Attacks: each makes some step of a careless parser take the square of its size, or its stack. */
const HOSTILE: readonly (readonly [what: string, message: () => string])[] = [
  ["levels within levels", () => decode(nested(5_000))],
  ["messages within messages", () => "Content-Type: message/rfc822\r\n\r\n".repeat(20_000)],
  ["parts without end", () => `${MIXED}\r\n\r\n${"--x\r\n".repeat(100_000)}`],
  ["lines that look like boundaries", () => {
    const boundary = "-".repeat(900);
    return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${
      `--${boundary.slice(1)}y\r\n`.repeat(2_000)
    }`;
  }],
  ["fifty long boundaries that begin alike", () => {
    const name = (at: number) => `${"y".repeat(900)}${at}`;
    const open = Array.from(
      { length: 49 },
      (_, at) => `Content-Type: multipart/mixed; boundary=${name(at)}\r\n\r\n--${name(at)}\r\n`,
    );
    return `${open.join("")}\r\n${`--${"y".repeat(901)}\r\n`.repeat(2_000)}`;
  }],
  ["a header of one field", () => `Content-Type: text/plain; ${"a=b; ".repeat(100_000)}`],
  ["a header of blanks", () => `Content-Type:${" ".repeat(2_000_000)}x`],
  ["a header of comments", () => `Content-Type: ${"(".repeat(2_000_000)}`],
  ["a header of quotes", () => `Content-Type: a/b; c="${'\\"'.repeat(1_000_000)}`],
  ["a header of names", () => `Content-Type: a/b; ${"c".repeat(2_000_000)}`],
  ["a header of semicolons", () => `Content-Type: a/b${"; ".repeat(1_000_000)}`],
  ["a header of slashes", () => `Content-Type: ${"a /".repeat(700_000)}`],
  ["a header of short lines", () => "a:\n".repeat(200_000)],
  ["carriage returns alone", () => `${MIXED}\r\r--x\r\r${"a\r".repeat(500_000)}`],
  ["line feeds alone", () => "\n".repeat(500_000)],
  ["NUL", () => `${MIXED}\r\n\r\n--x\0\r\n\0\r\n${"\0".repeat(1_000_000)}`],
];

for (const [what, make] of HOSTILE) {
  Deno.test(`parseMime takes its time in proportion to the message: ${what}`, () => {
    const message = encode(make());
    const root = parseMime(message);
    assert.ok(countOf(root) <= MIME_PARTS_MAX);
    assert.ok(depthOf(root) <= MIME_DEPTH_MAX);
    checkParts(root, message);
  });
}

const piece = fc.constantFrom(
  "--x",
  "--x--",
  "--y",
  "--y--",
  "--",
  MIXED,
  "Content-Type: multipart/digest; boundary=y",
  "Content-Type: message/rfc822",
  "Content-Type: text/plain",
  "",
  "text",
  " folded",
);

Deno.test("parseMime gives a tree whose parts lie in each other, for any lines", () => {
  const line = fc.tuple(piece, fc.constantFrom("\r\n", "\r\n", "\n", "\r", ""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40, size: "max" }), (lines) => {
      const message = encode(lines.map(([text, end]) => text + end).join(""));
      const root = parseMime(message);
      assert.deepEqual([root.start, root.end], [0, message.length]);
      checkParts(root, message);
      assert.deepEqual(JSON.parse(JSON.stringify(root)), root);
    }),
    { numRuns: 500 },
  );
});
