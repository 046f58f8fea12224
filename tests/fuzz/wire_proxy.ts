import assert from "$assert";
import { encode } from "../../lib/wire/bytes.ts";
import { parseProxyHeader } from "../../lib/wire/proxy.ts";
import { latin1 } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "wire_proxy",
  invariant:
    "a PROXY header is found at the same place however much has come, what it names is an " +
    "address and a port, and nothing is thrown",
  seeds: [
    encode("PROXY TCP4 192.0.2.9 192.0.2.1 56324 25\r\nEHLO x\r\n"),
    encode("PROXY TCP6 2001:db8::9 2001:db8::1 1 2\r\n"),
    encode("PROXY UNKNOWN\r\n"),
    latin1("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x09\xc0\0\x02\x01\xdc\x04\0\x19EHLO"),
  ],
  run(input) {
    const whole = parseProxyHeader(input);
    if (input.length === 0) return;
    for (let at = 1; at < Math.min(input.length, 300); at++) {
      const part = parseProxyHeader(input.subarray(0, at));
      if (part === "more") continue;
      assert.deepEqual(part, whole);
      break;
    }
    if (typeof whole === "string" || whole.source === null) return;
    assert.match(whole.source.address, /^[0-9A-Fa-f:.]{2,45}$/);
    assert.ok(whole.source.port >= 0 && whole.source.port <= 65535);
    assert.ok(whole.headerBytes <= input.length);
  },
};
