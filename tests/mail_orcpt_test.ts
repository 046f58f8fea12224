import assert from "$assert";
import fc from "$check";
import { parseMailbox } from "../lib/mail/address.ts";
import { asciiOrcpt, isOrcpt, orcptOf, showAddress, showOrcpt } from "../lib/mail/orcpt.ts";

const SHOWN: readonly (readonly [orcpt: string, shown: string])[] = [
  ["rfc822;bob@xyz.com", "rfc822; bob@xyz.com"],
  ["RFC822;Bob+2Btag@xyz.com", "RFC822; Bob+tag@xyz.com"],
  ["x400;/C+3DDE/S+3DBob/", "x400; /C=DE/S=Bob/"],
  ["rfc822;", "rfc822; "],
  ["utf-8;böb@xyz.com", "utf-8; b\\x{F6}b@xyz.com"],
  ["utf-8;b\\x{F6}b@xyz.com", "utf-8; b\\x{F6}b@xyz.com"],
  ["UTF-8;b\u{1f600}@xyz.com", "UTF-8; b\\x{1F600}@xyz.com"],
  // As Postfix says it.
  ["rfc822;b+C3+B6b@xyz.com", "utf-8; b\\x{F6}b@xyz.com"],
  ["RFC822;a+2Bb+C3+B6@xyz.com", "utf-8; a\\x{2B}b\\x{F6}@xyz.com"],
];

Deno.test("an original recipient of any network is taken, and shown decoded", () => {
  for (const [orcpt, shown] of SHOWN) {
    assert.ok(isOrcpt(orcpt), orcpt);
    assert.equal(showOrcpt(orcpt), shown);
  }
  const malformed = ["", "bob", ";bob", "a b;bob", "a(b;x", "rfc822;ö", "rfc822;+0A", "ü;x"];
  // Neither Latin-1 nor a control of Unicode, and of other types ASCII only.
  const encoded = ["rfc822;b+F6b@x", "rfc822;+C2+85", "rfc822;+C3+B6+0A", "x400;+C3+B6"];
  for (const bad of [...malformed, ...encoded]) {
    assert.ok(!isOrcpt(bad), bad);
  }
});

Deno.test("without SMTPUTF8 an original recipient is ASCII, and ASCII is left alone", () => {
  assert.equal(asciiOrcpt("utf-8;b\\x{F6}ö@x+20"), "utf-8;b\\x{F6}\\x{F6}@x+20");
  assert.equal(asciiOrcpt("RFC822;Bob+2B@X"), "RFC822;Bob+2B@X");
});

Deno.test("an address becomes an original recipient, and a final one, of its type", () => {
  const plain = parseMailbox('"a b+c"@xyz.com');
  assert.equal(orcptOf(plain), 'rfc822;"a+20b+2Bc"@xyz.com');
  assert.equal(showAddress(plain), 'rfc822; "a b+c"@xyz.com');
  const wide = parseMailbox('"b ö+\\\\"@bücher.de', { utf8: true });
  assert.equal(orcptOf(wide), 'utf-8;"b\\x{20}\\x{F6}\\x{2B}\\x{5C}\\x{5C}"@xn--bcher-kva.de');
  assert.equal(showAddress(wide), `utf-8; ${orcptOf(wide).slice(6)}`);
});

Deno.test("whatever an address is, its original recipient may be said to any server", () => {
  const local = fc.string({ unit: fc.constantFrom(..."ab+=\\ö例\u{1f600}.-"), minLength: 1 });
  fc.assert(fc.property(local, (local) => {
    const orcpt = orcptOf({ local, domain: "xyz.com" });
    assert.match(orcpt, /^(rfc822|utf-8);[!-<>-~]+$/);
    assert.ok(isOrcpt(orcpt));
    assert.equal(asciiOrcpt(orcpt), orcpt);
  }));
});
