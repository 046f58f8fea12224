import assert from "$assert";
import { type Address, parseMailbox } from "../../lib/mail/address.ts";
import { formatField, formatMailboxField, formatTextField } from "../../lib/mail/field.ts";
import { addressesIn, firstValue, parseHeader } from "../../lib/mail/header.ts";
import { hasPassed, receivedField, returnPathField } from "../../lib/mail/trace.ts";
import { decode, decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

/** Longer than a line can be, and many runs a second. */
const TEXT_BYTES_MAX = 3000;

export const target: FuzzTarget = {
  name: "mail_field",
  invariant:
    "whatever text a stranger gives for a value, one field comes out of it, in lines that mail " +
    "may have; a list of mailboxes has its addresses, and no name makes Received say another host",
  seeds: [
    "client.example",
    "x by evil.example (",
    "Hello\r\nBcc: eve@x",
    "[IPv6:2001:db8::1]",
    `Grüße ${"x".repeat(1200)} =?utf-8?q?a?=`,
    'Bob "the \\ builder" <bob@xyz.com>, (',
    "  a  b  ",
  ].map(encode),
  run(input) {
    const text = decode(input.subarray(0, TEXT_BYTES_MAX));
    for (const bytes of [formatField("X-Test", text), formatTextField("X-Test", text)]) {
      checkOneField(bytes, "x-test");
    }
    const address = parseMailbox("alice@abc.com");
    const mailboxes = [{ name: text, address }, { name: "", address }];
    const list = checkOneField(formatMailboxField("To", mailboxes), "to");
    const addresses = addressesIn(list).map((each): Address | null => each.address);
    assert.deepEqual(addresses, [address, address]);
    checkOneField(returnPathField(address), "return-path");
    checkReceived(text);
  },
};

function checkReceived(text: string): void {
  const field = receivedField({
    helo: text,
    address: "192.0.2.1",
    name: text,
    by: "mx.abc.com",
    protocol: "ESMTP",
    tls: { version: text, cipher: text },
    id: "1",
    recipient: null,
    at: 0,
  });
  checkOneField(field, "received");
  const header = parseHeader(field);
  assert.ok(hasPassed(header, "mx.abc.com", 0));
}

/** Gives its value. */
function checkOneField(bytes: Uint8Array, name: string): string {
  assert.match(decodeLatin1(bytes), /^(?:[^\r\n]{1,998}\r\n)+$/);
  const header = parseHeader(bytes);
  assert.deepEqual(header.fields.map((field) => field.name), [name]);
  assert.equal(header.end, bytes.length);
  return firstValue(header, name)!;
}
