/** Files with many messages: where one begins, and what is left of it in a mailbox. */
import assert from "$assert";
import * as check from "$check";
import { toCrlf, toLf } from "../lib/mail/line_ends.ts";
import { createMboxSplitter, formatPostmark, parsePostmark } from "../lib/mail/mbox.ts";
import { fromMbox, toMbox } from "../lib/mail/mbox_message.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";

const AT = Date.UTC(2026, 10, 24, 16, 0, 0);

Deno.test("a From_ line tells when its message came, and other lines are none", () => {
  const hour = 3_600_000;
  for (
    const [line, expected] of [
      ["From bob@xyz.com Tue Nov 24 16:00:00 2026", AT],
      ["From MAILER-DAEMON Tue Nov 24 16:00 2026", AT],
      ["From - Tue Nov 24 16:00:00 2026", AT],
      ["From 1849@xxx Tue Nov 24 16:00:00 +0100 2026", AT - hour],
      ["From bob@xyz.com Tue Nov 24 16:00:00 EST 2026", AT + 5 * hour],
      ["From bob@xyz.com Tue Nov 24 16:00:00 2026 -0500", AT + 5 * hour],
      ["From bob Tue Nov 24 16:00:00 2026 remote from host", AT],
      ["From bob@xyz.com Sun Nov  1 16:00:00 2026", AT - 23 * 24 * hour],
      ["From Tue Nov 24 16:00:00 2026", AT],
      ["From - Tue, 24 Nov 2026 16:00:00 +0000", AT],
      ["From here on, Tue is the best day", null],
      ["From bob@xyz.com Tue Nov 31 16:00:00 2026", null],
      ["From bob@xyz.com Tue Noo 24 16:00:00 2026", null],
      ["From bob@xyz.com", null],
      [">From bob@xyz.com Tue Nov 24 16:00:00 2026", null],
      ["From: bob@xyz.com Tue Nov 24 16:00:00 2026", null],
      ["", null],
    ] as const
  ) assert.equal(parsePostmark(line), expected, line);
  assert.equal(formatPostmark("bob@xyz.com", AT), "From bob@xyz.com Tue Nov 24 16:00:00 2026");
  assert.equal(formatPostmark("-", AT - 23 * 24 * hour), "From - Sun Nov  1 16:00:00 2026");
});

/** Offset and text of each message, or the kind of what is none. */
function split(text: string, { bytesMax = 1_000_000, step = Infinity } = {}) {
  const splitter = createMboxSplitter(bytesMax);
  const bytes = encode(text);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += step) {
    pieces.push(...splitter.push(bytes.slice(at, Math.min(bytes.length, at + step))));
  }
  return [...pieces, ...splitter.end()].map((piece) =>
    [piece.offset, piece.kind === "message" ? decode(piece.bytes) : piece.kind] as const
  );
}

const FROM = "From bob@xyz.com Tue Nov 24 16:00:00 2026\n";

for (
  const [what, text, expected] of [
    ["nothing", "", []],
    ["empty lines", "\n\r\n\n", []],
    ["one message", `${FROM}a: b\n\nHi\n\n`, [[0, "a: b\n\nHi\n"]]],
    ["no empty line at the end", `${FROM}a: b\n\nHi\n`, [[0, "a: b\n\nHi\n"]]],
    ["no line end at the end", `${FROM}a: b\n\nHi`, [[0, "a: b\n\nHi"]]],
    ["two messages", `${FROM}a\n\n\n${FROM}b\n\n`, [[0, "a\n\n"], [46, "b\n"]]],
    ["CRLF", `${FROM}a\r\n\r\n${FROM}b\r\n\r\n`, [[0, "a\r\n"], [47, "b\r\n"]]],
    ["empty messages", `${FROM}\n${FROM}\n`, [[0, ""], [43, ""]]],
    ["a From_ line behind text is text", `${FROM}a\n${FROM}b\n`, [[0, `a\n${FROM}b\n`]]],
    ["a sentence is no From_ line", `${FROM}a\n\nFrom me\n`, [[0, "a\n\nFrom me\n"]]],
    ["empty lines in front", `\n${FROM}a\n`, [[1, "a\n"]]],
    ["no mbox", "Subject: a\n\nHi\n", [[0, "junk"]]],
    ["junk in front", `junk\n\n${FROM}a\n`, [[0, "junk"], [6, "a\n"]]],
  ] as const
) {
  Deno.test(`an mbox is split: ${what}`, () => {
    assert.deepEqual(split(text), expected);
    for (const step of [1, 7]) assert.deepEqual(split(text, { step }), expected, `${step}`);
  });
}

Deno.test("a message of an mbox that is too large is named, and not kept", () => {
  const text = `${FROM}${"x".repeat(100)}\n\n${FROM}b\n\n${FROM}${"y\n".repeat(60)}\n`;
  const expected = [[0, "tooLarge"], [144, "b\n"], [189, "tooLarge"]];
  for (const step of [1, 50, 1000]) {
    assert.deepEqual(split(text, { bytesMax: 100, step }), expected);
  }
});

Deno.test("a line of a thousand bytes is no From_ line, and is not waited for", () => {
  const long = `From ${"x".repeat(1_000)} Tue Nov 24 16:00:00 2026\n`;
  assert.deepEqual(split(`${FROM}a\n\n${long}`, { step: 100 }), [[0, `a\n\n${long}`]]);
  const fits = `From ${"x".repeat(950)} Tue Nov 24 16:00:00 2026\n`;
  assert.deepEqual(split(`${FROM}a\n\n${fits}b\n`, { step: 100 }), [[0, "a\n"], [45, "b\n"]]);
});

for (
  const [what, text, content, flags] of [
    ["lines end with CRLF", "a: b\n\nHi\n", "a: b\r\n\r\nHi\r\n", []],
    [
      "quoted lines",
      "\n>From a\n>>From b\n> From c\n>Fro\n",
      "\r\nFrom a\r\n>From b\r\n> From c\r\n>Fro\r\n",
      [],
    ],
    ["flags of mutt", "Status: RO\nSubject: a\nX-Status: AF\n\nHi\n", "Subject: a\r\n\r\nHi\r\n", [
      "\\Seen",
      "\\Answered",
      "\\Flagged",
    ]],
    ["all letters", "a: b\nX-Status: DTFA\nStatus: O\n\n", "a: b\r\n\r\n", [
      "\\Answered",
      "\\Flagged",
      "\\Draft",
      "\\Deleted",
    ]],
    [
      "Thunderbird",
      "X-Mozilla-Status: 0009\nX-Mozilla-Keys: $label1  x\na: b\n\nHi\n",
      "a: b\r\n\r\nHi\r\n",
      [
        "\\Seen",
        "\\Deleted",
        "$label1",
        "x",
      ],
    ],
    [
      "ours in front, others stay",
      "Status: O\nX-Status: F\nX-Keywords: Work\nX-Keywords: a\nStatus: R\n\nHi\n",
      "X-Keywords: a\r\nStatus: R\r\n\r\nHi\r\n",
      [
        "\\Flagged",
        "Work",
      ],
    ],
    ["in the text they are text", "a: b\n\nStatus: R\n", "a: b\r\n\r\nStatus: R\r\n", []],
  ] as const
) {
  Deno.test(`a message of an mbox is understood: ${what}`, () => {
    const message = fromMbox(encode(text));
    assert.deepEqual([decode(message.content), message.flags], [content, flags]);
  });
}

Deno.test("a message is written for an mbox with its flags, its sender and its date", () => {
  const content = encode("Return-Path: <bob@xyz.com>\r\nSubject: a\r\n\r\nFrom a\r\n>From b\r\n");
  const flags = ["\\Seen", "\\Draft", "Work", "Play"];
  assert.equal(
    decode(toMbox({ content, flags }, AT)),
    `${FROM}Status: RO\nX-Status: T\nX-Keywords: Work Play\n` +
      "Return-Path: <bob@xyz.com>\nSubject: a\n\n>From a\n>>From b\n\n",
  );
  for (const odd of ["Return-Path: <>\r\n\r\n", 'Return-Path: <"a b"@c>\r\n\r\n', "a: b\r\n"]) {
    assert.match(decode(toMbox({ content: encode(odd), flags: [] }, AT)), /^From MAILER-DAEMON /);
  }
});

const line = check.constantFrom(
  "",
  "From ",
  "From bob@xyz.com Tue Nov 24 16:00:00 2026",
  ">From a",
  ">>From ",
  "> From",
  "Hi",
  "Status: RO",
  "X-Status: A",
  "X-Keywords: a",
  "Subject: a",
  " b",
  "\u{e4}",
  "x".repeat(20_000),
);
const content = check.array(line, { minLength: 1, maxLength: 12 })
  .map((lines) => lines.map((each) => `${each}\r\n`).join(""));
const flags = check.subarray(["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "Work"]);
const message = check.record({ content, flags, at: check.integer({ min: 0, max: 4e9 }) }, {
  noNullPrototype: true,
});

Deno.test("what is written into an mbox is read again as it was", () => {
  check.assert(
    check.property(check.array(message, { maxLength: 5 }), check.integer({ min: 1, max: 9_000 }), (
      messages,
      step,
    ) => {
      const bytes = concat([
        new Uint8Array(0),
        ...messages.map(({ content, flags, at }) =>
          toMbox({ content: encode(content), flags }, at * 1000)
        ),
      ]);
      const splitter = createMboxSplitter(Infinity);
      const pieces = [];
      for (let at = 0; at < bytes.length; at += step) {
        pieces.push(...splitter.push(bytes.slice(at, at + step)));
      }
      const read = [...pieces, ...splitter.end()].map((piece) => {
        if (piece.kind !== "message") throw new Error(piece.kind);
        const { content, flags } = fromMbox(piece.bytes);
        return { content: decode(content), flags, at: piece.receivedAt / 1000 };
      });
      assert.deepEqual(read, messages);
    }),
    { numRuns: 200 },
  );
});

Deno.test("line ends become CRLF and back, whatever stands around them", () => {
  for (
    const [lf, crlf] of [
      ["", ""],
      ["a", "a"],
      ["\n", "\r\n"],
      ["a\n\nb\n", "a\r\n\r\nb\r\n"],
      ["a\rb\n", "a\rb\r\n"],
      ["\ra\n\n", "\ra\r\n\r\n"],
    ] as const
  ) {
    assert.equal(decode(toCrlf(encode(lf))), crlf);
    assert.equal(decode(toLf(encode(crlf))), lf);
  }
  assert.equal(decode(toCrlf(encode("a\r\nb\nc\r\n"))), "a\r\nb\r\nc\r\n");
  assert.equal(decode(toLf(encode("a\r\nb\nc\r\n"))), "a\nb\nc\n");
});
