/** Looks for an input that breaks a target's invariant, and makes it as small as it can. */
import process from "node:process";
import { type Coverage, type Covered, gainOf, joined } from "./coverage.ts";
import { mutate, seededRandom } from "./mutate.ts";
import { shrink } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";

export interface FuzzOptions {
  /** The same seed gives the same inputs in the same order, where coverage does not choose. */
  readonly seed: number;
  /**
   * For how long, in seconds of a processor: a machine that is busy with other things does not
   * make the search smaller. Whichever of both limits comes first ends it.
   */
  readonly seconds: number;
  readonly runsMax?: number;
  /** Further seeds, from the corpus. */
  readonly corpus?: readonly Uint8Array[];
  /** Inputs that run code which no other has run are changed further. */
  readonly coverage?: Coverage | null;
}

export interface FuzzResult {
  readonly runs: number;
  /** `null` when the invariant held. */
  readonly finding: Finding | null;
  /** Inputs that ran what no seed and no input before them has run; none without coverage. */
  readonly fresh: readonly Uint8Array[];
}

export interface Finding {
  /** The smallest input that was found to break the invariant. */
  readonly input: Uint8Array;
  /** What it makes the target throw. */
  readonly error: unknown;
}

/** A run that takes longer is a finding: what is slow for one stranger's input stops everybody. */
const RUN_MS_MAX = 3_000;
/** Shrinking is for the reader's comfort, and may not take for ever. */
const SHRINK_RUNS_MAX = 5_000;
/** Asking what was run takes as long as a run of a small target, so it is asked once for many. */
const BATCH_RUNS = 32;

/** Runs a target on its seeds as they are, and then on what mutation makes of them. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { coverage = null, runsMax = Infinity } = options;
  const seeds = [...target.seeds, ...options.corpus ?? []];
  const pool = [...seeds];
  const random = seededRandom(options.seed, target.name);
  const sieve = coverage === null ? null : freshSieve(target, coverage);
  const endMs = cpuMs() + options.seconds * 1000;
  const fresh: Uint8Array[] = [];
  let runs = 0;
  while (runs < runsMax && (runs < seeds.length || cpuMs() < endMs)) {
    const batch: Uint8Array[] = [];
    while (batch.length < BATCH_RUNS && runs < runsMax) {
      const input = seeds[runs] ?? mutate(pool, random);
      runs++;
      batch.push(input);
      const failed = await failure(target, input);
      if (failed !== null) return { runs, finding: await smallest(target, input, failed), fresh };
    }
    const found = await sieve?.(batch) ?? [];
    const grown = found.filter((input) => !seeds.includes(input));
    fresh.push(...grown);
    pool.push(...grown);
  }
  return { runs, finding: null, fresh };
}

/** Gives those inputs of a batch that was run which run what nothing before them has run. */
function freshSieve(target: FuzzTarget, coverage: Coverage) {
  let known: Covered = new Map();
  return async (batch: readonly Uint8Array[]): Promise<readonly Uint8Array[]> => {
    const together = await coverage.take();
    if (gainOf(known, together).size === 0) return [];
    const found: Uint8Array[] = [];
    for (const input of batch) {
      await target.run(input.slice());
      const alone = await coverage.take();
      if (gainOf(known, alone).size === 0) continue;
      known = joined(known, alone);
      found.push(input);
    }
    // What is run only once, whatever the input, is nobody's merit.
    known = joined(known, together);
    return found;
  };
}

/** What the target throws for an input, in a box, so that even a thrown `null` counts. */
async function failure(
  target: FuzzTarget,
  input: Uint8Array,
): Promise<{ readonly error: unknown } | null> {
  const startMs = cpuMs();
  try {
    await target.run(input.slice());
  } catch (error) {
    return { error };
  }
  const tookMs = Math.round(cpuMs() - startMs);
  return tookMs > RUN_MS_MAX ? { error: new Error(`it took ${tookMs} ms`) } : null;
}

async function smallest(
  target: FuzzTarget,
  failing: Uint8Array,
  failed: { readonly error: unknown },
): Promise<Finding> {
  let { error } = failed;
  const fails = async (candidate: Uint8Array): Promise<boolean> => {
    const again = await failure(target, candidate);
    if (again !== null) error = again.error;
    return again !== null;
  };
  return { input: await shrink(failing, fails, SHRINK_RUNS_MAX), error };
}

/** What this thread has used of a processor. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
