/** Nobody waits for others: not behind one sender's mail, not for hops that are down or ill. */
import assert from "$assert";
import { startNextHop } from "./next_hop.ts";
import { PORT, startSetting, taken } from "./queue_support.ts";

const MINUTE_MS = 60_000;

Deno.test("one message of another sender does not wait behind a thousand", async () => {
  await using setting = await startSetting();
  const hop = setting.hop();
  await setting.queueAll(
    Array.from({ length: 1000 }, (_, at) => ({ id: `many${at}`, from: "alice@abc.com" })),
  );
  await setting.queueAll([{ id: "single", from: "bob@abc.com" }]);
  await setting.world.clock.pass(MINUTE_MS);
  assert.equal(hop.messages.length, 1001);
  assert.ok(taken(hop).indexOf("single") < 150, `${taken(hop).indexOf("single")}`);
});

Deno.test("a hop gets more deliveries at once as it takes them, and fewer when it is full", async () => {
  await using setting = await startSetting();
  const { world } = setting;
  let open = 0;
  let most = 0;
  let full = false;
  const hop = startNextHop(world, {
    port: PORT,
    thinksMs: 10,
    answer(line) {
      if (line === "QUIT") open--;
      if (line !== "connect") return undefined;
      if (full && open >= 3) return "421 4.7.0 Too many connections";
      most = Math.max(most, ++open);
      return undefined;
    },
  });
  await setting.queueAll(Array.from({ length: 600 }, (_, at) => ({ id: `m${at}` })));
  await world.clock.pass(MINUTE_MS);
  assert.equal(hop.messages.length, 600);
  assert.ok(most > 2 && most <= 20, `${most} at once`);
  // The kept connections have been given up by now.
  assert.equal(open, 0);
  full = true;
  await setting.queueAll(Array.from({ length: 600 }, (_, at) => ({ id: `n${at}` })));
  await world.clock.pass(MINUTE_MS);
  assert.equal(hop.messages.length, 1200, "others went on when some were turned away");
  assert.equal(setting.logged("hop-down").length, 0);
  hop.stop();
});

Deno.test("RFC 5321 §3.8: a host that says 421 is left alone for a while, with all its mail", async () => {
  await using setting = await startSetting();
  let said = 0;
  const hop = setting.hop((line) =>
    line.startsWith("MAIL") && ++said <= 3 ? "421 4.3.2 Going down" : undefined
  );
  await setting.queueAll(Array.from({ length: 20 }, (_, at) => ({ id: `m${at}` })));
  await setting.world.clock.pass(1_000);
  assert.deepEqual(hop.messages, []);
  assert.ok(said <= 2, `asked ${said} times`);
  const [queued] = await setting.store.queue.list({ max: 1 });
  assert.equal(queued!.attempts, 0);
  assert.equal(queued!.lastReply!.code, 421);
  await setting.world.clock.pass(MINUTE_MS);
  assert.equal(hop.messages.length, 20);
});

Deno.test("three hundred hops that swallow connections do not hold up one that answers", async () => {
  await using setting = await startSetting({
    routes: {
      "alive.test": { host: "127.0.0.1", port: PORT },
      ...Object.fromEntries(
        Array.from(
          { length: 300 },
          (_, at) => [`dead${at}.test`, { host: `mx${at}.test`, port: 9 }],
        ),
      ),
    },
  });
  const { world } = setting;
  const hop = setting.hop();
  world.net.silence(9);
  await setting.queueAll(
    Array.from({ length: 300 }, (_, at) => ({ id: `dead${at}`, to: `bob@dead${at}.test` })),
  );
  await setting.queueAll([{ id: "first", to: "bob@alive.test" }]);
  await world.clock.pass(40_000);
  assert.deepEqual(taken(hop), ["first"]);
  // From now on it is known to answer, and never waits for the others.
  for (let at = 0; at < 20; at++) {
    await world.clock.pass(7_000);
    await setting.queueAll([{ id: `next${at}`, to: "bob@alive.test" }]);
    await world.clock.pass(2_500);
    assert.equal(taken(hop).at(-1), `next${at}`);
  }
  assert.equal((await setting.waiting()).length, 300);
});

Deno.test("a crowd of hops that swallow connections does not hide one that is known", async () => {
  const crowd = Array.from({ length: 1000 }, (_, at) => `dead${at}.test`);
  await using setting = await startSetting({
    routes: {
      "alive.test": { host: "127.0.0.1", port: PORT },
      ...Object.fromEntries(crowd.map((name) => [name, { host: `mx.${name}`, port: 9 }])),
    },
  });
  const { world } = setting;
  const hop = setting.hop();
  world.net.silence(9);
  await setting.queueAll([{ id: "first", to: "bob@alive.test" }]);
  await world.clock.pass(1_000);
  assert.deepEqual(taken(hop), ["first"]);
  await setting.queueAll(crowd.map((name) => ({ id: name, to: `bob@${name}` })));
  // Until as many wait as may.
  await world.clock.pass(10_000);
  await setting.queueAll([{ id: "second", to: "bob@alive.test" }]);
  await world.clock.pass(2_500);
  assert.deepEqual(taken(hop), ["first", "second"]);
});

Deno.test("a message that cannot be read waits alone, and is reported in the end", async () => {
  await using setting = await startSetting({
    queue: (queue) => ({
      take: async (...what) =>
        (await queue.take(...what)).map((each) =>
          each.message !== "lost" ? each : {
            ...each,
            content: { size: 30, slice: () => Promise.reject(new Error("the disk is ill")) },
          }
        ),
      overdue: async (...what) =>
        (await queue.overdue(...what)).map((each) => ({
          ...each,
          content: { size: 30, slice: () => Promise.reject(new Error("the disk is ill")) },
        })),
    }),
  });
  const hop = setting.hop();
  await setting.queueAll([{ id: "lost" }, { id: "sound" }]);
  await setting.world.clock.pass(1_000);
  assert.deepEqual(taken(hop), ["sound"]);
  assert.deepEqual(setting.logged("unreadable"), [{
    id: "lost",
    reason: "Error: the disk is ill",
  }]);
  assert.equal(setting.logged("hop-down").length, 0);
  const [queued] = await setting.store.queue.list({ max: 9 });
  assert.deepEqual([queued!.message, queued!.attempts], ["lost", 1]);
  assert.equal(queued!.lastReply!.status, "4.3.0");
  await setting.world.clock.pass(5 * 24 * 60 * MINUTE_MS);
  assert.equal(setting.reported.length, 1);
  assert.deepEqual(await setting.waiting(), []);
});

Deno.test("a message at whose sight a server goes down does not hold up the others", async () => {
  await using setting = await startSetting();
  const hop = setting.hop((line) => line.startsWith("MAIL FROM:<mallory@") ? "close" : undefined);
  await setting.queueAll([{ id: "bad", from: "mallory@abc.com" }]);
  await setting.world.clock.pass(100);
  assert.equal(setting.logged("hop-down").length, 1);
  // It is the oldest, and would be first again and again.
  await setting.queueAll([{ id: "good1" }, { id: "good2" }]);
  await setting.world.clock.pass(MINUTE_MS);
  assert.deepEqual(taken(hop).toSorted(), ["good1", "good2"]);
  const [queued] = await setting.store.queue.list({ max: 9 });
  assert.equal(queued!.message, "bad");
  assert.ok(queued!.attempts >= 2);
});

Deno.test("a recipient to whom a server says goodbye each time does not hold up the others", async () => {
  await using setting = await startSetting();
  const hop = setting.hop((line) => line.startsWith("RCPT TO:<bad@") ? "421 4.3.2 Bye" : undefined);
  await setting.queueAll([{ id: "bad", to: "bad@xyz.com" }]);
  await setting.world.clock.pass(100);
  assert.equal(setting.logged("hop-down").length, 1);
  await setting.queueAll([{ id: "good1" }, { id: "good2" }]);
  await setting.world.clock.pass(MINUTE_MS);
  assert.deepEqual(taken(hop).toSorted(), ["good1", "good2"]);
  const [queued] = await setting.store.queue.list({ max: 9 });
  assert.deepEqual([queued!.message, queued!.lastReply!.code], ["bad", 421]);
});

Deno.test("what comes while a hop is asked for the first time follows at once", async () => {
  await using setting = await startSetting();
  const hop = setting.hop();
  for (const id of ["one", "two", "three"]) await setting.queueAll([{ id }]);
  await setting.world.clock.pass(0);
  assert.deepEqual(taken(hop), ["one", "two", "three"]);
});

Deno.test("the log says of which message a second copy may arrive", async () => {
  await using setting = await startSetting();
  let dots = 0;
  setting.hop((line) => line === "." && ++dots === 1 ? "close" : undefined);
  await setting.queueAll([{ id: "perhaps" }]);
  await setting.world.clock.pass(MINUTE_MS);
  const flags = setting.logged("deferred").map(({ uncertain }) => uncertain);
  assert.deepEqual(flags, [true]);
  assert.equal(setting.logged("relayed")[0]!["uncertain"], undefined);
});
