import assert from "$assert";
import fc from "$check";
import { decodeXtext, encodeXtext, isXtext } from "../lib/mail/xtext.ts";

const PAIRS: readonly (readonly [text: string, xtext: string])[] = [
  ["", ""],
  ["bob@xyz.com", "bob@xyz.com"],
  ["a+b=c d", "a+2Bb+3Dc+20d"],
  ["a\tb", "a+09b"],
  ["!*,<>~", "!*,<>~"],
];

Deno.test("encodeXtext and decodeXtext are each other's inverse", () => {
  for (const [text, xtext] of PAIRS) {
    assert.equal(encodeXtext(text), xtext);
    assert.equal(decodeXtext(xtext), text);
  }
});

Deno.test("decodeXtext refuses what is no xtext, and what stands for no text", () => {
  for (
    const bad of ["a b", "a=b", "+", "+2", "+2b", "+GG", "ä", "a\r", "+0D", "+00", "+7F", "+E4"]
  ) {
    assert.equal(decodeXtext(bad), null, bad);
  }
  assert.ok(isXtext("+E4") && !isXtext("+e4"));
});

Deno.test("whatever printable text is encoded, it is xtext and comes back", () => {
  const printable = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map(String.fromCharCode) });
  fc.assert(fc.property(printable, (text) => {
    const xtext = encodeXtext(text);
    assert.match(xtext, /^[!-<>-~]*$/);
    assert.equal(decodeXtext(xtext), text);
  }));
});

Deno.test("what decodeXtext gives is printable, whatever it is given", () => {
  const unit = fc.constantFrom(..."+0123456789ABCDEFabcdef= ~!\r\nä");
  fc.assert(fc.property(fc.string({ unit }), (text) => {
    const decoded = decodeXtext(text);
    if (decoded === null) return;
    assert.match(decoded, /^[\t -~]*$/);
    assert.equal(decodeXtext(encodeXtext(decoded)), decoded);
  }));
});
