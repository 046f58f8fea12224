import assert from "$assert";
import { marksOf } from "../../lib/net/certificate.ts";
import { createFinishedFinder, serverNameIn, watchServerHello } from "../../lib/net/tls_hello.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { latin1, pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const RANDOM = "r".repeat(32);

export const target: FuzzTarget = {
  name: "net_tls_hello",
  invariant:
    "any bytes in the place of a hello or a certificate are read without an error, with the same " +
    "result wherever they are cut, and with no result from less than is there",
  seeds: [
    // A client that asks for a.example, in one record and in two, and then ends its handshake.
    `\x16\x03\x01\0\x41\x01\0\0\x3d\x03\x03${RANDOM}\0\0\x02\x13\x01\x01\0` +
    "\0\x12\0\0\0\x0e\0\x0c\0\0\x09a.example\x17\x03\x03\0\x01xrest",
    `\x16\x03\x01\0\x10\x01\0\0\x3d\x03\x03${RANDOM.slice(0, 10)}\x16\x03\x01\0\x31` +
    `${RANDOM.slice(10)}\0\0\x02\x13\x01\x01\0\0\x12\0\0\0\x0e\0\x0c\0\0\x09a.example`,
    `\x16\x03\x03\0\x32\x02\0\0\x2e\x03\x03${RANDOM}\0\x13\x02\0\0\x06\0\x2b\0\x02\x03\x04`,
    `\x16\x03\x03\0\x2a\x02\0\0\x26\x03\x03${RANDOM}\0\xc0\x2f\0`,
    "\x15\x03\x01\0\x02\x02\x28",
    "\x30\x82\0\x10\x30\x03\x02\x01\x01\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b",
  ].map(latin1).concat(encode("EHLO x\r\n")),
  run(input) {
    const name = serverNameIn(input);
    for (let at = 0; at < Math.min(input.length, 400); at++) {
      const part = serverNameIn(input.subarray(0, at));
      if (part !== "more") assert.equal(part, name);
    }
    for (const size of [1, 7]) {
      assert.deepEqual(seen(pieces(input, size)), seen([input]));
      assert.equal(finished(pieces(input, size)), finished([input]));
    }
    const { binding, fingerprint } = marksOf(input);
    assert.ok(binding === null || [32, 48, 64].includes(binding.length));
    assert.match(fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  },
};

function seen(chunks: readonly Uint8Array[]) {
  const watch = watchServerHello();
  for (const chunk of chunks) {
    const lent = chunk.slice();
    watch.see(lent);
    lent.fill(0xee);
  }
  return watch.hello;
}

/** From the beginning of all chunks; `null` where it is not there. */
function finished(chunks: readonly Uint8Array[]): number | null {
  const find = createFinishedFinder();
  let before = 0;
  for (const chunk of chunks) {
    const end = find(chunk);
    if (end !== null) return before + end;
    before += chunk.length;
  }
  return null;
}
