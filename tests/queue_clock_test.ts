/** The queue while the machine's clock is set, in virtual time. */
import assert from "$assert";
import { longestWaitMs, watchClock } from "../lib/queue/clock_steps.ts";
import { openSqliteStore } from "../lib/store/sqlite.ts";
import { fakeClock } from "./fake_transport.ts";
import { type SettingOptions, startSetting, taken } from "./queue_support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

type Step = (ms: number) => void;

interface ClockOptions {
  readonly store?: SettingOptions["store"];
  readonly before?: (queue: (id: string) => Promise<void>, step: Step) => Promise<void>;
}

/** A setting whose clock can be set. */
async function startWithClock({ store, before }: ClockOptions = {}) {
  let setMs = 0;
  const step = (ms: number) => void (setMs += ms);
  const setting = await startSetting({
    ...(store === undefined ? {} : { store }),
    before: async (queue) => await before?.(queue, step),
    clock: (clock) => ({ ...clock, now: () => clock.now() + setMs }),
  });
  return { setting, step };
}

for (const kind of ["memory", "SQLite"] as const) {
  const options: ClockOptions = kind === "memory"
    ? {}
    : { store: (turn) => openSqliteStore({ directory: null, turn }) };

  Deno.test(`mail does not wait for a clock that was set back by days (${kind})`, async () => {
    const { setting, step } = await startWithClock(options);
    await using _ = setting;
    const { clock } = setting.world;
    await setting.queue("one");
    await clock.pass(10 * MINUTE_MS);
    assert.deepEqual(await setting.waiting(), ["one bob"]);
    step(-3 * DAY_MS);
    const hop = setting.hop();
    await clock.pass(15 * MINUTE_MS);
    assert.deepEqual(taken(hop), ["one"]);
  });

  Deno.test(`mail that was queued by a clock far ahead goes after the start (${kind})`, async () => {
    const { setting } = await startWithClock({
      ...options,
      async before(queue, step) {
        step(400 * DAY_MS);
        await queue("ahead");
        step(-400 * DAY_MS);
      },
    });
    await using _ = setting;
    const hop = setting.hop();
    await setting.world.clock.pass(MINUTE_MS);
    assert.deepEqual(taken(hop), ["ahead"]);
  });
}

Deno.test("mail of a clock far ahead is given up in its time, and not after that", async () => {
  const { setting } = await startWithClock({
    async before(queue, step) {
      step(400 * DAY_MS);
      await queue("ahead");
      step(-400 * DAY_MS);
    },
  });
  await using _ = setting;
  await setting.world.clock.pass(5 * DAY_MS - MINUTE_MS);
  assert.deepEqual([setting.warned.length, setting.reported.length], [1, 0]);
  await setting.world.clock.pass(2 * MINUTE_MS);
  assert.equal(setting.reported.length, 1);
});

Deno.test("mail is tried when its time has come by a clock that was set forward", async () => {
  const { setting, step } = await startWithClock();
  await using _ = setting;
  const { clock } = setting.world;
  await setting.queue("one");
  await clock.pass(3 * HOUR_MS);
  const hop = setting.hop();
  step(DAY_MS); // as after a night in which the machine slept, and with it every timer
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(taken(hop), ["one"]);
  assert.deepEqual(setting.reported, []);
});

Deno.test("a clock that was set back is noticed once, a small correction never", () => {
  let now = 0;
  const clock = { ...fakeClock(), now: () => now };
  const steps = watchClock(clock);
  assert.ok(steps.wasSetBack(), "at the start nobody knows");
  assert.ok(steps.wasSetBack(), "until it is noted");
  steps.note();
  const noticed = (ms: number) => {
    now += ms;
    return steps.wasSetBack();
  };
  assert.ok(!noticed(0));
  assert.ok(!noticed(-MINUTE_MS));
  assert.ok(!noticed(5 * DAY_MS));
  assert.ok(noticed(-5 * DAY_MS));
  steps.note();
  assert.ok(!noticed(1));
  for (let correction = 0; correction < 10; correction++) noticed(-10_000);
  assert.ok(steps.wasSetBack(), "many small ones are a large one");
});

Deno.test("the longest wait is that of all schedules, and its jitter", () => {
  assert.equal(longestWaitMs([1, 1000], [10]), 1100);
});
