import assert from "$assert";
import { isIn, parseNetwork } from "../lib/policy/networks.ts";

Deno.test("a network contains its own addresses, and no others", () => {
  const table: readonly (readonly [network: string, own: string[], others: string[]])[] = [
    ["192.0.2.1", ["192.0.2.1"], ["192.0.2.2", "::1"]],
    ["192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.3.0", "192.0.1.255"]],
    ["10.0.0.0/9", ["10.127.255.255"], ["10.128.0.0"]],
    ["0.0.0.0/0", ["203.0.113.1"], ["2001:db8::1"]],
    ["2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::1", "32.1.13.184"]],
    ["2001:db8::1", ["2001:db8:0:0:0:0:0:1"], ["2001:db8::2"]],
    ["fe80::/10", ["fe80::1%eth0", "febf::1"], ["fec0::1"]],
    ["::ffff:192.0.2.0/24", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.3.7"]],
  ];
  for (const [text, own, others] of table) {
    const network = [parseNetwork(text)];
    for (const address of own) assert.ok(isIn(network, address), `${address} in ${text}`);
    for (const address of others) assert.ok(!isIn(network, address), `${address} in ${text}`);
  }
  assert.ok(!isIn([], "192.0.2.1"));
  assert.ok(!isIn([parseNetwork("0.0.0.0/0")], "/run/socket"));
});

Deno.test("what is no network is refused", () => {
  for (
    const bad of ["", "localhost", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/8/8"].concat(
      ["::/129", "192.0.2.1/-1", "192.0.2.1/ 8", "2001:db8::/1e1"],
    )
  ) assert.throws(() => parseNetwork(bad), RangeError, bad);
});
