import assert from "$assert";
import { parseMailbox } from "../../lib/mail/address.ts";
import { asciiOrcpt, isOrcpt, orcptOf, showAddress, showOrcpt } from "../../lib/mail/orcpt.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../lib/mail/xtext.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import { ProtocolError } from "../../lib/wire/error.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_orcpt",
  invariant:
    "printable text comes back from xtext; an ORCPT that is taken is shown and passed on in " +
    "ASCII without line ends, and an address has an ORCPT that would be taken",
  seeds: [
    "rfc822;Bob+2Btag@xyz.com",
    "utf-8;b\\x{F6}b@xyz.com",
    "utf-8;böb+3D@xyz.com",
    "rfc822;b+C3+B6b@xyz.com",
    "x400;+09a+0A",
    "böb@xyz.com",
    '"a b=c+d\\\\"@xyz.com',
    "QQ+3D1",
  ].map(encode),
  run(input) {
    const text = decode(input);
    if (/^[ -~]*$/.test(text)) {
      assert.ok(isXtext(encodeXtext(text)));
      assert.equal(decodeXtext(encodeXtext(text)), text);
    }
    const decoded = decodeXtext(text);
    if (decoded !== null) assert.equal(decodeXtext(encodeXtext(decoded)), decoded);
    if (isOrcpt(text)) checkOrcpt(text);
    try {
      const address = parseMailbox(text, { utf8: true });
      assert.match(showAddress(address), /^(?:rfc822|utf-8); [ -~]+$/);
      checkOrcpt(orcptOf(address));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  },
};

function checkOrcpt(orcpt: string): void {
  assert.match(showOrcpt(orcpt), /^[!-~]+; [\t -~]*$/);
  const ascii = asciiOrcpt(orcpt);
  assert.match(ascii, /^[!-~]+$/);
  assert.equal(asciiOrcpt(ascii), ascii);
  // A number in place of a character can make it longer than what may be asked for.
  if (ascii.length <= 500) assert.ok(isOrcpt(ascii));
}
