/** MTA-STS records and policies, RFC 8461 §3.1, §3.2 and §4.1. */
import assert from "$assert";
import {
  allowsMx,
  MAX_AGE_SECONDS_MAX,
  parseStsPolicy,
  stsIdOf,
  type StsPolicy,
  stsPolicyUrl,
  stsRecordName,
} from "../lib/queue/mta_sts.ts";

const RECORDS: readonly (readonly [texts: readonly string[], id: string | null])[] = [
  [["v=STSv1; id=20160831085700Z;"], "20160831085700Z"],
  [["v=STSv1; id=1"], "1"],
  [["v=STSv1;id=1;"], "1"],
  [["v=STSv1 ;\tid=1 ; ext=a:b"], "1"],
  [["v=STSv1; ext.name-x=#1; id=1"], "1"],
  [["v=STSv1; id=1; id=2"], "1"],
  [["v=spf1 -all", "v=STSv1; id=1", "google-site-verification=x"], "1"],
  [[], null],
  [["v=spf1 -all"], null],
  [["v=STSv1"], null],
  [["v=STSv1;"], null],
  [["v=STSv1; ext=1"], null],
  [["v=STSv2; id=1"], null],
  [["V=STSv1; id=1"], null],
  [[" v=STSv1; id=1"], null],
  [["id=1; v=STSv1"], null],
  [["v=STSv1; id="], null],
  [["v=STSv1; id=a-b"], null],
  [[`v=STSv1; id=${"a".repeat(32)}`], "a".repeat(32)],
  [[`v=STSv1; id=${"a".repeat(33)}`], null],
  [["v=STSv1; id=1; nonsense"], null],
  [["v=STSv1;; id=1"], null],
  [["v=STSv1; id=1; x=a b"], null],
  [["v=STSv1; id=1", "v=STSv1; id=1"], null],
];

for (const [texts, id] of RECORDS) {
  Deno.test(`the id in ${JSON.stringify(texts)} is ${id}`, () => {
    assert.equal(stsIdOf(texts), id);
  });
}

const EXAMPLE = [
  ...["version: STSv1", "mode: enforce", "mx: mail.example.com", "mx: *.example.net"],
  ...["mx: backupmx.example.com", "max_age: 604800", ""],
];
const POLICY: StsPolicy = {
  mode: "enforce",
  mx: ["mail.example.com", "*.example.net", "backupmx.example.com"],
  maxAgeMs: 604_800_000,
};
const DAY = { mode: "testing", mx: ["mx.test"], maxAgeMs: 86_400_000 } as const;

const POLICIES: readonly (readonly [text: string, policy: StsPolicy | null])[] = [
  [EXAMPLE.join("\r\n"), POLICY],
  [EXAMPLE.join("\n"), POLICY],
  ["max_age:86400\nmx:MX.Test\nmode:testing\nversion:STSv1", DAY],
  ["version: STSv1 \t\nmode:  testing\nmx: mx.test\nmax_age: 86400\n\n", DAY],
  ["version: STSv1\nmode: testing\nmode: enforce\nmx: mx.test\nmax_age: 86400\nmax_age: 1", DAY],
  ["version: STSv1\nmode: testing\nmx: mx.test\nmax_age: 86400\nfuture-key: Grüße, all", DAY],
  ["version: STSv1\nmode: none\nmax_age: 86400", { mode: "none", mx: [], maxAgeMs: 86_400_000 }],
  ["", null],
  ["<html>", null],
  ["version: STSv1\nmode: enforce\nmax_age: 86400", null],
  ["mode: enforce\nmx: mx.test\nmax_age: 86400", null],
  ["version: STSv2\nmode: enforce\nmx: mx.test\nmax_age: 86400", null],
  ["version: STSv1\nmode: Enforce\nmx: mx.test\nmax_age: 86400", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: -1", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1e3", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 12345678901", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test\nmax_age", null],
  ["version: STSv1\nmode: enforce\nmx: *\nmax_age: 1", null],
  ["version: STSv1\nmode: enforce\nmx: a.*.test\nmax_age: 1", null],
  ["version: STSv1\nmode: enforce\nmx: mx..test\nmax_age: 1", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test other.test\nmax_age: 1", null],
  ["version: STSv1\nmode: enforce\nmx: mx.test\x00\nmax_age: 1", null],
];

for (const [text, policy] of POLICIES) {
  Deno.test(`the policy in ${JSON.stringify(text).slice(0, 100)} is ${policy?.mode}`, () => {
    assert.deepEqual(parseStsPolicy(text), policy);
  });
}

Deno.test("a policy lasts no longer than a year", () => {
  const text = (age: string) => `version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: ${age}`;
  assert.equal(parseStsPolicy(text("31557600"))?.maxAgeMs, MAX_AGE_SECONDS_MAX * 1000);
  assert.equal(parseStsPolicy(text("9999999999"))?.maxAgeMs, MAX_AGE_SECONDS_MAX * 1000);
  assert.equal(parseStsPolicy(text("0"))?.maxAgeMs, 0);
});

const HOSTS: Readonly<Record<string, boolean>> = {
  "mail.example.com": true,
  "MAIL.example.COM.": true,
  "a.example.net": true,
  "backupmx.example.com": true,
  "example.net": false,
  "a.b.example.net": false,
  "aexample.net": false,
  ".example.net": false,
  "mail.example.com.evil.test": false,
  "xmail.example.com": false,
  "": false,
};

for (const [host, allowed] of Object.entries(HOSTS)) {
  Deno.test(`the policy ${allowed ? "allows" : "forbids"} the host ${JSON.stringify(host)}`, () => {
    assert.equal(allowsMx(POLICY, host), allowed);
  });
}

Deno.test("where record and policy of a domain are", () => {
  assert.equal(stsRecordName("xyz.com"), "_mta-sts.xyz.com");
  assert.equal(stsPolicyUrl("xyz.com"), "https://mta-sts.xyz.com/.well-known/mta-sts.txt");
});
