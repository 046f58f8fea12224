import assert from "$assert";
import fc from "$check";
import { dateTime } from "../lib/imap/format.ts";
import { NESTING_MAX, Reader, tagIn } from "../lib/imap/parse.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import { rawCommand } from "./imap_support.ts";

/** Reads one word, and wants that nothing is left. */
function read<T>(text: string, word: (reader: Reader) => T): T {
  const reader = new Reader(rawCommand(text));
  const result = word(reader);
  reader.end();
  return result;
}

function refuses(text: string, word: (reader: Reader) => unknown): void {
  assert.throws(() => read(text, word), { name: "ImapError", condition: "BAD" }, text);
}

Deno.test("an atom is printable, and none of the specials of RFC 9051 §9", () => {
  const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const isOne = (word: (reader: Reader) => unknown) =>
    characters.filter((each) => {
      try {
        read(each, word);
        return true;
      } catch {
        return false; // refused, which the list shows
      }
    }).join("");
  const atoms = "!#$&'+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[^_`" +
    "abcdefghijklmnopqrstuvwxyz|}~";
  assert.equal(isOne((reader) => reader.atom()), atoms);
  assert.equal(isOne((reader) => reader.astring()), atoms.replace("[", "[]"));
  assert.equal(isOne((reader) => reader.tag()), atoms.replace("[", "[]").replace("+", ""));
  assert.equal(tagIn("a1 NOOP"), "a1");
  assert.equal(tagIn(" NOOP"), null);
  assert.equal(tagIn("+ NOOP"), null);
});

const STRINGS: readonly (readonly [text: string, value: string])[] = [
  ['""', ""],
  ['"a b"', "a b"],
  ['"a\\"b\\\\"', 'a"b\\'],
  ['"\xc3\xa4"', "\xc3\xa4"],
  ["{3}\r\na\r\n", "a\r\n"],
  ["{0+}\r\n", ""],
  ['{1}\r\n"', '"'],
];

Deno.test("strings are quoted or literals", () => {
  for (const [text, value] of STRINGS) {
    assert.equal(decodeLatin1(read(text, (reader) => reader.string())), value, text);
  }
  for (const bad of ['"', '"a', '"\\a"', '"a\0"', "a", "~{1}\r\na", '"a"b', ""]) {
    refuses(bad, (reader) => reader.string());
  }
  assert.equal(read("nil", (reader) => reader.nstring()), null);
  assert.deepEqual(read('"NIL"', (reader) => reader.nstring())?.length, 3);
  refuses("NILS", (reader) => reader.nstring());
});

Deno.test("numbers have 32 bits, or 63 where the RFC says so", () => {
  assert.equal(read("0", (reader) => reader.number()), 0);
  assert.equal(read("4294967295", (reader) => reader.number()), 4_294_967_295);
  assert.equal(read("0001", (reader) => reader.nzNumber()), 1);
  refuses("4294967296", (reader) => reader.number());
  refuses("0", (reader) => reader.nzNumber());
  refuses("-1", (reader) => reader.number());
  const largest = Number.MAX_SAFE_INTEGER;
  assert.equal(read("9223372036854775807", (reader) => reader.number64()), largest);
  assert.equal(read("9007199254740990", (reader) => reader.number64()), 9_007_199_254_740_990);
  refuses("9223372036854775808", (reader) => reader.number64());
  refuses("1".repeat(1_000), (reader) => reader.number64());
});

Deno.test("dates are days of the calendar", () => {
  assert.equal(read("1-Feb-1994", (reader) => reader.date()), "1994-02-01");
  assert.equal(read('"01-feb-1994"', (reader) => reader.date()), "1994-02-01");
  assert.equal(read("29-Feb-2024", (reader) => reader.date()), "2024-02-29");
  for (
    const bad of [
      "29-Feb-2023",
      "31-Apr-2024",
      "0-Jan-2024",
      "32-Jan-2024",
      "1-Foo-2024",
      "1-Jan-24",
      '"1-Jan-2024',
      "1 Jan 2024",
    ]
  ) refuses(bad, (reader) => reader.date());
});

const TIMES: readonly (readonly [text: string, utc: string])[] = [
  ['"17-Jul-1996 02:44:25 -0700"', "1996-07-17T09:44:25Z"],
  ['" 1-Jan-2000 00:00:00 +0130"', "1999-12-31T22:30:00Z"],
  ['"1-Jan-2000 00:00:00 +0000"', "2000-01-01T00:00:00Z"], // without its blank
  ['"01-jan-0000 00:00:00 +0000"', "0000-01-01T00:00:00Z"],
  ['"31-Dec-9999 23:59:59 +0000"', "9999-12-31T23:59:59Z"],
];

Deno.test("times are read in their zone", () => {
  for (const [text, utc] of TIMES) {
    assert.equal(read(text, (reader) => reader.dateTime()), Date.parse(utc), text);
  }
  for (
    const bad of [
      '"  1-Jan-2000 00:00:00 +0000"',
      '" 1-Jan-2000 24:00:00 +0000"',
      '" 1-Jan-2000 00:60:00 +0000"',
      '" 1-Jan-2000 00:00:61 +0000"',
      '"30-Feb-2000 00:00:00 +0000"',
      '" 1-Jan-2000 00:00:00"',
      '" 1-Jan-2000 00:00:00 UTC"',
      '" 1-Jan-0000 00:00:00 +0001"',
      '"31-Dec-9999 23:59:59 -0001"',
    ]
  ) refuses(bad, (reader) => reader.dateTime());
  const seconds = fc.integer({ min: Date.parse("0000-01-01") / 1000, max: 253_402_300_799 });
  fc.assert(fc.property(seconds, (at) => {
    assert.equal(read(dateTime(at * 1000), (reader) => reader.dateTime()), at * 1000);
  }));
});

Deno.test("lists are as long as they may be, and nested no deeper", () => {
  const list = (least: 0 | 1, most: number) => (reader: Reader) =>
    reader.list(() => reader.atom(), { least, most });
  assert.deepEqual(read("(a b)", list(1, 2)), ["a", "b"]);
  assert.deepEqual(read("()", list(0, 2)), []);
  for (const bad of ["()", "(a b c)", "(a  b)", "( a)", "(a )", "(a", "a", "(a b"]) {
    refuses(bad, list(1, 2));
  }
  const deep = (reader: Reader): unknown =>
    reader.sees("(") ? reader.list(() => deep(reader), { least: 1, most: 1 }) : reader.atom();
  const nested = (depth: number) => `${"(".repeat(depth)}a${")".repeat(depth)}`;
  read(nested(NESTING_MAX), deep);
  refuses(nested(NESTING_MAX + 1), deep);
  const within = (reader: Reader): unknown =>
    reader.skip("-") ? reader.nested(() => within(reader)) : reader.atom();
  read(`${"-".repeat(NESTING_MAX)}a`, within);
  refuses(`${"-".repeat(NESTING_MAX + 1)}a`, within);
});

Deno.test("words end where they end", () => {
  assert.equal(read("return", (reader) => reader.skipWord("RETURN")), true);
  const reader = new Reader(rawCommand("RETURNED"));
  assert.equal(reader.skipWord("RETURN"), false);
  assert.equal(reader.atEnd(), false);
  assert.throws(() => new Reader(rawCommand("{1}\r\na")).end(), /something behind/);
});
