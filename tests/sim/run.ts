/**
 * `deno task sim [--seeds N] [--from S] [--jobs J]` runs N seeds (200), the first is S (1). `deno
 * task sim --seed S [--verbose]` runs one, and with `--verbose` shows everything that happened;
 * `--without KIND,…`, `--messages SHARE` and `--users SHARE` leave out what a story does not need.
 * `--mutants` shows that the simulation can fail (`mutants.ts`). Ends with `N passed, N failed`.
 */
import { parseCommand, type Print, type RunCommand, USAGE } from "./command.ts";
import { runSimMutants } from "./mutants.ts";
import { runProcesses } from "./processes.ts";
import { SCENARIO } from "./scenario.ts";
import { shrink, type Shrunk } from "./shrink.ts";
import type { Scenario } from "./sim.ts";
import { simulate } from "./simulate.ts";
import { addTally, closingLines, newTally, type Tally } from "./tally.ts";

/** Runs seeds as the arguments say; gives the exit status. */
export async function run(
  args: readonly string[],
  scenario: Scenario,
  print: Print,
): Promise<number> {
  const command = parseCommand(args);
  if (command === null) {
    for (const line of USAGE) print(line);
    return 64;
  }
  const startMs = performance.now();
  const tally = command.jobs > 1
    ? await runProcesses(command, print)
    : await runSeeds(scenario, command, print);
  // Its parent adds it to those of the others.
  if (command.isPart) print(JSON.stringify(tally));
  else for (const line of closingLines(tally, performance.now() - startMs)) print(line);
  return tally.failed === 0 ? 0 : 1;
}

/** One after another, in this process. */
async function runSeeds(
  scenario: Scenario,
  { from, seeds, verbose, without, scale }: RunCommand,
  print: Print,
): Promise<Tally> {
  const tally = newTally();
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulate(scenario, { seed, without, scale });
    addTally(tally, result);
    if (verbose) { for (const line of result.trace) print(line); }
    if (result.failures.length === 0 || verbose) continue;
    print(`seed ${seed} FAILED: ${result.failures[0]}`);
    if (tally.failed > STORIES_MAX) continue;
    for (const line of story(await shrink(scenario, result))) print(`  ${line}`);
  }
  return tally;
}

/** A story takes as long as some dozens of seeds, and few say what is wrong. */
const STORIES_MAX = 3;

/** What is shown of a story; the whole is had with `--verbose`. */
const STORY_LINES_MAX = 60;

/** What led to the failure, without what is only noise, and how to see the whole of it. */
function story({ result, without, scale }: Shrunk): readonly string[] {
  const lines = result.trace.filter((line) => !/^\S+ net .* \d+ bytes$/.test(line));
  const failure = lines.findIndex((line) => /^\S+ FAILURE /.test(line));
  const options = [
    `--seed ${result.seed}`,
    ...without.size > 0 ? [`--without ${[...without].join(",")}`] : [],
    ...scale.messages < 1 ? [`--messages ${scale.messages}`] : [],
    ...scale.users < 1 ? [`--users ${scale.users}`] : [],
  ];
  return [
    ...lines.slice(Math.max(0, failure + 1 - STORY_LINES_MAX), failure + 1),
    `deno task sim ${options.join(" ")} --verbose`,
  ];
}

if (import.meta.main) {
  const judges = Deno.args.includes("--mutants");
  Deno.exit(
    judges
      ? await runSimMutants(Deno.args, console.log)
      : await run(Deno.args, SCENARIO, console.log),
  );
}
