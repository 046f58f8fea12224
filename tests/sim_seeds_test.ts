/**
 * What `deno task ok` sees of the simulation: seeds that are always the same, and a new one. In a
 * file of its own, for it takes the better part of a minute.
 */
import assert from "$assert";
import { run } from "./sim/run.ts";
import { SCENARIO } from "./sim/scenario.ts";
import { simulate } from "./sim/simulate.ts";

/** From 1. */
const FIXED_SEEDS = 200;

Deno.test("the simulation passes with the fixed seeds and with a fresh one", async () => {
  const fresh = Math.floor(Math.random() * 2 ** 31);
  for (const args of [["--seeds", `${FIXED_SEEDS}`], ["--seed", `${fresh}`]]) {
    const lines: string[] = [];
    const status = await run(args, SCENARIO, (line) => lines.push(line));
    assert.equal(status, 0, lines.join("\n"));
  }
});

Deno.test("the whole scenario tells the same seed the same way, byte by byte", async () => {
  for (const seed of [1, 2, 3]) {
    const once = await simulate(SCENARIO, { seed });
    const again = await simulate(SCENARIO, { seed });
    assert.deepEqual(again.trace, once.trace);
    assert.equal(again.hash, once.hash);
  }
});
