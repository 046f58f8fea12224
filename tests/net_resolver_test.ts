/** What the DNS has answered is remembered for as long as it says, and no longer. */
import assert from "$assert";
import type { Dns, DnsAnswer } from "../lib/net/dns.ts";
import { createResolver } from "../lib/net/resolver.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";

const HOUR_MS = 60 * 60_000;
const { signal } = new AbortController();

function setting(): { world: FakeWorld; resolver: Dns } {
  const world = fakeWorld();
  world.dns.set("xyz.com", "MX 10 mx.xyz.com");
  return { world, resolver: createResolver(world) };
}

Deno.test("an answer is remembered for its time, whatever the name's case", async () => {
  const { world, resolver } = setting();
  assert.equal((await resolver.query("xyz.com", "MX", signal)).ttlMs, 300_000);
  await world.clock.pass(299_000);
  const again = await resolver.query("XYZ.com", "MX", signal);
  assert.deepEqual(again, {
    kind: "found",
    records: [{ type: "MX", preference: 10, exchange: "mx.xyz.com" }],
    ttlMs: 1_000,
  });
  await resolver.query("xyz.com", "A", signal);
  assert.deepEqual(world.dns.questions, ["xyz.com MX", "xyz.com A"]);
  await world.clock.pass(1_000);
  await resolver.query("xyz.com", "MX", signal);
  assert.equal(world.dns.questions.length, 3);
});

/** How long an answer with this time is remembered. */
const TIMES: readonly (readonly [name: string, ttlMs: number, keptMs: number])[] = [
  ["xyz.com", 100 * HOUR_MS, 24 * HOUR_MS],
  ["none.test", 100 * HOUR_MS, HOUR_MS],
  ["none.test", 60_000, 60_000],
];

for (const [name, ttlMs, keptMs] of TIMES) {
  Deno.test(`an answer about ${name} with ${ttlMs} ms is remembered for ${keptMs} ms`, async () => {
    const { world, resolver } = setting();
    world.dns.setTtl(ttlMs);
    await resolver.query(name, "MX", signal);
    await world.clock.pass(keptMs - 1);
    await resolver.query(name, "MX", signal);
    assert.equal(world.dns.questions.length, 1);
    await world.clock.pass(1);
    await resolver.query(name, "MX", signal);
    assert.equal(world.dns.questions.length, 2);
  });
}

Deno.test("RFC 1035 §3.2.1: what has no time is not remembered, and neither is a failure", async () => {
  const { world, resolver } = setting();
  world.dns.setTtl(0);
  for (let at = 0; at < 2; at++) await resolver.query("xyz.com", "MX", signal);
  world.dns.fail("xyz.com", "failed");
  for (let at = 0; at < 2; at++) {
    await assert.rejects(resolver.query("xyz.com", "MX", signal), { kind: "failed" });
  }
  assert.equal(world.dns.questions.length, 4);
});

/** A DNS whose answers come when the test gives them. */
function slowDns() {
  const asked: PromiseWithResolvers<DnsAnswer>[] = [];
  let aborted = 0;
  const dns: Dns = {
    query(_, __, stop) {
      const question = Promise.withResolvers<DnsAnswer>();
      asked.push(question);
      stop.addEventListener("abort", () => aborted++);
      return question.promise;
    },
  };
  return { dns, asked, aborted: () => aborted };
}

Deno.test("one question is asked for all who wait, and goes on while one of them does", async () => {
  const { dns, asked, aborted } = slowDns();
  const resolver = createResolver({ dns, clock: fakeWorld().clock });
  const stop = new AbortController();
  const impatient = resolver.query("xyz.com", "MX", stop.signal);
  const patient = resolver.query("xyz.com", "MX", signal);
  stop.abort();
  await assert.rejects(impatient, { name: "DnsError", kind: "aborted" });
  await assert.rejects(resolver.query("xyz.com", "MX", stop.signal), { kind: "aborted" });
  assert.deepEqual([asked.length, aborted()], [1, 0]);
  asked[0]!.resolve({ kind: "noName", ttlMs: 1_000 });
  assert.equal((await patient).kind, "noName");
});

Deno.test("a question that nobody waits for is given up, and asked anew for the next", async () => {
  const { dns, asked, aborted } = slowDns();
  const resolver = createResolver({ dns, clock: fakeWorld().clock });
  const stop = new AbortController();
  const impatient = resolver.query("xyz.com", "MX", stop.signal);
  stop.abort();
  await assert.rejects(impatient, { kind: "aborted" });
  assert.equal(aborted(), 1);
  const next = resolver.query("xyz.com", "MX", signal);
  asked[1]!.resolve({ kind: "noData", ttlMs: 0 });
  assert.equal((await next).kind, "noData");
});

Deno.test("answers take at most 16 Mi characters; the oldest are forgotten first", async () => {
  const text = "x".repeat(1024 * 1024);
  const asked: string[] = [];
  const dns: Dns = {
    query(name) {
      asked.push(name);
      return Promise.resolve({ kind: "found", records: [{ type: "TXT", text }], ttlMs: 300_000 });
    },
  };
  const resolver = createResolver({ dns, clock: fakeWorld().clock });
  const names = Array.from({ length: 16 }, (_, at) => `${at}.test`);
  for (const name of names) await resolver.query(name, "TXT", signal);
  for (const name of names.slice(1)) await resolver.query(name, "TXT", signal);
  assert.deepEqual(asked, names, "15 of them are remembered, with what else each takes");
  await resolver.query("0.test", "TXT", signal);
  assert.equal(asked.length, 17);
});
