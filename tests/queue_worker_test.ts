/** The queue's worker in virtual time: when it tries, how often, and what comes of it. */
import assert from "$assert";
import { textOf } from "../lib/smtp/reply.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import { PORT, type SettingOptions, SLOW_PORT, startSetting, taken } from "./queue_support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRE_AFTER_MS = 5 * 24 * HOUR_MS;

for (const kind of ["memory", "SQLite"] as const) {
  const options: SettingOptions = kind === "memory"
    ? {}
    : { store: (turn) => openSqliteStore({ directory: null, turn }) };

  Deno.test(`what is queued is delivered at once, and once (${kind})`, async () => {
    await using setting = await startSetting(options);
    const hop = setting.hop();
    for (const id of ["one", "two", "three"]) await setting.queue(id);
    await setting.world.clock.pass(0);
    assert.deepEqual(taken(hop).toSorted(), ["one", "three", "two"]);
    assert.deepEqual(await setting.waiting(), []);
    await setting.world.clock.pass(HOUR_MS);
    assert.equal(hop.messages.length, 3);
  });

  Deno.test(`a recipient that is put off is tried again on schedule (${kind})`, async () => {
    await using setting = await startSetting(options);
    const { clock } = setting.world;
    const startedMs = clock.monotonicMs();
    const triedAfter: number[] = [];
    const hop = setting.hop((line) => {
      if (!line.startsWith("RCPT")) return undefined;
      triedAfter.push(Math.round((clock.monotonicMs() - startedMs) / 1000));
      return triedAfter.length < 6 ? "450 4.2.0 Greylisted" : undefined;
    });
    await setting.queue("patient");
    await clock.pass(HOUR_MS);
    const waits = triedAfter.map((second, at) => second - (triedAfter[at - 1] ?? 0));
    const schedule = [0, 30, 60, 120, 300, 600];
    assert.equal(waits.length, schedule.length);
    for (const [at, wait] of waits.entries()) {
      assert.ok(Math.abs(wait - schedule[at]!) <= 0.06 * schedule[at]!, `${waits}`);
    }
    assert.deepEqual(taken(hop), ["patient"]);
  });

  Deno.test(`the hop comes back, and everything is delivered once (${kind})`, async () => {
    await using setting = await startSetting(options);
    for (let n = 0; n < 120; n++) await setting.queue(`m${n}`);
    await setting.world.clock.pass(HOUR_MS);
    assert.equal((await setting.waiting()).length, 120);
    const hop = setting.hop();
    await setting.world.clock.pass(HOUR_MS + 5 * MINUTE_MS);
    assert.deepEqual(await setting.waiting(), []);
    assert.equal(hop.messages.length, 120);
    assert.equal(new Set(taken(hop)).size, 120);
  });
}

Deno.test("recipients of one message go together, each with its own outcome", async () => {
  await using setting = await startSetting();
  const hop = setting.hop((line) => {
    if (line.includes("<no@")) return "550 5.1.1 No such user";
    return line.includes("<later@") ? "452 4.2.2 Full" : undefined;
  });
  await setting.queue("group", "bob@xyz.com", "no@xyz.com", "later@xyz.com", "carol@xyz.com");
  await setting.world.clock.pass(0);
  assert.deepEqual(hop.messages.map(({ recipients }) => recipients), [
    ["bob@xyz.com", "carol@xyz.com"],
  ]);
  assert.deepEqual(setting.reported, ["no: hop.test: 550 5.1.1 No such user"]);
  assert.deepEqual(await setting.waiting(), ["group later"]);
  const [queued] = await setting.store.queue.list({ max: 1 });
  assert.equal(textOf(queued!.lastReply!), "452 4.2.2 Full");
  assert.equal(queued!.attempts, 1);
});

Deno.test("what waits for a domain that takes no mail any more is reported at once", async () => {
  await using setting = await startSetting();
  await setting.queue("one", "bob@closed.test");
  await setting.world.clock.pass(0);
  assert.deepEqual(setting.reported, ["bob: we: 556 5.1.10 That domain takes no mail"]);
  assert.deepEqual(await setting.waiting(), []);
});

Deno.test("RFC 7504 §4: a host that never takes mail is asked once, and quoted", async () => {
  await using setting = await startSetting();
  const hop = setting.hop((line) => line === "connect" ? "521 5.3.2 No mail here" : undefined);
  await setting.queue("one");
  await setting.world.clock.pass(0);
  assert.deepEqual(setting.reported, ["bob: 127.0.0.1: 521 5.3.2 No mail here"]);
  assert.deepEqual(await setting.waiting(), []);
  assert.equal(hop.connections.length, 1);
});

Deno.test("a hop that is down costs one probe at a time, however much waits for it", async () => {
  await using setting = await startSetting();
  const { world } = setting;
  for (let n = 0; n < 200; n++) await setting.queue(`m${n}`);
  await world.clock.pass(0);
  const atFirst = world.net.attempts(PORT);
  assert.ok(atFirst <= 4, `${atFirst} tasks found out at once`);
  await world.clock.pass(10 * MINUTE_MS);
  // After 5, 10, 20, 40 s, then 1, 2 and 5 minutes: seven probes, and the next is later.
  assert.equal(world.net.attempts(PORT) - atFirst, 7);
  for (const each of await setting.store.queue.list({ max: 1000 })) assert.equal(each.attempts, 0);
});

Deno.test("a hop that swallows connections is probed by one task, not by all", async () => {
  await using setting = await startSetting();
  const { world } = setting;
  world.net.silence(PORT);
  await setting.queue("first");
  await world.clock.pass(MINUTE_MS);
  const before = world.net.attempts(PORT);
  for (let n = 0; n < 200; n++) await setting.queue(`m${n}`);
  await world.clock.pass(25_000); // less than a connection is waited for
  assert.ok(world.net.attempts(PORT) - before <= 1);
});

Deno.test("a slow hop does not hold up the others", async () => {
  await using setting = await startSetting();
  const slow = setting.hop((line) => line === "." ? "silence" : undefined, SLOW_PORT);
  const quick = setting.hop();
  for (let n = 0; n < 100; n++) await setting.queue(`s${n}`, "a@slow.test");
  await setting.world.clock.pass(5_000);
  await setting.queue("quick");
  await setting.world.clock.pass(0);
  assert.ok(slow.connections.length <= 4);
  assert.deepEqual(taken(quick), ["quick"]);
});

Deno.test("after five days what was put off is reported, with the last words", async () => {
  await using setting = await startSetting();
  setting.hop((line) => line.startsWith("RCPT") ? "450 4.2.0 Greylisted" : undefined);
  await setting.queue("old");
  await setting.world.clock.pass(EXPIRE_AFTER_MS - HOUR_MS);
  assert.deepEqual(setting.reported, []);
  await setting.world.clock.pass(2 * HOUR_MS + 10 * MINUTE_MS);
  assert.deepEqual(setting.reported, [
    "bob: we: 550 5.4.7 Not delivered in 5 days: 450 Greylisted",
  ]);
  assert.deepEqual(await setting.waiting(), []);
});

Deno.test("after five days everything for a dead hop is reported, and soon", async () => {
  await using setting = await startSetting();
  for (let n = 0; n < 120; n++) await setting.queue(`m${n}`);
  await setting.world.clock.pass(2 * HOUR_MS);
  await setting.queue("young");
  await setting.world.clock.pass(EXPIRE_AFTER_MS - 3 * HOUR_MS);
  assert.deepEqual(setting.reported, []);
  await setting.world.clock.pass(2 * HOUR_MS + 5 * MINUTE_MS);
  assert.equal(setting.reported.length, 120);
  assert.match(
    setting.reported[0]!,
    /^bob: we: 550 5\.4\.7 Not delivered in 5 days: 450 nothing/,
  );
  assert.deepEqual(await setting.waiting(), ["young bob"]);
});

Deno.test("a domain that lost its route waits, and is reported in the end", async () => {
  await using setting = await startSetting();
  await setting.queue("lost", "bob@nowhere.test");
  await setting.world.clock.pass(HOUR_MS);
  const [queued] = await setting.store.queue.list({ max: 1 });
  assert.equal(textOf(queued!.lastReply!), "450 4.4.4 There is no route to nowhere.test");
  await setting.world.clock.pass(EXPIRE_AFTER_MS + HOUR_MS);
  assert.equal(setting.reported.length, 1);
});

Deno.test("a message whose connection is lost after the dot is sent again", async () => {
  await using setting = await startSetting();
  let dots = 0;
  const hop = setting.hop((line) => line === "." && ++dots === 1 ? "close" : undefined);
  await setting.queue("perhaps");
  await setting.world.clock.pass(0);
  assert.deepEqual(await setting.waiting(), ["perhaps bob"]);
  const [queued] = await setting.store.queue.list({ max: 1 });
  assert.match(textOf(queued!.lastReply!), /^450 4\.4\.2 /);
  await setting.world.clock.pass(MINUTE_MS);
  assert.equal(dots, 2);
  assert.deepEqual(taken(hop), ["perhaps"]);
  assert.deepEqual(await setting.waiting(), []);
});

Deno.test("an outcome that cannot be recorded does not send the message again", async () => {
  let broken = true;
  await using setting = await startSetting({
    queue: (queue) => ({
      settle: (...what) =>
        broken ? Promise.reject(new Error("the disk is full")) : queue.settle(...what),
    }),
  });
  const hop = setting.hop();
  await setting.queue("once");
  await setting.world.clock.pass(10 * MINUTE_MS);
  assert.deepEqual(await setting.waiting(), ["once bob"]);
  broken = false;
  await setting.world.clock.pass(HOUR_MS);
  assert.deepEqual(await setting.waiting(), []);
  assert.deepEqual(taken(hop), ["once"]);
});

Deno.test("a store that fails to give out work is asked again, at leisure", async () => {
  let calls = 0;
  let broken = true;
  await using setting = await startSetting({
    queue: (queue) => ({
      take(...what) {
        calls++;
        return broken ? Promise.reject(new Error("the disk is gone")) : queue.take(...what);
      },
    }),
  });
  const hop = setting.hop();
  await setting.queue("later");
  await setting.world.clock.pass(10_000);
  assert.ok(calls >= 5 && calls <= 50, `${calls} calls in ten seconds`);
  broken = false;
  await setting.world.clock.pass(2_000);
  assert.deepEqual(taken(hop), ["later"]);
});

Deno.test("what cannot be given back just now is given back later, and tried again", async () => {
  let broken = true;
  await using setting = await startSetting({
    queue: (queue) => ({
      release(tokens) {
        if (broken) throw new Error("the disk is ill");
        queue.release(tokens);
      },
    }),
  });
  await setting.queue("waits");
  await setting.world.clock.pass(HOUR_MS);
  assert.ok(setting.logged("release-failed").length > 1);
  broken = false;
  const hop = setting.hop();
  await setting.world.clock.pass(2 * HOUR_MS);
  assert.deepEqual(taken(hop), ["waits"]);
});

Deno.test("a stop lets the delivery under way end, and gives back what was not begun", async () => {
  await using setting = await startSetting();
  const hop = setting.hop((line) => line === "." ? "silence" : undefined);
  for (const id of ["one", "two", "three"]) await setting.queue(id);
  await setting.world.clock.pass(1_000);
  const stopped = setting.worker.stop();
  await setting.world.clock.pass(4_900);
  assert.equal(await Promise.race([stopped.then(() => "stopped"), "waiting"]), "waiting");
  await setting.world.clock.pass(5_000);
  await stopped;
  const list = await setting.store.queue.list({ max: 10 });
  assert.deepEqual(list.map(({ taken }) => taken), [false, false, false]);
  assert.ok(hop.connections.length <= 4);
});

Deno.test("a stop puts off neither a hop that does not answer nor its mail", async () => {
  await using setting = await startSetting();
  setting.world.net.silence(PORT);
  await setting.queue("waits");
  await setting.world.clock.pass(1_000);
  const stopped = setting.worker.stop();
  await setting.world.clock.pass(10_000);
  await stopped;
  const [queued] = await setting.store.queue.list({ max: 1 });
  assert.equal(queued!.taken, false);
  assert.equal(queued!.lastReply, null);
  assert.deepEqual(await setting.store.queue.ready(setting.world.clock.now(), 10), [
    { hop: "xyz.com", dueAt: queued!.dueAt },
  ]);
});

Deno.test("an idle worker sets no timer and asks for nothing", async () => {
  let asked = 0;
  await using setting = await startSetting({
    queue: (queue) => ({
      ready(...what) {
        asked++;
        return queue.ready(...what);
      },
    }),
  });
  await setting.world.clock.pass(24 * HOUR_MS);
  assert.equal(setting.world.clock.pending(), 0);
  assert.equal(asked, 2, "once for hops that are up, and once for those that are down");
});

Deno.test("the operator's retry is obeyed at once, also where the hop was put off", async () => {
  await using setting = await startSetting();
  await setting.queue("now");
  await setting.world.clock.pass(3 * HOUR_MS);
  const hop = setting.hop();
  assert.equal(await setting.store.queue.retry(setting.world.clock.now()), 1);
  await setting.world.clock.pass(0);
  assert.deepEqual(taken(hop), ["now"]);
});

Deno.test("a message that was dropped while it was under way is not recorded again", async () => {
  await using setting = await startSetting();
  let go = () => {};
  const hop = setting.hop((line) => {
    if (line.startsWith("MAIL")) go();
    return undefined;
  });
  const dropped = new Promise<number>((resolve) => {
    go = () => resolve(setting.store.queue.drop("gone"));
  });
  await setting.queue("gone");
  await setting.world.clock.pass(0);
  assert.equal(await dropped, 1);
  assert.equal(hop.messages.length, 1);
  assert.deepEqual(await setting.waiting(), []);
});
