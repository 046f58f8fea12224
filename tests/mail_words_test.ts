import assert from "$assert";
import fc from "$check";
import { decodeWords, encodeWords } from "../lib/mail/words.ts";

Deno.test("encodeWords keeps words short and characters whole", () => {
  // What a broken character decodes to would be there already.
  const texts = fc.string({ unit: "grapheme", minLength: 1 })
    .filter((text) => !text.includes("\ufffd"));
  fc.assert(fc.property(texts, (text) => {
    const words = encodeWords(text);
    assert(words.every((word) => word.length <= 75 && !decodeWords(word).includes("\ufffd")));
    assert.equal(decodeWords(words.join(" ")), text);
  }));
});

Deno.test("decodeWords decodes what RFC 2047 allows, and what is seen in spite of it", () => {
  const cases: readonly (readonly [text: string, decoded: string])[] = [
    ["plain", "plain"],
    ["=?ISO-8859-1?Q?a?=", "a"],
    ["=?ISO-8859-1?Q?a?= b", "a b"],
    ["=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"],
    ["=?ISO-8859-1?Q?a?=\r\n  =?utf-8?b?w7Y=?=", "aö"],
    ["=?ISO-8859-1?Q?a_b?=", "a b"],
    ["=?iso-8859-1?q?=F6=e4?=", "öä"],
    ["=?utf-8*de?q?=C3=B6?=", "ö"],
    // One character in two words.
    ["=?utf-8?q?=C3?= =?utf-8?q?=B6?=", "ö"],
    // Nothing that can be decoded.
    ["=?x-unknown?Q?a?=", "=?x-unknown?Q?a?="],
    ["=?utf-8?B?***?=", "=?utf-8?B?***?="],
    ["=?utf-8?X?a?=", "=?utf-8?X?a?="],
    ["=?utf-8?Q?a", "=?utf-8?Q?a"],
    ["=?utf-8?Q?=zz?=", "=zz"],
    ["=?utf-8?Q?ö?=", "=?utf-8?Q?ö?="],
    ["a =?utf-8?Q?b?= =?x-unknown?Q?c?=", "a b=?x-unknown?Q?c?="],
  ];
  for (const [text, decoded] of cases) assert.equal(decodeWords(text), decoded, text);
});
