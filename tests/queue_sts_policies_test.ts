/** Finding, remembering and refreshing the MTA-STS policies of other domains (RFC 8461). */
import assert from "$assert";
import { createStsPolicies } from "../lib/queue/sts_policies.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Policies } from "../lib/store/policies.ts";
import type { FakePage } from "./fake_https.ts";
import { fakeWorld } from "./fake_world.ts";

const URL = "https://mta-sts.xyz.com/.well-known/mta-sts.txt";
const NAME = "_mta-sts.xyz.com";
const NEVER = new AbortController().signal;
const DAY_MS = 24 * 60 * 60_000;

function policyText(mode: string, mx = "mx.xyz.com", maxAge = 30 * 86_400): string {
  return `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: ${maxAge}\n`;
}

function startSetting() {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  const logged: string[] = [];
  const keep = (level: string) => (event: string) => void logged.push(`${level} ${event}`);
  const log = {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
  const open = (ways: Partial<Policies> = {}) =>
    createStsPolicies({
      world,
      dns: world.dns,
      policies: { ...store.policies, ...ways },
      log,
      authorities: ["pem"],
    });
  return {
    world,
    store,
    logged,
    open,
    policies: open(),
    /** The domain has this policy from now on. */
    publish(id: string, page: FakePage | "silence") {
      world.dns.set(NAME, `TXT v=STSv1; id=${id};`);
      world.https.set(URL, page);
    },
    fetched: () => world.https.asked.length,
  };
}

Deno.test("a policy is fetched with limits, under the authorities that are trusted", async () => {
  const { world, policies, publish } = startSetting();
  publish("1", { text: policyText("enforce") });
  assert.deepEqual((await policies.of("xyz.com", NEVER))?.mx, ["mx.xyz.com"]);
  const [{ url, timeoutMs, bytesMax, authorities }] = world.https.asked as [
    (typeof world.https.asked)[number],
  ];
  assert.deepEqual({ url, timeoutMs, bytesMax, authorities }, {
    url: URL,
    timeoutMs: 20_000,
    bytesMax: 64 * 1024,
    authorities: ["pem"],
  });
});

Deno.test("a domain without a record has no policy, and no web server is asked", async () => {
  const { policies, fetched } = startSetting();
  assert.equal(await policies.of("xyz.com", NEVER), null);
  assert.equal(fetched(), 0);
});

/** What is no policy, although the record promises one. */
const USELESS: Readonly<Record<string, FakePage | "silence">> = {
  "a redirection": { status: 301, text: policyText("enforce") },
  "an error": { status: 404, text: policyText("enforce") },
  "a page in HTML": { type: "text/html", text: policyText("enforce") },
  "text/plainish": { type: "text/plainish", text: policyText("enforce") },
  "no type at all": { type: "", text: policyText("enforce") },
  "nonsense": { text: "hello" },
  "too much of it": { text: policyText("enforce") + "x".repeat(64 * 1024) },
  "silence": "silence",
};

for (const [what, page] of Object.entries(USELESS)) {
  Deno.test(`RFC 8461 §3.3: ${what} is no policy, and does not end one`, async () => {
    const { world, store, policies, publish, logged } = startSetting();
    publish("1", page);
    const first = policies.of("xyz.com", NEVER);
    await world.clock.pass(21_000);
    assert.equal(await first, null);
    assert.deepEqual(logged, ["info sts-fetch-failed"]);
    await store.policies.keep("xyz.com", {
      id: "0",
      fetchedAt: world.clock.now(),
      mode: "enforce",
      mx: ["mx.xyz.com"],
      maxAgeMs: DAY_MS,
    });
    await world.clock.pass(5 * 60_000);
    const second = policies.of("xyz.com", NEVER);
    await world.clock.pass(21_000);
    assert.equal((await second)?.mode, "enforce");
    assert.equal(logged.at(-1), "warn sts-fetch-failed");
  });
}

for (const type of ["text/plain", "TEXT/Plain; charset=utf-8", "text/plain;charset=us-ascii"]) {
  Deno.test(`RFC 8461 §3.2: a policy may be ${type}`, async () => {
    const { policies, publish } = startSetting();
    publish("1", { type, text: policyText("testing") });
    assert.equal((await policies.of("xyz.com", NEVER))?.mode, "testing");
  });
}

Deno.test("what is remembered holds for as long as it says, whatever becomes of the domain", async () => {
  const { world, policies, open, publish } = startSetting();
  publish("1", { text: policyText("enforce", "mx.xyz.com", 3600) });
  await policies.of("xyz.com", NEVER);
  world.https.remove(URL);
  for (const fault of ["removed", "failed", "nonsense"] as const) {
    if (fault === "removed") world.dns.remove(NAME);
    if (fault === "failed") world.dns.fail(NAME, "failed");
    if (fault === "nonsense") world.dns.set(NAME, "TXT v=STSv1; id=");
    // Another process, which knows only what is stored.
    assert.equal((await open().of("xyz.com", NEVER))?.mode, "enforce", fault);
  }
  await world.clock.pass(3600 * 1000);
  assert.equal(await policies.of("xyz.com", NEVER), null);
});

Deno.test("a policy is not fetched again while its id is the same, and at once when it is not", async () => {
  const { policies, open, publish, fetched } = startSetting();
  publish("1", { text: policyText("enforce") });
  for (let n = 0; n < 3; n++) await policies.of("xyz.com", NEVER);
  await open().of("xyz.com", NEVER);
  assert.equal(fetched(), 1);
  publish("2", { text: policyText("none", "mx.xyz.com", 60) });
  assert.equal((await policies.of("xyz.com", NEVER))?.mode, "none");
  assert.equal(fetched(), 2);
});

Deno.test("RFC 8461 §3.3: a policy is fetched again after a day, and holds where that fails", async () => {
  const { world, policies, publish, fetched, logged } = startSetting();
  publish("1", { text: policyText("enforce") });
  await policies.of("xyz.com", NEVER);
  await world.clock.pass(DAY_MS - 1);
  await policies.of("xyz.com", NEVER);
  assert.equal(fetched(), 1);
  await world.clock.pass(1);
  world.https.remove(URL);
  assert.equal((await policies.of("xyz.com", NEVER))?.mode, "enforce");
  assert.equal(fetched(), 2);
  assert.equal(logged.at(-1), "warn sts-fetch-failed");
  publish("1", { text: policyText("enforce") });
  await world.clock.pass(5 * 60_000);
  await policies.of("xyz.com", NEVER);
  assert.equal(fetched(), 3);
  await world.clock.pass(30 * DAY_MS - 60_000);
  world.dns.remove(NAME);
  assert.equal((await policies.of("xyz.com", NEVER))?.mode, "enforce", "its time counts from then");
});

Deno.test("a policy binds although it cannot be kept", async () => {
  const { world, logged, publish, open, fetched } = startSetting();
  const full = { find: () => null, keep: () => Promise.reject(new Error("the disk is full")) };
  const policies = open(full);
  publish("1", { text: policyText("enforce") });
  assert.equal((await policies.of("xyz.com", NEVER))?.mode, "enforce");
  assert.deepEqual(logged, ["error sts-failed", "info sts-policy"]);
  assert.equal((await policies.of("xyz.com", NEVER))?.mode, "enforce", "it is fetched again");
  assert.equal(fetched(), 2);
  assert.equal(world.clock.pending(), 0);
});

Deno.test("where the store cannot be read, nobody knows whether a policy binds", async () => {
  const { open, logged } = startSetting();
  const ill = { find: () => Promise.reject(new Error("the disk failed")) };
  await assert.rejects(open(ill).of("xyz.com", NEVER), /the disk failed/);
  assert.deepEqual(logged, ["error sts-failed"]);
  // Who has given up by then is not told, and nor is anybody else.
  await assert.rejects(open(ill).of("xyz.com", AbortSignal.abort(new Error("no time"))), /no time/);
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("RFC 8461 §3.3: what could not be fetched is left alone for five minutes", async () => {
  const { world, policies, publish, fetched } = startSetting();
  publish("1", { status: 500 });
  for (let n = 0; n < 3; n++) assert.equal(await policies.of("xyz.com", NEVER), null);
  assert.equal(fetched(), 1);
  publish("2", { status: 500 });
  await policies.of("xyz.com", NEVER);
  assert.equal(fetched(), 2, "another version is another matter");
  await world.clock.pass(5 * 60_000);
  await policies.of("xyz.com", NEVER);
  assert.equal(fetched(), 3);
});

Deno.test("a thousand failures are remembered, and not more", async () => {
  const { world, policies, fetched } = startSetting();
  const ask = async (n: number) => {
    world.dns.set(`_mta-sts.d${n}.test`, "TXT v=STSv1; id=1");
    assert.equal(await policies.of(`d${n}.test`, NEVER), null);
  };
  for (let n = 0; n < 1000; n++) await ask(n);
  await ask(0);
  assert.equal(fetched(), 1000);
  await ask(1000);
  await ask(0);
  assert.equal(fetched(), 1002, "they were forgotten");
});

Deno.test("who asks at once shares one answer", async () => {
  const { policies, publish, fetched, world } = startSetting();
  publish("1", { text: policyText("enforce") });
  const found = await Promise.all([1, 2, 3].map(() => policies.of("xyz.com", NEVER)));
  assert.deepEqual(found.map((each) => each?.mode), ["enforce", "enforce", "enforce"]);
  assert.equal(fetched(), 1);
  assert.equal(world.dns.questions.length, 1);
});

Deno.test("whoever gives up waiting does not know, and others still get the answer", async () => {
  const { world, policies, publish } = startSetting();
  publish("1", "silence");
  const stop = new AbortController();
  const given = policies.of("xyz.com", stop.signal);
  const waiting = policies.of("xyz.com", NEVER);
  await world.clock.pass(1_000);
  stop.abort(new Error("no more time"));
  await assert.rejects(given, /no more time/);
  await assert.rejects(policies.of("xyz.com", stop.signal), /no more time/);
  await world.clock.pass(20_000);
  assert.equal(await waiting, null);
});

Deno.test("closing gives up what is being fetched", async () => {
  const { world, policies, publish } = startSetting();
  publish("1", "silence");
  const found = policies.of("xyz.com", NEVER);
  await world.clock.pass(0);
  policies.close();
  assert.equal(await found, null);
  assert.equal(world.clock.pending(), 0);
});

Deno.test("a clock that was put back makes no policy last for ever", async () => {
  const { world, store, policies } = startSetting();
  await store.policies.keep("xyz.com", {
    id: "1",
    fetchedAt: world.clock.now() + 400 * DAY_MS,
    mode: "enforce",
    mx: ["mx.xyz.com"],
    maxAgeMs: DAY_MS,
  });
  assert.equal(await policies.of("xyz.com", NEVER), null);
});
