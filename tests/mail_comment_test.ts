import assert from "$assert";
import { withoutComments } from "../lib/mail/comment.ts";

Deno.test("withoutComments knows nesting, quotes and backslashes", () => {
  const cases: readonly (readonly [text: string, without: string])[] = [
    ["a (b) c", "a   c"],
    ["a (b (c) d) e", "a   e"],
    ["a (b \\) c) d", "a   d"],
    ['"a (b)" (c)', '"a (b)"  '],
    ['("a) b', "  b"],
    ["a) b", "a) b"],
    ["a (b", "a "],
    ["\\(a)", "\\(a)"],
  ];
  for (const [text, without] of cases) assert.equal(withoutComments(text), without, text);
});
