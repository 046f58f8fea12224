/**
 * `deno task fuzz --seconds N [--target NAME] [--all] [--seed S]`: shares N seconds out among all
 * targets; with `--all` each target gets N. Ends with `N passed, N failed`.
 */
import { parseArgs } from "$fmt";
import { decodeLatin1 } from "../../lib/wire/bytes.ts";
import { type Finding, fuzz, type FuzzOptions } from "./fuzz.ts";
import type { FuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

export type Print = (line: string) => void;

/** Fuzzes some of the targets as the arguments say; gives the exit status. */
export async function run(
  args: readonly string[],
  all: readonly FuzzTarget[],
  print: Print,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "10" },
      target: { type: "string" },
      all: { type: "boolean", default: false },
      seed: { type: "string" },
    },
  });
  const seconds = Number(values.seconds);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const chosen = all.filter(({ name }) => values.target === undefined || name === values.target);
  if (chosen.length === 0 || !(seconds > 0) || !Number.isSafeInteger(seed)) {
    print(`--seconds and --seed are numbers, --target is one of ${all.map(({ name }) => name)}`);
    return 64;
  }
  const share = values.all ? seconds : seconds / chosen.length;
  let failed = 0;
  for (const target of chosen) {
    if (!await fuzzOne(target, { seed, seconds: share }, print)) failed++;
  }
  print(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Says first what is about to run: a target that never ends must be known by name. */
async function fuzzOne(target: FuzzTarget, options: FuzzOptions, print: Print): Promise<boolean> {
  print(`${target.name} (seed ${options.seed}): ${target.invariant}`);
  const { runs, finding } = fuzz(target, { ...options, corpus: await corpusOf(target.name) });
  if (finding === null) {
    print(`  held in ${runs} runs`);
    return true;
  }
  print(`  BROKEN in run ${runs}, with ${finding.input.length} bytes:`);
  for (const line of describe(finding)) print(`  ${line}`);
  return false;
}

function describe({ input, error }: Finding): readonly string[] {
  const hex = [...input].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const thrown = error instanceof Error ? error.stack ?? error.message : String(error);
  return [`hex  ${hex}`, `text ${JSON.stringify(decodeLatin1(input))}`, ...thrown.split("\n")];
}

/** The files of `corpus/NAME/`: inputs that were interesting once. Most targets have none. */
async function corpusOf(name: string): Promise<readonly Uint8Array[]> {
  const folder = new URL(`./corpus/${name}/`, import.meta.url);
  const files: Uint8Array[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      files.push(await Deno.readFile(new URL(name, folder)));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files;
}

if (import.meta.main) Deno.exit(await run(Deno.args, targets, console.log));
