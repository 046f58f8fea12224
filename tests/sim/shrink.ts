/** Makes the story of a failing seed as short as it can be, while it still fails. */
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { Scale, Scenario } from "./sim.ts";
import { simulate, type Simulated } from "./simulate.ts";

/** What is left of a seed. */
export interface Shrunk {
  readonly result: Simulated;
  readonly without: ReadonlySet<FaultKind>;
  readonly scale: Scale;
}

/** A seed takes a fraction of a second, and somebody waits for the story. */
const RUNS_MAX = 80;

/** Leaves out kinds of faults, then messages and users, as long as the same thing goes wrong. */
export async function shrink(scenario: Scenario, failed: Simulated): Promise<Shrunk> {
  const wanted = kindOf(failed);
  let best: Shrunk = { result: failed, without: new Set(), scale: { users: 1, messages: 1 } };
  let runs = 0;

  async function attempt(change: Partial<Omit<Shrunk, "result">>): Promise<boolean> {
    if (runs++ >= RUNS_MAX) return false;
    const { without, scale } = { ...best, ...change };
    const result = await simulate(scenario, { seed: failed.seed, without, scale });
    if (kindOf(result) !== wanted) return false;
    best = { result, without, scale };
    return true;
  }

  for (const kind of FAULT_KINDS) {
    await attempt({ without: new Set([...best.without, kind]) });
  }
  for (const what of ["messages", "users"] as const) {
    for (let less = 0.5; less > 0.01; less /= 2) {
      if (!await attempt({ scale: { ...best.scale, [what]: less } })) break;
    }
  }
  return best;
}

/** The first failure in words that do not change with the numbers and names in it. */
function kindOf({ failures }: Simulated): string | null {
  const first = failures[0]?.split("\n")[0];
  return first === undefined ? null : first.replaceAll(/\w*\d\w*/g, "#");
}
