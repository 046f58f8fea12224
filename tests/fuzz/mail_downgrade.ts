import assert from "$assert";
import { toSevenBit } from "../../lib/mail/downgrade.ts";
import { encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_downgrade",
  invariant:
    "what is converted to 7 bits has no bytes above 127, no line of over 998 characters that was " +
    "not there before, and is left alone when it is converted again",
  seeds: [
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n",
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" +
    "Content-Type: message/rfc822\r\n\r\nSubject: ä\r\n\r\nö\r\n--b--\r\n",
    "Content-Transfer-Encoding: 8bit\r\n\r\nä",
    "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\nü\r\n--x--\r\n",
  ].map(encode),
  run(input) {
    const converted = toSevenBit(input);
    if (converted === null) return;
    assert.ok(converted.every((byte) => byte < 128));
    assert.deepEqual(toSevenBit(converted), converted);
    const longest = (bytes: Uint8Array) => {
      let [most, start] = [0, 0];
      for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, start)) {
        most = Math.max(most, at - start);
        start = at + 1;
      }
      return Math.max(most, bytes.length - start);
    };
    assert.ok(longest(converted) <= Math.max(1000, longest(input)));
  },
};
