import assert from "$assert";
import * as check from "$check";
import { createWheel, type Wheel } from "../lib/net/wheel.ts";

/** How late an alarm may be: the wheel looks every 50 ms, at slots that are 50 ms wide. */
const LATE_MS_MAX = 100;

interface FakeTime {
  readonly wheel: Wheel;
  now(): number;
  /** Lets time pass; what is scheduled happens when it is due. */
  pass(ms: number): void;
  /** Time passes with the program asleep: what is scheduled happens afterwards. */
  jump(ms: number): void;
  /** How many timers are pending. */
  pending(): number;
}

function fakeTime(startMs = 12_345.6): FakeTime {
  let nowMs = startMs;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  const wheel = createWheel(() => nowMs, (ms, callback) => {
    const timer = { atMs: nowMs + ms, callback };
    timers.push(timer);
    return () => timers = timers.filter((each) => each !== timer);
  });
  const pass = (ms: number) => {
    const end = nowMs + ms;
    for (;;) {
      const next = timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      timers = timers.filter((each) => each !== next);
      nowMs = Math.max(nowMs, next.atMs);
      next.callback();
    }
    nowMs = end;
  };
  const jump = (ms: number) => {
    nowMs += ms;
    pass(0);
  };
  return { wheel, now: () => nowMs, pass, jump, pending: () => timers.length };
}

for (const ms of [0, 1, 49, 50, 51, 3_149, 3_150, 3_200, 3_201, 6_400, 60_000, 300_000]) {
  Deno.test(`an alarm set to ${ms} ms fires once, never early and hardly late`, () => {
    const time = fakeTime();
    const startMs = time.now();
    const firedMs: number[] = [];
    time.wheel.alarm(() => firedMs.push(time.now() - startMs)).set(ms);
    time.pass(ms + 10_000);
    assert.equal(firedMs.length, 1);
    assert.ok(firedMs[0]! >= ms && firedMs[0]! <= ms + LATE_MS_MAX, `fired after ${firedMs[0]} ms`);
    assert.equal(time.pending(), 0);
  });
}

Deno.test("an alarm that is put off again and again does not fire", () => {
  const time = fakeTime();
  let fired = 0;
  const alarm = time.wheel.alarm(() => fired++);
  for (let i = 0; i < 1000; i++) {
    alarm.set(1_000);
    time.pass(990);
  }
  assert.equal(fired, 0);
  time.pass(10 + LATE_MS_MAX);
  assert.equal(fired, 1);
});

Deno.test("an alarm that is set sooner fires at the sooner time, once", () => {
  const time = fakeTime();
  let fired = 0;
  const alarm = time.wheel.alarm(() => fired++);
  alarm.set(60_000);
  alarm.set(100);
  time.pass(100 + LATE_MS_MAX);
  assert.equal(fired, 1);
  time.pass(120_000);
  assert.equal(fired, 1);
});

Deno.test("a cancelled alarm does not fire, and the last one takes the timer with it", () => {
  const time = fakeTime();
  let fired = 0;
  const [first, second] = [time.wheel.alarm(() => fired++), time.wheel.alarm(() => fired++)];
  first.cancel();
  first.set(100);
  second.set(100);
  first.cancel();
  first.cancel();
  assert.equal(time.pending(), 1);
  second.cancel();
  assert.equal(time.pending(), 0);
  time.pass(1_000);
  assert.equal(fired, 0);
  first.set(100);
  time.pass(1_000);
  assert.equal(fired, 1);
});

Deno.test("an alarm that fires may cancel, put off and set others that are due with it", () => {
  const time = fakeTime();
  const fired: string[] = [];
  const first = time.wheel.alarm(() => {
    fired.push("first");
    cancelled.cancel();
    putOff.set(1_000);
    first.set(2_000);
  });
  const cancelled = time.wheel.alarm(() => fired.push("cancelled"));
  const putOff = time.wheel.alarm(() => fired.push("put off"));
  for (const alarm of [first, cancelled, putOff]) alarm.set(100);
  time.pass(200);
  assert.deepEqual(fired, ["first"]);
  time.pass(1_000);
  assert.deepEqual(fired, ["first", "put off"]);
  time.pass(1_000);
  assert.deepEqual(fired, ["first", "put off", "first"]);
});

Deno.test("an alarm that throws does not stop the wheel", () => {
  const time = fakeTime();
  let fired = 0;
  time.wheel.alarm(() => {
    throw new Error("a bug");
  }).set(100);
  time.wheel.alarm(() => fired++).set(1_000);
  assert.throws(() => time.pass(500), /a bug/);
  time.pass(1_000);
  assert.equal(fired, 1);
});

Deno.test("after a long sleep of the machine everything that is due fires at once", () => {
  const time = fakeTime();
  let fired = 0;
  for (let ms = 100; ms <= 10_000; ms += 100) time.wheel.alarm(() => fired++).set(ms);
  const late = time.wheel.alarm(() => fired++);
  late.set(3_600_000);
  time.jump(1_800_000);
  assert.equal(fired, 100);
  late.cancel();
});

Deno.test("many alarms, set and cancelled in any order, fire as their last order says", () => {
  const order = check.record({
    alarm: check.nat(19),
    ms: check.option(check.nat(8_000), { nil: null }),
    passMs: check.nat(400),
  });
  check.assert(check.property(check.array(order, { maxLength: 100 }), (orders) => {
    const time = fakeTime();
    const dueMs = new Map<number, number>();
    const alarms = Array.from({ length: 20 }, (_, at) =>
      time.wheel.alarm(() => {
        const due = dueMs.get(at);
        assert.ok(due !== undefined && time.now() >= due && time.now() <= due + LATE_MS_MAX);
        dueMs.delete(at);
      }));
    for (const { alarm, ms, passMs } of orders) {
      if (ms === null) {
        alarms[alarm]!.cancel();
        dueMs.delete(alarm);
      } else {
        alarms[alarm]!.set(ms);
        dueMs.set(alarm, time.now() + ms);
      }
      time.pass(passMs);
    }
    time.pass(20_000);
    assert.equal(dueMs.size, 0);
    assert.equal(time.pending(), 0);
  }));
});
