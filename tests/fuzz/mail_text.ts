import assert from "$assert";
import { withoutComments } from "../../lib/mail/comment.ts";
import { formatDate, parseDate } from "../../lib/mail/date.ts";
import { decodeWords, encodeWords } from "../../lib/mail/words.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

/** More would be more words than are read as one text. */
const TEXT_BYTES_MAX = 1500;
/** The last moment with a year of four digits. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

export const target: FuzzTarget = {
  name: "mail_text",
  invariant:
    "any text comes back from encoded words, each short enough for a line; a date that can be " +
    "read is the same when it was written and read again; comments and words never throw",
  seeds: [
    "Thu, 21 May 2026 09:05:00 +0200",
    "21 may 99 9:5 EST (a (nested) comment)",
    "Mon, 29-Feb-2028 23:59:60.5 -0330",
    "=?utf-8?q?J=C3=B6rg?= =?UTF-8*de?B?w7w=?= =?iso-8859-1?Q?=fc_?=",
    "Grüße \u{1F4E7} =?x?=",
    '(a "b) c" \\( d',
  ].map(encode),
  run(input) {
    const text = decode(input);
    decodeWords(text);
    assert.ok(withoutComments(text).length <= text.length + 1);
    if (encode(text).length <= TEXT_BYTES_MAX) checkWords(text);
    const date = parseDate(text);
    if (date === null) return;
    assert.ok(Number.isSafeInteger(date.at) && !Object.is(date.offsetMinutes, -0));
    if (date.at + date.offsetMinutes * 60_000 > LAST_MS) return;
    assert.deepEqual(parseDate(formatDate(date.at, date.offsetMinutes)), date);
  },
};

function checkWords(text: string): void {
  const words = encodeWords(text);
  for (const word of words) assert.match(word, /^=\?UTF-8\?[QB]\?[!->@-~]*\?=$/);
  assert.ok(words.every((word) => word.length <= 75));
  // A byte order mark in front is not text, and decoders take it away.
  assert.equal(decodeWords(words.join(" ")), text.replace(/^\ufeff/, ""));
}
