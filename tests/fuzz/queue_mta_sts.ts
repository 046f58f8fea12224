import assert from "$assert";
import { allowsMx, MAX_AGE_SECONDS_MAX, parseStsPolicy, stsIdOf } from "../../lib/queue/mta_sts.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "queue_mta_sts",
  invariant:
    "a policy that is taken names servers, unless its mode is none, lasts no longer than a year, " +
    "and allows the names that it has written out and none below them; an id has 1 to 32 letters",
  seeds: [
    "v=STSv1; id=20160831085700Z;",
    "v=STSv1 ;id=1; ext.a-b=#; id=2",
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n" +
    "max_age: 604800\r\n",
    "max_age:9999999999\nmode:none\nversion:STSv1\nfuture: Grüße",
    "version: STSv1\nmode: testing\nmx: _mx-1.test \t\nmax_age: 0\n\n",
  ].map(encode),
  run(input) {
    const text = decode(input);
    const id = stsIdOf(text.split("\n"));
    if (id !== null) assert.match(id, /^[A-Za-z0-9]{1,32}$/);
    const policy = parseStsPolicy(text);
    if (policy === null) return;
    assert.ok(policy.mode === "none" || policy.mx.length > 0);
    assert.ok(policy.maxAgeMs >= 0 && policy.maxAgeMs <= MAX_AGE_SECONDS_MAX * 1000);
    for (const pattern of policy.mx) {
      const host = pattern.replace(/^\*/, "one");
      assert.ok(allowsMx({ mx: [pattern] }, host), pattern);
      assert.ok(!allowsMx({ mx: [pattern] }, `two.${host}`), pattern);
    }
  },
};
