/**
 * `deno task fuzz [--seconds N] [--target NAME] [--all] [--blind] [--seed S]`: shares N seconds of
 * the processor (by default 10) out among all targets; with `--all` each target gets N, by default
 * 600. Goes on from the inputs that have reached something new, unless `--blind` is said; with
 * `--keep` these are written to the corpus. Ends with `N passed, N failed`.
 */
import { parseArgs } from "$fmt";
import { decodeLatin1 } from "../../lib/wire/bytes.ts";
import { type Finding, fuzz, type FuzzOptions } from "./fuzz.ts";
import { fuzzGuided } from "./guided.ts";
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
      seconds: { type: "string" },
      target: { type: "string" },
      all: { type: "boolean", default: false },
      blind: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      seed: { type: "string" },
    },
  });
  const seconds = Number(values.seconds ?? (values.all ? ALL_SECONDS : SHARED_SECONDS));
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const chosen = all.filter(({ name }) => values.target === undefined || name === values.target);
  if (chosen.length === 0 || !(seconds > 0) || !Number.isSafeInteger(seed)) {
    print(`--seconds and --seed are numbers, --target is one of ${all.map(({ name }) => name)}`);
    return 64;
  }
  const share = values.all ? seconds : seconds / chosen.length;
  let failed = 0;
  for (const target of chosen) {
    const options = { seed, seconds: share, blind: values.blind, keep: values.keep };
    if (!await fuzzOne(target, options, print)) failed++;
  }
  print(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Says first what is about to run: a target that never ends must be known by name. */
async function fuzzOne(target: FuzzTarget, options: OneOptions, print: Print): Promise<boolean> {
  print(`${target.name} (seed ${options.seed}): ${target.invariant}`);
  const all = { ...options, corpus: await corpusOf(target.name) };
  const { runs, finding, reached } = options.blind
    ? { ...fuzz(target, all), reached: [] }
    : await fuzzGuided(target, all);
  const news = options.blind ? "" : `, ${reached.length} of which reached something new`;
  if (options.keep) await keep(target.name, reached);
  if (finding === null) {
    print(`  held in ${runs} runs${news}`);
    return true;
  }
  print(`  BROKEN in run ${runs}, with ${finding.input.length} bytes:`);
  for (const line of describe(finding)) print(`  ${line}`);
  return false;
}

interface OneOptions extends FuzzOptions {
  readonly blind: boolean;
  readonly keep: boolean;
}

/** Ten minutes of the processor for each target, outside of the usual tests. */
const ALL_SECONDS = 600;
const SHARED_SECONDS = 10;
/** The corpus is read with every run: it holds few and short inputs. */
const CORPUS_FILES_MAX = 100;
const CORPUS_BYTES_MAX = 2_000;

/** Adds inputs to the corpus; a file is named after its content, so none is there twice. */
async function keep(name: string, inputs: readonly Uint8Array[]): Promise<void> {
  const there = (await corpusOf(name)).length;
  const short = inputs.filter(({ length }) => length <= CORPUS_BYTES_MAX);
  const folder = new URL(`./corpus/${name}/`, import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  for (const input of short.slice(0, Math.max(0, CORPUS_FILES_MAX - there))) {
    const hash = await crypto.subtle.digest("SHA-256", input.slice());
    await Deno.writeFile(new URL(new Uint8Array(hash).toHex().slice(0, 16), folder), input);
  }
}

function describe({ input, error }: Finding): readonly string[] {
  const hex = [...input].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const thrown = error instanceof Error ? error.stack ?? error.message : String(error);
  return [`hex  ${hex}`, `text ${JSON.stringify(decodeLatin1(input))}`, ...thrown.split("\n")];
}

/** The files of `corpus/NAME/`: inputs that were interesting once. Most targets have none. */
export async function corpusOf(name: string): Promise<readonly Uint8Array[]> {
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
