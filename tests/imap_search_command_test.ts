import assert from "$assert";
import { type ImapCommand, parseCommand } from "../lib/imap/command.ts";
import {
  SEARCH_KEYS_MAX,
  type SearchCommand,
  type SearchKey,
  type SearchReturn,
  type SortCommand,
} from "../lib/imap/search_command.ts";
import { rawCommand } from "./imap_support.ts";

function parse(text: string): ImapCommand {
  return parseCommand(rawCommand(`a ${text}`), false);
}

const keys = (text: string): SearchKey => (parse(`SEARCH ${text}`) as SearchCommand).keys;
const flag = (name: string, set: boolean): SearchKey => ({ key: "FLAG", flag: name, set });
const subject = (text: string): SearchKey => ({ key: "HEADER", field: "Subject", text });

const KEYS: readonly (readonly [text: string, key: SearchKey])[] = [
  ["ALL", { key: "ALL" }],
  ["1:2", { key: "SEQUENCE", set: [{ from: 1, to: 2 }] }],
  ["$", { key: "SEQUENCE", set: "$" }],
  ["UID *", { key: "UID", set: [{ from: "*", to: "*" }] }],
  ["seen", flag("\\Seen", true)],
  ["UNANSWERED", flag("\\Answered", false)],
  ["KEYWORD $Junk", flag("$Junk", true)],
  ["UNKEYWORD \\flagged", flag("\\Flagged", false)],
  ["NEW", { key: "AND", keys: [{ key: "RECENT", set: true }, flag("\\Seen", false)] }],
  ["OLD", { key: "RECENT", set: false }],
  ['SUBJECT "a b"', subject("a b")],
  ["SUBJECT {2}\r\n\xc3\xa4", subject("ä")],
  ["HEADER X-Y z", { key: "HEADER", field: "X-Y", text: "z" }],
  ['HEADER X-Y ""', { key: "HEADER", field: "X-Y", text: "" }],
  ["BODY a", { key: "BODY", text: "a" }],
  ["TEXT a", { key: "TEXT", text: "a" }],
  ["SINCE 1-Feb-1994", { key: "SINCE", of: "received", day: "1994-02-01" }],
  ['SENTON "1-Feb-1994"', { key: "ON", of: "sent", day: "1994-02-01" }],
  ["SAVEDBEFORE 1-Feb-1994", { key: "BEFORE", of: "saved", day: "1994-02-01" }],
  ["YOUNGER 60", { key: "YOUNGER", seconds: 60 }],
  ["LARGER 4294967296", { key: "LARGER", bytes: 4_294_967_296 }],
  ["MODSEQ 620162338", { key: "MODSEQ", least: 620_162_338 }],
  // RFC 7162 §3.1.5.
  ['MODSEQ "/flags/\\\\draft" all 620162338', { key: "MODSEQ", least: 620_162_338 }],
  ["EMAILID M1", { key: "EMAILID", id: "M1" }],
  ["SAVEDATESUPPORTED", { key: "SAVEDATESUPPORTED" }],
  ["NOT SEEN", { key: "NOT", not: flag("\\Seen", true) }],
  ["OR SEEN (DRAFT ALL)", {
    key: "OR",
    either: flag("\\Seen", true),
    or: { key: "AND", keys: [flag("\\Draft", true), { key: "ALL" }] },
  }],
  ["SEEN DRAFT", { key: "AND", keys: [flag("\\Seen", true), flag("\\Draft", true)] }],
  ["CHARSET us-ascii SUBJECT a", subject("a")],
  ["CHARSET iso-8859-1 SUBJECT {1}\r\n\xe4", subject("ä")],
  ["CHARSET koi8-r OR SUBJECT {1+}\r\n\xc1 NOT SUBJECT {1+}\r\n\xc2", {
    key: "OR",
    either: subject("а"),
    or: { key: "NOT", not: subject("б") },
  }],
];

Deno.test("SEARCH is read with every key that there is", () => {
  for (const [text, key] of KEYS) assert.deepEqual(keys(text), key, text);
});

Deno.test("SEARCH is refused where it is not right", () => {
  for (
    const text of [
      "",
      "X",
      "()",
      "ALL ",
      "NOT",
      "OR ALL",
      "UID",
      "SUBJECT",
      "SUBJECT {1}\r\n\xff",
      "CHARSET utf-8 SUBJECT {1}\r\n\xff",
      "CHARSET utf-8",
      "SINCE 31-Feb-2000",
      "YOUNGER 0",
      'MODSEQ "a" 1',
      "SAVED 1-Feb-1994",
      "RETURN (X) ALL",
      "RETURN (ALL PARTIAL 1:2) ALL",
      "RETURN (PARTIAL 1:-2) ALL",
      "RETURN () ",
    ]
  ) assert.throws(() => keys(text), { name: "ImapError", condition: "BAD" }, text);
  assert.throws(() => keys("CHARSET x-unknown ALL"), {
    condition: "NO",
    code: "BADCHARSET (US-ASCII UTF-8)",
  });
});

const RETURNS: readonly (readonly [text: string, back: SearchReturn | null])[] = [
  ["ALL", null],
  ["RETURN () ALL", { items: new Set(["ALL"]), save: false, update: null, partial: null }],
  ["RETURN (MIN count) ALL", {
    items: new Set(["MIN", "COUNT"]),
    save: false,
    update: null,
    partial: null,
  }],
  ["RETURN (CONTEXT) ALL", {
    items: new Set(["ALL"]),
    save: false,
    update: null,
    partial: null,
  }],
  ["RETURN (UPDATE) ALL", { items: new Set(), save: false, update: [], partial: null }],
  ["RETURN (UPDATE (UID FLAGS) COUNT) ALL", {
    items: new Set(["COUNT"]),
    save: false,
    update: [{ item: "UID" }, { item: "FLAGS" }],
    partial: null,
  }],
  ["RETURN (SAVE) ALL", { items: new Set(), save: true, update: null, partial: null }],
  ["RETURN (PARTIAL -5:-1) ALL", {
    items: new Set(),
    save: false,
    update: null,
    partial: { from: -1, to: -5 },
  }],
];

Deno.test("SEARCH is read with what it wants back", () => {
  for (const [text, back] of RETURNS) {
    assert.deepEqual((parse(`SEARCH ${text}`) as SearchCommand).back, back, text);
  }
});

Deno.test("SORT and THREAD are read", () => {
  const sort = parse("UID SORT (REVERSE DATE subject) UTF-8 SINCE 1-Feb-1994") as SortCommand;
  assert.deepEqual(sort.by, [{ key: "DATE", reverse: true }, { key: "SUBJECT", reverse: false }]);
  assert.equal(sort.uid, true);
  assert.deepEqual(parse("THREAD REFERENCES iso-8859-1 SUBJECT {1}\r\n\xe4"), {
    verb: "THREAD",
    uid: false,
    algorithm: "REFERENCES",
    keys: subject("ä"),
  });
  for (
    const text of [
      "SORT () UTF-8 ALL",
      "SORT (X) UTF-8 ALL",
      "SORT (REVERSE) UTF-8 ALL",
      "SORT (DATE) UTF-8",
      "SORT (DATE)",
      "THREAD X UTF-8 ALL",
      "THREAD REFERENCES UTF-8",
    ]
  ) assert.throws(() => parse(text), { condition: "BAD" }, text);
});

Deno.test("a search has so many keys, and a sort so many criteria", () => {
  const many = (count: number, text: string) => Array.from({ length: count }, () => text).join(" ");
  assert.doesNotThrow(() => keys(many(SEARCH_KEYS_MAX, "ALL")));
  assert.throws(() => keys(many(SEARCH_KEYS_MAX + 1, "ALL")), /too many keys/);
  assert.throws(() => keys(`(${many(SEARCH_KEYS_MAX, "ALL")})`), /too many keys/);
  assert.doesNotThrow(() => parse(`SORT (${many(20, "DATE")}) UTF-8 ALL`));
  assert.throws(() => parse(`SORT (${many(21, "DATE")}) UTF-8 ALL`), /too long/);
  assert.throws(() => keys(`${"NOT ".repeat(51)}ALL`), /nested too deeply/);
});
