import assert from "$assert";
import {
  accountName,
  type Address,
  addressKey,
  baseAddress,
  DOMAIN_BYTES_MAX,
  formatAddress,
  isDomain,
  LOCAL_BYTES_MAX,
  parseMailbox,
  parsePath,
} from "../../lib/mail/address.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import { ProtocolError } from "../../lib/wire/error.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_address",
  invariant:
    "any text is an address or a ProtocolError; an address is within its limits, without line " +
    "ends, is the same when it was written and read again, and an account's name is its own name",
  seeds: [
    "alice@abc.com",
    '"a b\\"c"@[IPv6:2001:db8::192.0.2.1]',
    "<@one.example,@[192.0.2.1]:bob+tag@xyz.com>",
    "<postmaster>",
    "<>",
    "älice@bücher.example",
    "\u1e9b\u0323@xn--bcher-kva.example",
    `${"l".repeat(64)}@${"d".repeat(63)}.${"e".repeat(63)}`,
  ].map(encode),
  run(input) {
    const text = decode(input);
    for (const utf8 of [true, false]) {
      for (const parse of [parseMailbox, parsePath]) {
        const address = orNull(() => parse(text, { utf8 }));
        if (address !== null && address.domain !== "") check(address);
      }
      if (isDomain(text, { utf8 })) assert.doesNotMatch(text, /[\s<>@]/);
    }
    const account = orNull(() => accountName(text, "abc.com"));
    if (account !== null) assert.equal(accountName(account, "other.example"), account);
  },
};

function check(address: Address): void {
  const written = formatAddress(address);
  assert.deepEqual(parseMailbox(written, { utf8: true }), address);
  assert.deepEqual(parsePath(`<${written}>`, { utf8: true }), address);
  assert.ok(encode(address.local).length <= LOCAL_BYTES_MAX);
  assert.ok(address.domain.length <= DOMAIN_BYTES_MAX);
  assert.doesNotMatch(written, /[\p{Cc}\p{Zl}\p{Zp}]/u);
  assert.ok(isDomain(address.domain));
  assert.equal(addressKey(baseAddress(baseAddress(address))), addressKey(baseAddress(address)));
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.equal(error.code, 501);
    assert.match(error.message, /^[ -~]+$/);
    return null;
  }
}
