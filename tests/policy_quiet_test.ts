import assert from "$assert";
import {
  createQuiet,
  LINES_OF_ALL_PER_MINUTE_MAX,
  LINES_PER_MINUTE_MAX,
  WINDOW_MS,
} from "../lib/policy/quiet.ts";

Deno.test("the same event about one network is written down so often, and then counted", () => {
  const quiet = createQuiet();
  const admitted = (peer: string, nowMs: number) => quiet.admits("refused", peer, nowMs);
  for (let at = 0; at < LINES_PER_MINUTE_MAX; at++) assert.ok(admitted("192.0.2.1", 0));
  for (let at = 0; at < 1_000; at++) assert.ok(!admitted("192.0.2.1", 1));
  assert.ok(admitted("192.0.2.2", 1), "another network");
  assert.ok(quiet.admits("login-refused", "192.0.2.1", 1), "another event");
  assert.deepEqual(quiet.counted(WINDOW_MS - 1), []);
  assert.deepEqual(quiet.counted(WINDOW_MS), [
    { event: "refused", network: "192.0.2.1", count: 1_000 },
  ]);
  assert.deepEqual(quiet.counted(2 * WINDOW_MS), [], "told once");
  assert.ok(admitted("192.0.2.1", WINDOW_MS), "and it begins anew");
});

Deno.test("a time without a flood begins anew", () => {
  const quiet = createQuiet();
  for (let minutes = 0; minutes < 5; minutes++) {
    for (let at = 0; at < LINES_PER_MINUTE_MAX; at++) {
      assert.ok(quiet.admits("refused", "::1", minutes * WINDOW_MS));
    }
  }
  assert.deepEqual(quiet.counted(Infinity), []);
});

Deno.test("an event that comes from very many networks is counted for all of them together", () => {
  const quiet = createQuiet();
  const admitted = Array.from(
    { length: 5_000 },
    (_, at) => quiet.admits("refused", `10.0.${at >> 8}.${at & 255}`, 0),
  );
  assert.equal(admitted.filter(Boolean).length, LINES_OF_ALL_PER_MINUTE_MAX);
  assert.ok(quiet.admits("login-refused", "10.0.0.1", 0), "another event");
  const count = 5_000 - LINES_OF_ALL_PER_MINUTE_MAX;
  assert.ok(quiet.isCounting());
  assert.deepEqual(quiet.counted(WINDOW_MS), [{ event: "refused", network: null, count }]);
  assert.ok(!quiet.isCounting());
});
