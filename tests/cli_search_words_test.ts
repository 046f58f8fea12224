import assert from "$assert";
import fc from "$check";
import { Failure } from "../lib/cli/fail.ts";
import { parseSearchWords } from "../lib/cli/search_words.ts";
import { searchPieces } from "../lib/imap/client_search.ts";

/** What a line says to the server. */
const said = (text: string) => searchPieces(parseSearchWords(text)).join(" ");

const table: readonly (readonly [text: string, command: string])[] = [
  ["lunch", 'TEXT "lunch"'],
  ["two words", 'TEXT "two" TEXT "words"'],
  ['"two words" -three', 'TEXT "two words" NOT TEXT "three"'],
  ['from:bob TO:eve cc:x subject:"a b"', 'FROM "bob" TO "eve" CC "x" SUBJECT "a b"'],
  ["body:cake", 'BODY "cake"'],
  ["is:unread is:READ", "UNSEEN SEEN"],
  ["is:flagged -is:answered is:draft", "FLAGGED NOT ANSWERED DRAFT"],
  [
    "since:2026-05-01 before:2026-12-31 on:2024-02-29",
    "SENTSINCE 1-May-2026 SENTBEFORE 31-Dec-2026 SENTON 29-Feb-2024",
  ],
  ["larger:500K smaller:2m larger:7", "LARGER 512000 SMALLER 2097152 LARGER 7"],
  ["http://abc.com/x", 'TEXT "http://abc.com/x"'],
  ["re:this", 'TEXT "re:this"'],
  ["a\\b", 'TEXT "a\\\\b"'],
  ["", "ALL"],
];

for (const [text, command] of table) {
  Deno.test(`a search for ${JSON.stringify(text)} is understood`, () => {
    assert.equal(said(text), command);
  });
}

for (
  const text of [
    "since:yesterday",
    "since:2026-02-30",
    "before:2026-13-01",
    "on:26-01-01",
    "larger:much",
    "smaller:1G",
    "is:strange",
  ]
) {
  Deno.test(`a search for ${text} is wrong usage`, () => {
    assert.throws(() => parseSearchWords(text), (error: unknown) => error instanceof Failure);
  });
}

Deno.test("no search breaks out of its command", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    let pieces;
    try {
      pieces = searchPieces(parseSearchWords(text));
    } catch (error) {
      return assert.ok(error instanceof Failure);
    }
    // What a line cannot carry is bytes, and its length is told before.
    for (const piece of pieces) if (typeof piece === "string") assert.match(piece, /^[ -~]*$/);
  }));
});
