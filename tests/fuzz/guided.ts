/** Fuzzing that goes on from the inputs which have reached something new. */
import { startCoverage } from "./coverage.ts";
import { cpuMs, failure, type FuzzOptions, type FuzzResult, shrink } from "./fuzz.ts";
import { mutate, seededRandom } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

export interface GuidedResult extends FuzzResult {
  /** The inputs that reached what none before had reached, seeds and corpus among them not. */
  readonly reached: readonly Uint8Array[];
}

/** Asking for the coverage costs as much as some runs. */
const BATCH = 20;
/** Inputs to go on from; what was found later says less. */
const POOL_MAX = 5_000;

/** Like `fuzz`, until the time is up or the invariant is broken. */
export async function fuzzGuided(target: FuzzTarget, options: FuzzOptions): Promise<GuidedResult> {
  const pool = [...target.seeds ?? [], ...options.corpus ?? []];
  const random = seededRandom(options.seed, target.name);
  const coverage = await startCoverage();
  const seen = new Set<string>();
  const reached: Uint8Array[] = [];
  let runs = 0;

  /** What of these has reached something new goes into the pool. */
  async function learn(inputs: readonly Uint8Array[], areSeeds: boolean): Promise<void> {
    if (![...await coverage.take()].some((block) => !seen.has(block))) return;
    for (const input of inputs) {
      target.run(input.slice());
      const blocks = [...await coverage.take()].filter((block) => !seen.has(block));
      if (blocks.length === 0) continue;
      for (const block of blocks) seen.add(block);
      if (areSeeds || pool.length >= POOL_MAX) continue;
      pool.push(input);
      reached.push(input);
    }
  }

  try {
    const endMs = cpuMs() + options.seconds * 1000;
    let batch: readonly Uint8Array[] = pool.slice();
    for (let areSeeds = true; areSeeds || cpuMs() < endMs; areSeeds = false) {
      if (!areSeeds) batch = Array.from({ length: BATCH }, () => mutate(pool, random));
      for (const input of batch) {
        runs++;
        if (failure(target, input) === null) continue;
        return { runs, finding: shrink(target, input), reached };
      }
      await learn(batch, areSeeds);
    }
    return { runs, finding: null, reached };
  } finally {
    await coverage.close();
  }
}
