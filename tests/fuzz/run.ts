/**
 * `deno task fuzz [--seconds N] [--target NAME] [--all] [--blind] [--seed S]`: shares N seconds of
 * the processor (by default 10) out among all targets; with `--all` each target gets N, by default
 * 600. Goes on from the inputs that have reached something new, unless `--blind` is said; with
 * `--keep` these are written to the corpus. Ends with `N passed, N failed`.
 */
import { parseArgs } from "$fmt";
import { decodeBase64, encodeBase64 } from "../../lib/sasl/base64.ts";
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
/** The corpus is read with every run of the tests: it holds few and short inputs. */
const CORPUS_INPUTS_MAX = 60;
const CORPUS_BYTES_MAX = 1_000;

/** Adds inputs to the corpus, unless they are there. */
async function keep(name: string, inputs: readonly Uint8Array[]): Promise<void> {
  const there = (await corpusOf(name)).map((input) => encodeBase64(input));
  const short = inputs.filter(({ length }) => length > 0 && length <= CORPUS_BYTES_MAX);
  const all = [...new Set([...there, ...short.map((input) => encodeBase64(input))])];
  const lines = all.slice(0, Math.max(there.length, CORPUS_INPUTS_MAX));
  await Deno.writeTextFile(corpusFile(name), lines.map((line) => `${line}\n`).join(""));
}

function describe({ input, error }: Finding): readonly string[] {
  const hex = [...input].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const thrown = error instanceof Error ? error.stack ?? error.message : String(error);
  return [`hex  ${hex}`, `text ${JSON.stringify(decodeLatin1(input))}`, ...thrown.split("\n")];
}

/** The lines of `corpus/NAME.txt`, in base64: inputs that once reached something new, or failed. */
export async function corpusOf(name: string): Promise<readonly Uint8Array[]> {
  try {
    const text = await Deno.readTextFile(corpusFile(name));
    return text.split("\n").filter((line) => line !== "").map((line) => decodeBase64(line)!);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [];
  }
}

function corpusFile(name: string): URL {
  return new URL(`./corpus/${name}.txt`, import.meta.url);
}

if (import.meta.main) Deno.exit(await run(Deno.args, targets, console.log));
