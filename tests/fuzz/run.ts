/**
 * `deno task fuzz [--target NAME] [--seconds N] [--seed S]` shares N seconds (10) of the processor
 * out among all targets. `deno task fuzz --all [--jobs N]` gives each target 600, or `--seconds`,
 * and a process of its own; so many run at once. Inputs that run something new are gone on from,
 * unless `--blind` is said; with `--keep` they become the corpus. Ends with `N passed, N failed`.
 */
import { parseArgs } from "$fmt";
import { decodeLatin1 } from "../../lib/wire/bytes.ts";
import { keepFailed, readCorpus, renewCorpus } from "./corpus.ts";
import { type Coverage, startCoverage } from "./coverage.ts";
import { type Finding, fuzz } from "./fuzz.ts";
import { type Print, runProcesses } from "./processes.ts";
import type { FuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

const SHARED_SECONDS = 10;
const ALL_SECONDS = 600;

/**
 * Fuzzes some of the targets as the arguments say; gives the exit status. Without `coverage`
 * nothing guides the search, and `--keep` keeps only what failed.
 */
export async function run(
  args: readonly string[],
  targets: readonly FuzzTarget[],
  print: Print,
  coverage: Coverage | null = null,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      all: { type: "boolean", default: false },
      target: { type: "string" },
      seconds: { type: "string" },
      seed: { type: "string" },
      jobs: { type: "string", default: String(navigator.hardwareConcurrency) },
      keep: { type: "boolean", default: false },
      blind: { type: "boolean", default: false },
    },
  });
  const { all, keep, blind } = values;
  const seconds = Number(values.seconds ?? (all ? ALL_SECONDS : SHARED_SECONDS));
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const jobs = Number(values.jobs);
  const names = targets.map(({ name }) => name);
  const chosen = targets.filter(({ name }) => (values.target ?? name) === name);
  if (chosen.length === 0 || !(seconds > 0) || !Number.isSafeInteger(seed) || !(jobs >= 1)) {
    print(`--seconds, --seed and --jobs are numbers, --target is one of ${names}`);
    return 64;
  }
  let failed = 0;
  if (all) {
    const options = ["--seconds", `${seconds}`, "--seed", `${seed}`, ...keep ? ["--keep"] : []];
    if (blind) options.push("--blind");
    failed = await runProcesses(chosen.map(({ name }) => name), { jobs, options, print });
  } else {
    const share = {
      seed,
      seconds: seconds / chosen.length,
      keep,
      coverage: blind ? null : coverage,
    };
    for (const target of chosen) if (!await fuzzOne(target, share, print)) failed++;
  }
  print(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

interface Share {
  readonly seed: number;
  readonly seconds: number;
  readonly keep: boolean;
  readonly coverage: Coverage | null;
}

/** Says first what is about to run: a target that never ends must be known by name. */
async function fuzzOne(target: FuzzTarget, share: Share, print: Print): Promise<boolean> {
  const { keep, coverage } = share;
  print(`${target.name} (seed ${share.seed}): ${target.invariant}`);
  const corpus = await readCorpus(target.name);
  const { runs, finding, fresh } = await fuzz(target, { ...share, corpus });
  if (finding === null) print(`  held in ${runs} runs`);
  else {
    print(`  BROKEN in run ${runs}, with ${finding.input.length} bytes:`);
    for (const line of describe(finding)) print(`  ${line}`);
    if (keep) await keepFailed(target.name, finding.input);
  }
  if (coverage !== null) print(`  ${fresh.length} inputs ran what the corpus had not run`);
  if (coverage !== null && keep && finding === null) {
    print(`  the corpus has ${await renewCorpus(target, fresh, coverage)} of them now`);
  }
  return finding === null;
}

function describe({ input, error }: Finding): readonly string[] {
  const thrown = error instanceof Error ? error.stack ?? error.message : String(error);
  return [
    `hex  ${input.toHex()}`,
    `text ${JSON.stringify(decodeLatin1(input))}`,
    ...thrown.split("\n"),
  ];
}

if (import.meta.main) {
  const coverage = Deno.args.includes("--all") ? null : await startCoverage();
  Deno.exit(await run(Deno.args, targets, console.log, coverage));
}
