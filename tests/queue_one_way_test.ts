/** Domains that one server takes: for the queue they are one, as long as that one is down. */
import assert from "$assert";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import { type NextHop, startNextHop } from "./next_hop.ts";
import { PORT, type Setting, type SettingOptions, startSetting, taken } from "./queue_support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of the server that takes all mail without a route of its own. */
const SMART_PORT = 2600;
const SMARTHOST = { host: "127.0.0.1", port: SMART_PORT };
const OPTIONS: SettingOptions = {
  store: (turn) => openSqliteStore({ directory: null, turn }),
  // The same waits, whatever else happens.
  fraction: 0.5,
  routes: { "*": SMARTHOST, "named.test": SMARTHOST },
};

Deno.test("two hundred domains behind one dead server cost as many connections as one", async () => {
  await using alone = await startSetting(OPTIONS);
  await alone.queueAll([{ id: "single", to: "bob@d0.test" }]);
  await alone.world.clock.pass(HOUR_MS);
  const ofOne = alone.world.net.attempts(SMART_PORT);

  await using setting = await startSetting(OPTIONS);
  const { world } = setting;
  await queueForAll(setting, 5);
  await world.clock.pass(HOUR_MS);
  assert.equal(world.net.attempts(SMART_PORT), ofOne);
  assert.ok(ofOne >= 5 && ofOne <= 20, `${ofOne}`);
  assert.equal((await setting.waiting()).length, 1000);

  // It comes up: the next probe finds it, and with it all that wait for it.
  const { hop, most } = startSmarthost(setting);
  await world.clock.pass(HOUR_MS);
  assert.equal(hop.messages.length, 1000);
  assert.equal(new Set(taken(hop)).size, 1000);
  assert.deepEqual(await setting.waiting(), []);
  // The way is one, so it has one window, and its connections serve all domains.
  assert.ok(most() > 10 && most() <= 20, `${most()} connections at once`);
  assert.ok(hop.connections.length <= 60, `${hop.connections.length} connections`);
  hop.stop();
});

Deno.test("when a server is back, everybody behind it is served at once, not at their next try", async () => {
  await using setting = await startSetting(OPTIONS);
  const { world, store } = setting;
  await queueForAll(setting, 1);
  await world.clock.pass(HOUR_MS);
  const { hop } = startSmarthost(setting);
  // The operator has one of them tried.
  assert.equal(await store.queue.flush(world.clock.now(), "d77.test"), 1);
  await world.clock.pass(10_000);
  assert.equal(taken(hop)[0], "d77.test 0");
  assert.equal(hop.messages.length, 200);
  hop.stop();
});

Deno.test("what comes while its server is down waits with the others, and its times are its own", async () => {
  await using setting = await startSetting(OPTIONS);
  const { world, store } = setting;
  await setting.queueAll([{ id: "old", to: "bob@d1.test" }]);
  await world.clock.pass(HOUR_MS);
  const before = world.net.attempts(SMART_PORT);
  await setting.queueAll([{ id: "new", to: "eve@d2.test" }]);
  await world.clock.pass(1_000);
  assert.equal(world.net.attempts(SMART_PORT), before);
  const [old, young] = await store.queue.list({ max: 9 });
  assert.equal(young!.dueAt, old!.dueAt);
  assert.deepEqual(young!.lastReply, old!.lastReply);
  await world.clock.pass(3 * HOUR_MS);
  assert.equal(setting.warned.length, 1);
  await world.clock.pass(HOUR_MS);
  assert.equal(setting.warned.length, 2);
  assert.match(setting.warned[1]!, /^eve: we: 450 .*nothing listens on 127.0.0.1:2600/);
  await world.clock.pass(5 * 24 * HOUR_MS - 5 * HOUR_MS);
  assert.equal(setting.reported.length, 1);
  await world.clock.pass(HOUR_MS);
  assert.match(setting.reported[1]!, /^eve: we: 550 5\.4\.7 Not delivered in 5 days: 450 nothing/);
});

Deno.test("a restart finds out once that the server behind many domains is still down", async () => {
  const store = await openSqliteStore({ directory: null, turn: () => Promise.resolve() });
  await using first = await startSetting({ ...OPTIONS, store: () => store });
  await queueForAll(first, 1);
  await first.world.clock.pass(HOUR_MS);
  await first.worker.stop();
  await using second = await startSetting({ ...OPTIONS, after: first });
  const { world } = second;
  const before = world.net.attempts(SMART_PORT);
  await world.clock.pass(HOUR_MS);
  const probes = world.net.attempts(SMART_PORT) - before;
  assert.ok(probes >= 1 && probes <= 15, `${probes}`);
});

Deno.test("a domain with much mail does not hold up the others behind the same server", async () => {
  await using setting = await startSetting(OPTIONS);
  const { hop } = startSmarthost(setting, 10);
  await setting.queueAll(
    Array.from({ length: 1500 }, (_, at) => ({ id: `big${at}`, to: "bob@big.test" })),
  );
  await setting.world.clock.pass(2_000);
  const before = hop.messages.length;
  assert.ok(before > 100 && before < 900, `${before}`);
  await setting.queueAll(
    Array.from({ length: 40 }, (_, at) => ({ id: `small${at}`, to: `bob@small${at}.test` })),
  );
  await setting.world.clock.pass(MINUTE_MS);
  const order = taken(hop);
  assert.equal(order.length, 1540);
  const last = Math.max(...order.flatMap((id, at) => id.startsWith("small") ? [at] : []));
  // They come when those twenty get to their end that were under way, and not behind all of it.
  assert.ok(last < before + 500, `${last} of ${order.length}, begun at ${before}`);
  hop.stop();
});

for (const state of ["swallows connections", "has too much mail"]) {
  Deno.test(`a server with three hundred domains that ${state} holds up no other`, async () => {
    await using setting = await startSetting(OPTIONS);
    const { world } = setting;
    const hop = setting.hop();
    const smart = state === "has too much mail" ? startSmarthost(setting, 50).hop : null;
    if (smart === null) world.net.silence(SMART_PORT);
    await setting.queueAll(
      Array.from({ length: 1500 }, (_, at) => ({ id: `m${at}`, to: `bob@d${at % 300}.test` })),
    );
    for (let at = 0; at < 10; at++) {
      await world.clock.pass(200);
      await setting.queueAll([{ id: `other${at}`, to: "bob@xyz.com" }]);
      await world.clock.pass(200);
      assert.equal(taken(hop).at(-1), `other${at}`);
    }
    assert.ok((await setting.waiting()).length > 500);
    smart?.stop();
  });
}

Deno.test("routes that differ in more than the domain are ways of their own", async () => {
  await using setting = await startSetting({
    ...OPTIONS,
    routes: {
      "a.test": SMARTHOST,
      "b.test": { ...SMARTHOST, protocol: "lmtp" } as typeof SMARTHOST,
      "c.test": { ...SMARTHOST, port: PORT },
    },
  });
  const { world } = setting;
  for (const domain of ["a.test", "b.test"]) {
    await setting.queueAll([{ id: domain, to: `bob@${domain}` }]);
  }
  await world.clock.pass(0);
  assert.equal(world.net.attempts(SMART_PORT), 2, "one of them may be reached and the other not");
});

Deno.test("a server that goes down under twenty deliveries is found out by the last of them", async () => {
  await using setting = await startSetting(OPTIONS);
  const { world } = setting;
  const { hop, most } = startSmarthost(setting, 50);
  await queueForAll(setting, 5);
  await world.clock.pass(5_000);
  assert.equal(most(), 20);
  const before = world.net.attempts(SMART_PORT);
  hop.stop();
  await world.clock.pass(4_000);
  const tried = world.net.attempts(SMART_PORT) - before;
  assert.ok(tried <= 20, `${tried} more connections`);
  assert.equal(setting.logged("hop-down").length, 1);
  const [down] = setting.logged("hop-down");
  assert.equal(down!["hop"], "127.0.0.1:2600");
});

Deno.test("mail for another domain goes over the connection that is kept to their server", async () => {
  await using setting = await startSetting(OPTIONS);
  const { hop } = startSmarthost(setting);
  for (const domain of ["a.test", "named.test", "b.test"]) {
    await setting.queueAll([{ id: domain, to: `bob@${domain}` }]);
    await setting.world.clock.pass(1_000);
  }
  assert.deepEqual(taken(hop), ["a.test", "named.test", "b.test"]);
  assert.equal(hop.connections.length, 1);
  hop.stop();
});

/** So many messages for each of two hundred domains, one of which has a route of its own. */
async function queueForAll(setting: Setting, each: number): Promise<void> {
  const domains = Array.from({ length: 199 }, (_, at) => `d${at}.test`);
  for (let number = 0; number < each; number++) {
    await setting.queueAll(
      ["named.test", ...domains].map((domain) => ({
        id: `${domain} ${number}`,
        to: `bob@${domain}`,
      })),
    );
  }
}

/** Counts how many connections it has at once. */
function startSmarthost(
  { world }: Setting,
  thinksMs = 5,
): { readonly hop: NextHop; readonly most: () => number } {
  let most = 0;
  const hop = startNextHop(world, {
    port: SMART_PORT,
    thinksMs,
    answer() {
      most = Math.max(most, world.net.open() / 2);
      return undefined;
    },
  });
  return { hop, most: () => most };
}
