import assert from "$assert";
import { resolversIn } from "../lib/net/resolv_conf.ts";

const CASES: readonly (readonly [text: string, servers: readonly string[]])[] = [
  ["", ["127.0.0.1"]],
  ["# nameserver 192.0.2.9\nsearch example.test\n", ["127.0.0.1"]],
  ["nameserver 192.0.2.1\nnameserver\t2001:DB8::1\n", ["192.0.2.1", "2001:db8::1"]],
  ["options timeout:1\nnameserver 192.0.2.1 # the first\r\n", ["192.0.2.1"]],
  ["nameserver fe80::1%eth0\nnameserver nonsense\nnameserver 192.0.2.1", ["192.0.2.1"]],
  [
    [1, 2, 3, 4].map((at) => `nameserver 192.0.2.${at}\n`).join(""),
    ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
  ],
];

for (const [text, servers] of CASES) {
  Deno.test(`resolversIn finds at most three servers in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(resolversIn(text), servers);
  });
}
