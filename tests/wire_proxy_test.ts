import assert from "$assert";
import fc from "$check";
import { concat, encode } from "../lib/wire/bytes.ts";
import { parseProxyHeader, type ProxyHeader } from "../lib/wire/proxy.ts";
import { latin1 } from "./smtp_support.ts";

const SIGNATURE = latin1("\r\n\r\n\0\r\nQUIT\n");

/** A header of version 2. */
export function binary(command: number, family: number, block: Uint8Array): Uint8Array {
  const length = Uint8Array.of(block.length >> 8, block.length & 255);
  return concat([SIGNATURE, Uint8Array.of(command, family), length, block]);
}

const IPV4 = Uint8Array.of(192, 0, 2, 9, 192, 0, 2, 1, 0xdc, 0x04, 0, 25);
const IPV6 = concat([
  Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, ...new Uint8Array(11), 9),
  Uint8Array.of(...new Uint8Array(15), 1, 0xdc, 0x04, 0, 25),
]);

const GOOD: readonly (readonly [Uint8Array, Exclude<ProxyHeader, string>["source"]])[] = [
  [encode("PROXY TCP4 192.0.2.9 192.0.2.1 56324 25\r\n"), { address: "192.0.2.9", port: 56324 }],
  [encode("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"), {
    address: "255.255.255.255",
    port: 65535,
  }],
  [encode("PROXY TCP6 2001:db8::9 2001:db8::1 1 2\r\n"), { address: "2001:db8::9", port: 1 }],
  [encode("PROXY UNKNOWN\r\n"), null],
  [encode("PROXY UNKNOWN ff:ff what ever 65535\r\n"), null],
  [binary(0x21, 0x11, IPV4), { address: "192.0.2.9", port: 56324 }],
  [binary(0x21, 0x11, concat([IPV4, encode("\x20\x00\x02ab")])), {
    address: "192.0.2.9",
    port: 56324,
  }],
  [binary(0x21, 0x21, IPV6), { address: "2001:db8:0:0:0:0:0:9", port: 56324 }],
  [binary(0x20, 0x00, new Uint8Array(0)), null],
  [binary(0x20, 0x11, IPV4), null],
  [binary(0x21, 0x00, new Uint8Array(5)), null],
];

Deno.test("a PROXY header says for whom the proxy speaks, wherever it is cut", () => {
  for (const [bytes, source] of GOOD) {
    for (let at = 1; at < bytes.length; at++) {
      assert.equal(parseProxyHeader(bytes.subarray(0, at)), "more", `${bytes} at ${at}`);
    }
    const expected = { headerBytes: bytes.length, source };
    assert.deepEqual(parseProxyHeader(bytes), expected);
    assert.deepEqual(parseProxyHeader(concat([bytes, encode("EHLO x\r\n")])), expected);
  }
});

Deno.test("what is no PROXY header is left alone, and what is none of its forms refused", () => {
  for (const other of ["EHLO x\r\n", "PROXX", "\x16\x03\x01", "\r\n\r\n\r\n", "proxy TCP4"]) {
    assert.equal(parseProxyHeader(encode(other)), "none", other);
  }
  const line = (rest: string) => encode(`PROXY ${rest}\r\n`);
  const bad = [
    line(""),
    line("TCP4"),
    line("TCP5 192.0.2.9 192.0.2.1 1 2"),
    line("TCP4 192.0.2.9 192.0.2.1 1"),
    line("TCP4 192.0.2.9 192.0.2.1 1 2 3"),
    line("TCP4 192.0.2.9  192.0.2.1 1 2"),
    line("TCP4 192.0.2.999 192.0.2.1 1 2"),
    line("TCP4 192.0.02.9 192.0.2.1 1 2"),
    line("TCP4 192.0.2.9 192.0.2.1 01 2"),
    line("TCP4 192.0.2.9 192.0.2.1 1 65536"),
    line("TCP4 2001:db8::9 2001:db8::1 1 2"),
    line("TCP6 192.0.2.9 192.0.2.1 1 2"),
    line("TCP6 2001:db8::zz 2001:db8::1 1 2"),
    encode("PROXY TCP4 192.0.2.9 192.0.2.1 1 2\n"),
    encode("PROXY UNKNOWN \n\r\n"),
    encode(`PROXY ${"x".repeat(101)}`),
    binary(0x11, 0x11, IPV4),
    binary(0x22, 0x11, IPV4),
    binary(0x21, 0x12, IPV4),
    binary(0x21, 0x31, new Uint8Array(216)),
    binary(0x21, 0x11, IPV4.subarray(1)),
    binary(0x21, 0x21, IPV4),
    binary(0x21, 0x11, new Uint8Array(4097)).subarray(0, 16),
  ];
  for (const bytes of bad) assert.equal(parseProxyHeader(bytes), "malformed", `${bytes}`);
});

Deno.test("no bytes make the reader of PROXY headers throw, or take more than there is", () => {
  const start = fc.constantFrom(encode("PROXY "), encode("PROXY TCP4 1.1.1.1 "), SIGNATURE);
  fc.assert(fc.property(start, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
    const bytes = concat([start, rest]);
    const header = parseProxyHeader(bytes);
    if (typeof header !== "string") assert.ok(header.headerBytes <= bytes.length);
  }));
});
