import assert from "$assert";
import check from "$check";
import {
  EXPIRE_AFTER_MS,
  isExpired,
  PROBE_AFTER_MS,
  RETRY_AFTER_MS,
  waitMs,
} from "../lib/queue/schedule.ts";

const MINUTE_MS = 60_000;

Deno.test("the first wait is within a minute, and no wait is longer than an hour", () => {
  for (const waits of [RETRY_AFTER_MS, PROBE_AFTER_MS]) {
    assert.ok(waitMs(waits, 1, 0.999) <= MINUTE_MS);
    assert.deepEqual(waits, waits.toSorted((a, b) => a - b), "waits only grow");
    assert.equal(waits.at(-1), 60 * MINUTE_MS);
  }
});

Deno.test("the wait is the table's, give or take a twentieth, and the last repeats", () => {
  for (
    const [failures, seconds] of [[1, 30], [2, 60], [3, 120], [8, 3600], [9, 3600], [500, 3600]]
  ) {
    assert.equal(waitMs(RETRY_AFTER_MS, failures!, 0.5), seconds! * 1000);
    assert.equal(waitMs(RETRY_AFTER_MS, failures!, 0), seconds! * 950);
  }
  const failures = check.integer({ min: 1, max: 1000 });
  const fraction = check.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  check.assert(check.property(failures, fraction, (failures, fraction) => {
    const wait = waitMs(PROBE_AFTER_MS, failures, fraction);
    const middle = waitMs(PROBE_AFTER_MS, failures, 0.5);
    return Number.isInteger(wait) && wait >= 0.95 * middle && wait <= 1.05 * middle;
  }));
});

Deno.test("a message is given up after five days, and not a moment earlier", () => {
  assert.equal(EXPIRE_AFTER_MS, 5 * 24 * 60 * MINUTE_MS);
  assert.equal(isExpired(1_000, 1_000 + EXPIRE_AFTER_MS - 1), false);
  assert.equal(isExpired(1_000, 1_000 + EXPIRE_AFTER_MS), true);
  assert.equal(isExpired(1_000, 0), false, "a clock that went back expires nothing");
});
