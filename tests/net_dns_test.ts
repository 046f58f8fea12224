/** The stub resolver against a real server on loopback. */
import assert from "$assert";
import { type DnsAnswer, DnsError, type DnsType } from "../lib/net/dns.ts";
import { dnsOf, systemDns } from "../lib/net/dns_client.ts";
import { type DnsReply, type DnsServer, SOA, startDnsServer, zone } from "./dns_server.ts";

function ask(server: DnsServer, name: string, type: DnsType): Promise<DnsAnswer> {
  return dnsOf(server.endpoint).query(name, type, new AbortController().signal);
}

async function failureOf(server: DnsServer, name: string): Promise<DnsError> {
  const failure = await ask(server, name, "MX").catch((error: unknown) => error);
  if (failure instanceof DnsError) return failure;
  throw new Error(`no failure: ${JSON.stringify(failure)}`);
}

const MX = (preference: number, exchange: string) => ["MX", { preference, exchange }] as const;

Deno.test("the DNS is asked for mail hosts, their addresses, and texts", async () => {
  await using server = await startDnsServer(zone({
    "xyz.com": [MX(10, "MX1.xyz.com"), MX(20, "."), ["TXT", ["v=STS", "v1; \xe4"]]],
    "mx1.xyz.com": [["A", "192.0.2.1"], ["A", "192.0.2.2"], ["AAAA", "2001:db8::1"]],
  }));
  assert.deepEqual(await ask(server, "xyz.com", "MX"), {
    kind: "found",
    ttlMs: 300_000,
    records: [
      { type: "MX", preference: 10, exchange: "mx1.xyz.com" },
      { type: "MX", preference: 20, exchange: "" },
    ],
  });
  const texts = await ask(server, "XYZ.com", "TXT");
  assert.deepEqual(texts.kind === "found" && texts.records, [
    { type: "TXT", text: "v=STSv1; \xc3\xa4" },
  ]);
  const addresses = await ask(server, "mx1.xyz.com", "A");
  assert.deepEqual(addresses.kind === "found" && addresses.records, [
    { type: "A", address: "192.0.2.1" },
    { type: "A", address: "192.0.2.2" },
  ]);
  const newer = await ask(server, "mx1.xyz.com", "AAAA");
  assert.deepEqual(newer.kind === "found" && newer.records, [
    { type: "AAAA", address: "2001:db8::1" },
  ]);
});

Deno.test("RFC 2308 §5: a name that is not there, or has no such record, is a thing to know", async () => {
  await using server = await startDnsServer((name, type) =>
    name === "bare.test" ? {} : zone({ "xyz.com": [["A", "192.0.2.1"]] })(name, type)
  );
  assert.deepEqual(await ask(server, "none.test", "MX"), { kind: "noName", ttlMs: 60_000 });
  assert.deepEqual(await ask(server, "xyz.com", "MX"), { kind: "noData", ttlMs: 60_000 });
  assert.deepEqual(await ask(server, "bare.test", "MX"), { kind: "noData", ttlMs: 0 });
});

Deno.test("SERVFAIL, a refusal, and a server that knows nothing are failures, and no answers", async () => {
  const lame: DnsReply = { authorities: [{ name: "test", type: "NS", ttl: 60, data: "ns.test" }] };
  const replies: Readonly<Record<string, DnsReply>> = {
    "broken.test": { rcode: "SERVFAIL" },
    "closed.test": { rcode: "REFUSED" },
    "lame.test": lame,
  };
  await using server = await startDnsServer((name) => replies[name]!);
  for (
    const [name, words] of [["broken", "SERVFAIL"], ["closed", "REFUSED"], ["lame", "nothing"]]
  ) {
    const error = await failureOf(server, `${name}.test`);
    assert.equal(error.kind, "failed");
    assert.match(error.message, new RegExp(words!));
  }
  assert.equal(server.asked.length, 3, "a server that has answered is not asked again");
});

Deno.test("where one resolver cannot say, or is silent, the next is asked", async () => {
  const answer = zone({ "xyz.com": [MX(10, "mx.xyz.com")] });
  await using silent = await startDnsServer(() => null);
  await using broken = await startDnsServer(() => ({ rcode: "SERVFAIL" }));
  await using whole = await startDnsServer(answer);
  const dns = dnsOf(...[silent, broken, whole].map(({ endpoint }) => endpoint));
  const { signal } = new AbortController();
  assert.equal((await dns.query("xyz.com", "MX", signal)).kind, "found");
  assert.equal((await dns.query("none.test", "MX", signal)).kind, "noName");
  const once = ["udp xyz.com MX", "udp none.test MX"];
  assert.deepEqual([silent.asked, broken.asked, whole.asked], [once, once, once]);
});

Deno.test({
  name: "without the permission to find the system's resolvers, questions fail and say how to help",
  permissions: { net: true, read: false },
  async fn() {
    await assert.rejects(systemDns().query("xyz.com", "MX", new AbortController().signal), {
      name: "DnsError",
      kind: "failed",
      message: /--dns/,
    });
  },
});

Deno.test("RFC 7766 §5: an answer that is cut is asked for by TCP", async () => {
  const many = Array.from({ length: 1_000 }, (_, at) => MX(at, `mx${at}.xyz.com`));
  const answer = zone({ "xyz.com": many });
  await using server = await startDnsServer((name, type) => ({
    ...answer(name, type),
    truncated: true,
  }));
  const found = await ask(server, "xyz.com", "MX");
  assert.equal(found.kind === "found" && found.records.length, 1_000);
  assert.deepEqual(server.asked, ["udp xyz.com MX", "tcp xyz.com MX"]);
});

Deno.test("aliases are followed, those that the server leaves open too, and not for ever", async () => {
  const alias = (name: string, data: string, ttl = 300) => ({ name, type: "CNAME", ttl, data });
  const replies: Readonly<Record<string, DnsReply>> = {
    "whole.test": {
      answers: [
        alias("whole.test", "middle.test", 20),
        alias("middle.test", "end.test"),
        { name: "end.test", type: "A", ttl: 300, data: "192.0.2.1" },
        { name: "other.test", type: "A", ttl: 1, data: "192.0.2.66" },
      ],
    },
    "open.test": { answers: [alias("open.test", "end.test", 10)] },
    "end.test": { answers: [{ name: "end.test", type: "A", ttl: 300, data: "192.0.2.2" }] },
    "dangling.test": {
      rcode: "NXDOMAIN",
      answers: [alias("dangling.test", "none.test")],
      authorities: [SOA],
    },
    "empty.test": { answers: [alias("empty.test", "bare.test", 30)], authorities: [SOA] },
    "loop.test": { answers: [alias("loop.test", "pool.test"), alias("pool.test", "loop.test")] },
  };
  await using server = await startDnsServer((name) =>
    replies[name] ?? { answers: [alias(name, `x${name}`)] }
  );
  assert.deepEqual(await ask(server, "whole.test", "A"), {
    kind: "found",
    records: [{ type: "A", address: "192.0.2.1" }],
    ttlMs: 20_000,
  });
  assert.deepEqual(await ask(server, "open.test", "A"), {
    kind: "found",
    records: [{ type: "A", address: "192.0.2.2" }],
    ttlMs: 10_000,
  });
  assert.deepEqual(await ask(server, "dangling.test", "A"), { kind: "noName", ttlMs: 60_000 });
  assert.deepEqual(await ask(server, "empty.test", "A"), { kind: "noData", ttlMs: 30_000 });
  for (const endless of ["loop.test", "long.test"]) {
    const before = server.asked.length;
    assert.match((await failureOf(server, endless)).message, /too many aliases/);
    assert.ok(server.asked.length - before <= 9);
  }
});

Deno.test("RFC 5452 §9.1: what is no answer to the question is not taken for one", async () => {
  await using server = await startDnsServer(() => ({
    forged: ["id", "name"],
    answers: [{ name: "xyz.com", type: "A", ttl: 300, data: "192.0.2.1" }],
  }));
  const found = await ask(server, "xyz.com", "A");
  assert.deepEqual(found.kind === "found" && found.records, [{ type: "A", address: "192.0.2.1" }]);
});

Deno.test("a server that loses a datagram is asked again; all that is slow has its time, and no more", async () => {
  let heard = 0;
  const answer = zone({ "xyz.com": [MX(10, "mx.xyz.com")] });
  await using server = await startDnsServer((name, type, by) => {
    if (name === "silent.test" || by === "tcp") return null;
    if (name === "cut.test") return { truncated: true };
    if (!name.endsWith("slow.test")) return heard++ === 0 ? null : answer(name, type);
    return { answers: [{ name, type: "CNAME", ttl: 9, data: `x${name}` }], afterMs: 1_500 };
  });
  const since = performance.now();
  const failures = ["silent.test", "cut.test", "slow.test"].map(async (name) => {
    const { kind } = await failureOf(server, name);
    return [name, kind, Math.round((performance.now() - since) / 1000)];
  });
  assert.equal((await ask(server, "xyz.com", "MX")).kind, "found");
  assert.deepEqual(await Promise.all(failures), [
    // Two seconds, and then four.
    ["silent.test", "timeout", 6],
    // By TCP five, and once more.
    ["cut.test", "timeout", 10],
    ["slow.test", "timeout", 10],
  ]);
  assert.equal(server.asked.filter((each) => each.includes("silent")).length, 2);
});

Deno.test("a question that is given up ends at once, and one that is impossible is not asked", async () => {
  await using server = await startDnsServer(() => null);
  const stop = new AbortController();
  const asking = dnsOf(server.endpoint).query("xyz.com", "MX", stop.signal);
  stop.abort();
  await assert.rejects(asking, { name: "DnsError", kind: "aborted" });
  const long = `${"a".repeat(60)}.`.repeat(4) + "a".repeat(30);
  for (const name of ["", "a..b", `${"a".repeat(64)}.test`, "b\xe4.test", "a b.test", long]) {
    assert.deepEqual(await ask(server, name, "MX"), { kind: "noName", ttlMs: 0 }, name);
  }
});
