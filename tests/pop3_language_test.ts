import assert from "$assert";
import { languageOf } from "../lib/pop3/language.ts";

const RANGES: readonly (readonly [range: string, tag: string | null])[] = [
  ["*", "en"],
  ["en", "en"],
  ["EN", "en"],
  ["en-GB", "en"],
  ["en-Latn-US", "en"],
  ["e", null],
  ["eng", null],
  ["de", null],
  ["de-en", null],
];

Deno.test("languageOf finds the language that a range asks for, or the nearest one", () => {
  for (const [range, tag] of RANGES) assert.equal(languageOf(range)?.tag ?? null, tag, range);
});
