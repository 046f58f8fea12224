import assert from "$assert";
import { createHash } from "node:crypto";
import { saslprep } from "../lib/sasl/saslprep.ts";

Deno.test("saslprep gives the examples of RFC 4013 §3", () => {
  assert.equal(saslprep("I\u00adX", "stored"), "IX");
  assert.equal(saslprep("user", "stored"), "user");
  assert.equal(saslprep("USER", "stored"), "USER");
  assert.equal(saslprep("\u00aa", "stored"), "a");
  assert.equal(saslprep("\u2168", "stored"), "IX");
  assert.equal(saslprep("\u0007", "stored"), null);
  assert.equal(saslprep("\u0627\u0031", "stored"), null);
});

Deno.test("saslprep maps, normalises and refuses by RFC 4013 §2", () => {
  const table: readonly (readonly [text: string, prepared: string | null])[] = [
    ["", ""],
    [" two  words ", " two  words "],
    ["a\u00a0b\u3000c", "a b c"],
    ["\u200bx", " x"],
    ["\u00ad\u200c\ufeff", ""],
    ["Gru\u0308\u00dfe", "Gr\u00fc\u00dfe"],
    ["\ufb01n", "fin"],
    ["a\0b", null],
    ["\x7f", null],
    ["\x80", null],
    ["\ue000", null],
    ["\ufffd", null],
    ["\ud800", null],
    ["\u{e0001}", null],
    // RFC 3454 §6: from right to left, as a whole or not at all.
    ["\u05d0\u05d1", "\u05d0\u05d1"],
    ["\u05d0\u0031\u05d1", "\u05d0\u0031\u05d1"],
    ["\u05d0a\u05d1", null],
    ["\u0031\u05d0", null],
    ["\u05d0\u0031", null],
  ];
  for (const [text, prepared] of table) {
    for (const as of ["stored", "query"] as const) {
      assert.equal(saslprep(text, as), prepared, `${JSON.stringify(text)} ${as}`);
    }
  }
});

Deno.test("saslprep lets what Unicode 3.2 did not know pass in a query, and nowhere else", () => {
  for (const text of ["\u{1f431}", "\u0221", "x\u20bd"]) {
    assert.equal(saslprep(text, "stored"), null);
    assert.equal(saslprep(text, "query"), text.normalize("NFKC"));
  }
});

/** Every code point alone, or in front of a character that runs from right to left. */
function digest(suffix: string): string {
  const hash = createHash("sha256");
  for (let point = 0; point < 0x110000; point++) {
    if (point >= 0xd800 && point < 0xe000) continue;
    const prepared = saslprep(String.fromCodePoint(point) + suffix, "stored");
    hash.update(`${point.toString(16)} ${prepared ?? "-"}\n`);
  }
  return hash.digest("hex");
}

// Computed with Python's module stringprep, which has the tables of RFC 3454. Alone, five Chinese
// characters differ, whose mapping Unicode has corrected since (Corrigendum 4).
Deno.test("saslprep treats every character as another implementation does", () => {
  assert.equal(digest(""), "4bc7af498dd8e74e11a238355b312f6961c0cc06a928dd832efcf7013971c2f7");
  assert.equal(
    digest("\u05d0"),
    "d437c27d698c692a5d3787317a22b1e4ba4ff9a652fb37c638be477a9a98ff1d",
  );
});
