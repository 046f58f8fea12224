import assert from "$assert";
import check from "$check";
import { durationText } from "../lib/duration.ts";
import { scheduleOf, triedUntil, waitMs } from "../lib/queue/schedule.ts";
import { SCHEDULE } from "./queue_support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

Deno.test("the first wait is within a minute, and no wait is longer than an hour", () => {
  for (const waits of [SCHEDULE.retryAfterMs, SCHEDULE.probeAfterMs]) {
    assert.ok(waitMs(waits, 1, 0.999) <= MINUTE_MS);
    assert.deepEqual(waits, waits.toSorted((a, b) => a - b), "waits only grow");
    assert.equal(waits.at(-1), 60 * MINUTE_MS);
  }
});

Deno.test("the wait is the table's, give or take a twentieth, and the last repeats", () => {
  for (
    const [failures, seconds] of [[1, 30], [2, 60], [3, 120], [8, 3600], [9, 3600], [500, 3600]]
  ) {
    assert.equal(waitMs(SCHEDULE.retryAfterMs, failures!, 0.5), seconds! * 1000);
    assert.equal(waitMs(SCHEDULE.retryAfterMs, failures!, 0), seconds! * 950);
  }
  const failures = check.integer({ min: 1, max: 1000 });
  const fraction = check.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  check.assert(check.property(failures, fraction, (failures, fraction) => {
    const wait = waitMs(SCHEDULE.probeAfterMs, failures, fraction);
    const middle = waitMs(SCHEDULE.probeAfterMs, failures, 0.5);
    return Number.isInteger(wait) && wait >= 0.95 * middle && wait <= 1.05 * middle;
  }));
});

Deno.test("by default senders hear of a delay after four hours, and of the end after five days", () => {
  assert.equal(durationText(SCHEDULE.warnAfterMs!), "4 hours");
  assert.equal(durationText(SCHEDULE.giveUpAfterMs), "5 days");
});

Deno.test("a hop is probed no later than its mail would be tried", () => {
  const probes = (retryAfterMs: readonly number[]) =>
    scheduleOf({ retryAfterMs, delayWarningMs: null, queueLifetimeMs: DAY_MS }).probeAfterMs;
  assert.deepEqual(probes([1_000, 2_000]), [1_000, 2_000]);
  assert.deepEqual(probes([10_000]), [5_000, 10_000]);
  assert.deepEqual(probes([HOUR_MS]), [5_000, 10_000, 20_000, HOUR_MS]);
});

Deno.test("a message is tried for its time, from its release on, and not beyond its deadline", () => {
  const at = (options: object) =>
    triedUntil({ acceptedAt: 1_000, envelope: { sender: null, body: "7BIT", ...options } }, {
      warnAfterMs: null,
      giveUpAfterMs: DAY_MS,
    });
  assert.equal(at({}), 1_000 + DAY_MS);
  assert.equal(at({ hold: { until: HOUR_MS, request: "for;1" } }), HOUR_MS + DAY_MS);
  assert.equal(at({ by: { at: 5_000, mode: "return", trace: false } }), 5_000);
  assert.equal(at({ by: { at: 5_000, mode: "notify", trace: false } }), 1_000 + DAY_MS);
});
