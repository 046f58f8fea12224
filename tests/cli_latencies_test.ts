import assert from "$assert";
import { createLatencies } from "../lib/cli/latencies.ts";
import * as check from "$check";

Deno.test("a share of latencies is at most a fiftieth above the truth, and never below", () => {
  const times = check.array(check.double({ min: 0.02, max: 600_000, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  check.assert(
    check.property(times, check.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const latencies = createLatencies();
      for (const ms of all) latencies.add(ms);
      const sorted = all.toSorted((one, other) => one - other);
      const exact = sorted[Math.max(1, Math.ceil(share * all.length)) - 1]!;
      const told = latencies.atShare(share)!;
      assert.ok(told >= exact * 0.999_999 && told <= exact * 1.021, `${told} for ${exact}`);
      assert.equal(latencies.count, all.length);
      assert.equal(latencies.atShare(1), sorted.at(-1));
    }),
  );
});

Deno.test("without latencies there is no share of them, and what took no time is the shortest", () => {
  const latencies = createLatencies();
  assert.equal(latencies.atShare(0.5), null);
  latencies.add(0);
  assert.equal(latencies.atShare(0.99), 0);
});
