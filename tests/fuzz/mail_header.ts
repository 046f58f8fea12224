import assert from "$assert";
import { formatAddress, parseMailbox } from "../../lib/mail/address.ts";
import { addressesIn, allValues, parseHeader, removeFields } from "../../lib/mail/header.ts";
import { concat, encode, equal } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_header",
  invariant:
    "any header is read without an exception, its fields lie side by side, removing one name " +
    "takes out nothing else, and each address that is found in it is one",
  seeds: [
    'From: Alice <alice@abc.com>\r\nTo: bob@xyz.com,\r\n "Eve, x" <eve@x.y>\r\nBcc: c@d\r\n\r\nHi',
    "Received: from a\r\n\tby b\r\nSender : x@y\r\nbcc:\r\n\r\n",
    "To: friends: a@b, (note) c@d (x);, <@r.a:e@f>\r\nstray\r\n\r\n",
    "From alice\r\nA: =?utf-8?q?x?= <x@[IPv6:::1]>\r\n",
  ].map(encode),
  run(input) {
    const header = parseHeader(input);
    let at = 0;
    for (const { start, end } of header.fields) {
      assert.ok(start >= at && end >= start);
      at = end;
    }
    assert.ok(at <= header.end && header.end <= header.bodyStart);
    assert.ok(equal(removeFields(header, []), header.bytes.subarray(0, header.end)));
    const kept = parseHeader(concat([removeFields(header, ["Bcc"]), encode("\r\n")]));
    assert.deepEqual(allValues(kept, "Bcc"), []);
    for (const name of ["From", "To"]) {
      for (const { address } of allValues(header, name).flatMap(addressesIn)) {
        if (address === null) continue;
        assert.deepEqual(parseMailbox(formatAddress(address), { utf8: true }), address);
      }
    }
  },
};
