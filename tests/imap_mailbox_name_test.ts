import assert from "$assert";
import fc from "$check";
import {
  canonical,
  decodeMailbox,
  decodeUtf7,
  encodeMailbox,
  encodeUtf7,
} from "../lib/imap/mailbox_name.ts";
import { isMeant, PATTERN_CHARACTERS_MAX, patternOf } from "../lib/imap/pattern.ts";
import { encode } from "../lib/wire/bytes.ts";
import { latin1 } from "./imap_support.ts";

const NAMES: readonly (readonly [name: string, utf7: string])[] = [
  // RFC 3501 §5.1.3.
  ["~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"],
  ["Lost & Found", "Lost &- Found"],
  ["Entwürfe", "Entw&APw-rfe"],
  ["&", "&-"],
  ["&&", "&-&-"],
  ["ä&ö", "&AOQ-&-&APY-"],
  ["😀", "&2D3eAA-"],
  ["a\u0007b", "a&AAc-b"],
  ["", ""],
];

Deno.test("names are written in modified UTF-7 and read again", () => {
  for (const [name, utf7] of NAMES) {
    assert.equal(encodeUtf7(name), utf7);
    assert.equal(decodeUtf7(utf7), name);
  }
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (name) => {
    assert.match(encodeUtf7(name), /^[ -~]*$/);
    assert.equal(decodeUtf7(encodeUtf7(name)), name);
  }));
});

Deno.test("decodeUtf7 refuses every other form of a name", () => {
  for (
    const bad of [
      "&",
      "&AOQ",
      "&AA-", // half a character
      "&AOQ=-", // padding
      "&AOR-", // bits beyond the last character
      "&AGE-", // an a, which stands for itself
      "&AOQ-&APY-", // two shifts where one will do
      "&2D0-", // half of a pair
      "ä",
      "a\tb",
      "&AO/-",
    ]
  ) assert.equal(decodeUtf7(bad), null, bad);
});

Deno.test("a name that came is UTF-8 where the client said so, or where it has bytes above 127", () => {
  assert.equal(decodeMailbox(encode("Entw&APw-rfe"), false), "Entwürfe");
  assert.equal(decodeMailbox(encode("Entw&APw-rfe"), true), "Entw&APw-rfe");
  assert.equal(decodeMailbox(encode("Entwürfe"), false), "Entwürfe");
  assert.equal(decodeMailbox(encode("Entwu\u0308rfe"), true), "Entwürfe");
  assert.throws(() => decodeMailbox(latin1("\xff"), true), { condition: "BAD" });
  assert.throws(() => decodeMailbox(latin1("\xff"), false), { condition: "BAD" });
  assert.throws(() => decodeMailbox(encode("a&b"), false), { condition: "NO", code: "CANNOT" });
  assert.deepEqual(encodeMailbox("ä", false), encode("&AOQ-"));
  assert.deepEqual(encodeMailbox("ä", true), encode("ä"));
});

Deno.test("INBOX has no case, and other names have one", () => {
  const same: readonly (readonly [string, string])[] = [
    ["inbox", "INBOX"],
    ["iNbOx/a", "INBOX/a"],
    ["INBOX", "INBOX"],
    ["inboxes", "inboxes"],
    ["a/inbox", "a/inbox"],
    ["\u0131nbox", "\u0131nbox"], // the dotless i, whose capital is an I
  ];
  for (const [name, expected] of same) assert.equal(canonical(name), expected);
});

const MEANT: readonly (readonly [pattern: string, name: string, isMeant: boolean])[] = [
  ["*", "a/b", true],
  ["%", "a", true],
  ["%", "a/b", false],
  ["%/%", "a/b", true],
  ["a/%", "a/b/c", false],
  ["a*c", "a/b/c", true],
  ["a%c", "abc", true],
  ["", "", true],
  ["", "a", false],
  ["inbox", "INBOX", true],
  ["inb%", "INBOX", true],
  ["%box/a", "INBOX/a", true],
  ["%box/A", "INBOX/a", false],
  ["sent", "Sent", false],
  ["inb%", "INBOXES", false],
  ["😀%", "😀a", true],
  ["%%a", "xa", true],
  ["*%b/c", "a/b/c", true],
];

Deno.test("isMeant tells which names a pattern means", () => {
  for (const [pattern, name, expected] of MEANT) {
    assert.equal(isMeant(name, patternOf("", pattern)), expected, `${pattern} ${name}`);
  }
  assert.equal(patternOf("inbox", "/%"), "INBOX/%");
});

Deno.test("isMeant agrees with a regular expression", () => {
  const text = (unit: readonly string[]) =>
    fc.array(fc.constantFrom(...unit), { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(fc.property(text(["a", "b", "/", "*", "%"]), text(["a", "b", "/"]), (pattern, name) => {
    const source = pattern.replaceAll("*", "[^]*").replaceAll("%", "[^/]*");
    assert.equal(isMeant(name, pattern), new RegExp(`^${source}$`).test(name));
  }));
});

Deno.test("a pattern that wants to be tried in many ways is not, and a longer one means nothing", () => {
  const name = "a".repeat(1_000);
  assert.equal(isMeant(name, `${"*a%".repeat(600)}b`), false);
  assert.equal(isMeant(name, "*".repeat(PATTERN_CHARACTERS_MAX)), true);
  assert.equal(isMeant(name, "*".repeat(PATTERN_CHARACTERS_MAX + 1)), false);
});
