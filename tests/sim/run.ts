/**
 * `deno task sim [--seeds N] [--from S] [--jobs J]` runs N seeds (200), the first is S (1). `deno
 * task sim --seed S [--verbose]` runs one, and with `--verbose` shows everything that happened;
 * `--without KIND,…`, `--messages SHARE` and `--users SHARE` leave out what a story does not need.
 * Ends with `N passed, N failed`.
 */
import { parseArgs } from "$fmt";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import { runProcesses } from "./processes.ts";
import { SCENARIO } from "./scenario.ts";
import { shrink, type Shrunk } from "./shrink.ts";
import type { Scale, Scenario } from "./sim.ts";
import { simulate } from "./simulate.ts";
import { addTally, closingLines, newTally, type Tally } from "./tally.ts";

export type Print = (line: string) => void;

const SEEDS = 200;

/** Runs seeds as the arguments say; gives the exit status. */
export async function run(
  args: readonly string[],
  scenario: Scenario,
  print: Print,
): Promise<number> {
  const command = parse(args);
  if (command === null) {
    print(`--seeds, --from, --seed, --jobs are whole numbers; shares go from 0 to 1`);
    print(`--without takes some of ${FAULT_KINDS.join(",")}`);
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

export interface RunCommand {
  readonly from: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly verbose: boolean;
  readonly isPart: boolean;
  readonly without: ReadonlySet<FaultKind>;
  readonly scale: Scale;
}

function parse(args: readonly string[]): RunCommand | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: `${SEEDS}` },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      jobs: { type: "string", default: "1" },
      verbose: { type: "boolean", default: false },
      part: { type: "boolean", default: false },
      without: { type: "string", default: "" },
      messages: { type: "string", default: "1" },
      users: { type: "string", default: "1" },
    },
  });
  const from = Number(values.seed ?? values.from);
  const seeds = values.seed === undefined ? Number(values.seeds) : 1;
  const jobs = Number(values.jobs);
  const without = values.without.split(",").filter((kind: string) => kind !== "") as FaultKind[];
  const scale = { messages: Number(values.messages), users: Number(values.users) };
  const isNumber = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  const isShare = (value: number) => value >= 0 && value <= 1;
  if (!isNumber(from, 0) || !isNumber(seeds, 1) || !isNumber(jobs, 1)) return null;
  if (!isShare(scale.messages) || !isShare(scale.users)) return null;
  if (!without.every((kind) => FAULT_KINDS.includes(kind))) return null;
  const { verbose, part: isPart } = values;
  return { from, seeds, jobs, verbose, isPart, without: new Set(without), scale };
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
    for (const line of story(await shrink(scenario, result))) print(`  ${line}`);
  }
  return tally;
}

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

if (import.meta.main) Deno.exit(await run(Deno.args, SCENARIO, console.log));
