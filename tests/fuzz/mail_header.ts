import assert from "$assert";
import { formatAddress, parseMailbox } from "../../lib/mail/address.ts";
import {
  addressesIn,
  allValues,
  countFields,
  parseHeader,
  removeFields,
} from "../../lib/mail/header.ts";
import { encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_header",
  invariant:
    "the fields of any bytes follow one another without a gap, no value holds a line feed, a " +
    "field that was removed is not found again, and each address in a list can be read again",
  seeds: [
    "Received: from a\r\n\tby b\r\nBcc : eve@x\r\nSubject: Hello\r\n there\r\n\r\nBcc: body\r\n",
    'To: "Bob, Jr." <bob@xyz.com>, =?utf-8?q?J=C3=B6rg?= <j@x>, friends: a@b, c@d;\r\n\r\n',
    'From: (a (b) "c) alice@abc.com (d), <@a,@b:c@d.e> x, "<a@b>" <c@[192.0.2.1]>\r\n\r\n',
    "From alice Mon Jan 1\r\nBcc: a\r\nstray\r\nBcc: b\n\nbody",
    "Bcc: a\r\nno field\r\nBcc: b\r\n\r\n",
    "\r\nBcc: body",
  ].map(encode),
  run(input) {
    const header = parseHeader(input);
    let at = 0;
    for (const { start, valueStart, end } of header.fields) {
      assert.equal(start, at);
      assert.ok(valueStart >= start && valueStart <= end && end > start);
      at = end;
    }
    assert.ok(at === header.end && at <= header.bodyStart && header.bodyStart <= input.length);
    const kept = removeFields(header, ["bcc"]);
    assert.equal(countFields(parseHeader(kept), "Bcc"), 0);
    const removed = header.fields.filter(({ name }) => name === "bcc");
    assert.equal(
      kept.length,
      removed.reduce((length, { start, end }) => length - (end - start), header.end),
    );
    for (const name of new Set(header.fields.map((field) => field.name))) {
      for (const value of allValues(header, name)) checkValue(value);
    }
  },
};

function checkValue(value: string): void {
  assert.doesNotMatch(value, /\n/);
  for (const { address } of addressesIn(value)) {
    if (address === null || address.domain === "") continue;
    assert.deepEqual(parseMailbox(formatAddress(address), { utf8: true }), address);
  }
}
