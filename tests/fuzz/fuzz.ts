/** Looks for an input that breaks a target's invariant, and makes it as small as it can. */
import process from "node:process";
import { concat } from "../../lib/wire/bytes.ts";
import { mutate, seededRandom } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

export interface FuzzOptions {
  /** The same seed gives the same inputs in the same order. */
  readonly seed: number;
  /** For how long, in time of the processor; whichever limit comes first ends the search. */
  readonly seconds: number;
  readonly runsMax?: number;
  /** Further seeds, from the corpus. */
  readonly corpus?: readonly Uint8Array[];
}

export interface FuzzResult {
  readonly runs: number;
  /** `null` when the invariant held. */
  readonly finding: Finding | null;
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

/** Runs a target on its seeds as they are, and then on what mutation makes of them. */
export function fuzz(target: FuzzTarget, options: FuzzOptions): FuzzResult {
  const seeds = [...target.seeds ?? [], ...options.corpus ?? []];
  const random = seededRandom(options.seed, target.name);
  const endMs = cpuMs() + options.seconds * 1000;
  const runsMax = options.runsMax ?? Infinity;
  let runs = 0;
  while (runs < runsMax && (runs < seeds.length || cpuMs() < endMs)) {
    const input = seeds[runs] ?? mutate(seeds, random);
    runs++;
    if (failure(target, input) !== null) return { runs, finding: shrink(target, input) };
  }
  return { runs, finding: null };
}

/** What the target throws for an input, in a box, so that even a thrown `null` counts. */
export function failure(target: FuzzTarget, input: Uint8Array): { readonly error: unknown } | null {
  const startMs = cpuMs();
  try {
    target.run(input.slice());
  } catch (error) {
    return { error };
  }
  const tookMs = Math.round(cpuMs() - startMs);
  return tookMs > RUN_MS_MAX ? { error: new Error(`it took ${tookMs} ms`) } : null;
}

/** Leaves out ever smaller pieces, then makes bytes dull, as long as it still fails. */
export function shrink(target: FuzzTarget, failing: Uint8Array): Finding {
  let input = failing;
  let error = failure(target, input)?.error;
  let runs = 0;
  const accept = (candidate: Uint8Array): boolean => {
    if (runs++ >= SHRINK_RUNS_MAX) return false;
    const failed = failure(target, candidate);
    if (failed === null) return false;
    input = candidate;
    error = failed.error;
    return true;
  };
  for (let piece = input.length; piece >= 1; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < input.length;) {
      // Where it goes, the next piece has moved to the same place.
      if (!accept(concat([input.subarray(0, at), input.subarray(at + piece)]))) at += piece;
    }
  }
  for (let at = 0; at < input.length; at++) {
    if (input[at] !== DULL) accept(input.with(at, DULL));
  }
  return { input, error };
}

const DULL = 97; // "a"

/** Time of the processor that this program has used: others may be busy on the machine. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
