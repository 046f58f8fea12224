/**
 * `deno task sim --mutants [--only TEXT] [--seeds N] [--jobs J]` shows that the simulation can
 * fail: it puts each deliberate bug into a copy of the project, and says which seed is the first to
 * find it, beginning with 1. Ends with `N passed, N failed`.
 */
import { parseArgs } from "$fmt";
import { makeTrees, spread, staleness } from "../../scripts/mutants.ts";
import { SIM_MUTANTS, type SimMutant } from "../mutants/simulated.ts";
import type { Print } from "./command.ts";

/** Each has to be found within so many seeds. */
const SEEDS = 500;

/** Judges each mutant; gives the exit status. Needs to read, write and run Deno. */
export async function runSimMutants(args: readonly string[], print: Print): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mutants: { type: "boolean" },
      only: { type: "string", default: "" },
      seeds: { type: "string", default: `${SEEDS}` },
      jobs: { type: "string", default: "2" },
    },
  });
  const rows = SIM_MUTANTS.filter(({ name }) => name.includes(values.only));
  const top = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
  const trees = await makeTrees(top, Math.min(Number(values.jobs), rows.length));
  let passed = 0;
  try {
    await spread(trees, rows, async (tree, mutant) => {
      const found = await firstSeed(tree, mutant, values.seeds);
      if (found !== null) passed++;
      print(`${mutant.name}: ${found ?? `not found within ${values.seeds} seeds`}`);
    });
  } finally {
    await Promise.all(trees.map((tree) => Deno.remove(tree, { recursive: true })));
  }
  print(`${passed} passed, ${rows.length - passed} failed`);
  return passed === rows.length ? 0 : 1;
}

/** The first seed that finds it, and what it says; `null` where none does. */
async function firstSeed(tree: string, mutant: SimMutant, seeds: string): Promise<string | null> {
  const path = `${tree}/${mutant.file}`;
  const text = await Deno.readTextFile(path);
  const stale = staleness(mutant, text);
  if (stale !== null) throw new Error(`${mutant.name}: ${stale}`);
  await Deno.writeTextFile(path, text.replace(mutant.find, () => mutant.replace));
  const found = await firstFailure(tree, "1", seeds)
    .finally(() => Deno.writeTextFile(path, text));
  if (found === null) return null;
  const { seed, failure } = found;
  // A seed that fails anyway has found nothing.
  if (await firstFailure(tree, `${seed}`, `${seed}`) === null) return `seed ${seed}: ${failure}`;
  throw new Error(`seed ${seed} fails without ${mutant.name}, too`);
}

interface Failure {
  readonly seed: number;
  readonly failure: string;
}

/** `null`: all the seeds between these two pass. */
async function firstFailure(tree: string, first: string, last: string): Promise<Failure | null> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-read", "tests/sim/first_failure.ts", first, last],
    cwd: tree,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  const said = text.decode(stdout).trim();
  return said === "" ? null : JSON.parse(said) as Failure;
}
