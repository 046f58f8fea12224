import assert from "$assert";
import { isDnsName, readReply } from "../../lib/net/dns_wire.ts";
import { type DnsReply, replyBytes, SOA } from "../dns_server.ts";
import { latin1 } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const ASKED = { id: 0x4d58, name: "xyz.com", type: "MX" } as const;
const ALIAS = { name: "xyz.com", type: "CNAME", ttl: 9, data: "other.test" };
const REPLIES: readonly DnsReply[] = [
  {
    answers: [
      { name: "xyz.com", type: "MX", ttl: 300, data: { preference: 10, exchange: "mx.xyz.com" } },
      { name: "xyz.com", type: "MX", ttl: 300, data: { preference: 0, exchange: "." } },
    ],
  },
  { answers: [ALIAS] },
  { answers: [ALIAS, { name: "other.test", type: "TXT", ttl: 9, data: ["a", "b"] }] },
  { rcode: "NXDOMAIN", answers: [ALIAS], authorities: [SOA] },
  { authorities: [SOA] },
  { authorities: [{ name: "com", type: "NS", ttl: 9, data: "ns.test" }] },
  { rcode: "SERVFAIL" },
  { truncated: true },
];

export const target: FuzzTarget = {
  name: "net_dns",
  invariant:
    "any bytes in the place of a DNS message are read without an error, and what they say is of " +
    "the type that was asked for, with a time that is not negative",
  seeds: [
    ...REPLIES.map((reply) => replyBytes(ASKED, reply)),
    replyBytes({ ...ASKED, type: "A" }, {
      answers: [{ name: "xyz.com", type: "A", ttl: 1, data: "192.0.2.1" }],
    }),
    replyBytes({ ...ASKED, type: "AAAA" }, {
      answers: [{ name: "xyz.com", type: "AAAA", ttl: 1, data: "2001:db8::1" }],
    }),
    replyBytes({ ...ASKED, type: "TXT" }, {
      answers: [{ name: "xyz.com", type: "TXT", ttl: 1, data: ["v=STSv1; id=1"] }],
    }),
    latin1("MX\x81\x80\0\x01\0\x01\0\0\0\0\xc0\x0c\0\x0f\0\x01"),
  ],
  run(input) {
    for (const type of ["MX", "A", "AAAA", "TXT"] as const) {
      const reading = readReply(input, { ...ASKED, type });
      if (reading?.kind === "alias") {
        assert.ok(isDnsName(reading.to) && reading.to !== ASKED.name);
        assert.ok(reading.ttlMs >= 0);
      }
      if (reading?.kind !== "answer") continue;
      const { answer } = reading;
      assert.ok(answer.ttlMs >= 0 && answer.ttlMs <= 0x7fffffff * 1000);
      if (answer.kind !== "found") continue;
      assert.ok(answer.records.length > 0);
      for (const record of answer.records) assert.equal(record.type, type);
    }
  },
};
