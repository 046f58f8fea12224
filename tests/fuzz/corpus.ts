/**
 * The inputs that are worth keeping: each line of `corpus/TARGET.txt` is one, in base64. Behind
 * `failed ` stands what broke the invariant once; the others run code that no seed runs.
 */
import { decodeBase64, encodeBase64 } from "../../lib/sasl/base64.ts";
import { type Coverage, type Covered, gainOf, joined } from "./coverage.ts";
import { shrink } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";

/** They are replayed by every run of the tests, and lie in everybody's copy of the project. */
const INPUTS_KEPT = 60;
const INPUT_BYTES_MAX = 2000;
/** For each input; shrinking is for the reader's comfort, and may not take for ever. */
const SHRINK_RUNS_MAX = 300;

const FAILED = "failed ";

/** The inputs of a target's corpus. A new target has none. */
export async function readCorpus(target: string): Promise<readonly Uint8Array[]> {
  return (await readLines(target)).map(inputOf);
}

/** Keeps what broke an invariant, so that it never will again. */
export async function keepFailed(target: string, input: Uint8Array): Promise<void> {
  await writeLines(target, [...await readLines(target), FAILED + encodeBase64(input)]);
}

/** Puts the best of the corpus and of these inputs in the corpus' place; gives how many it has. */
export async function renewCorpus(
  target: FuzzTarget,
  fresh: readonly Uint8Array[],
  coverage: Coverage,
): Promise<number> {
  const lines = await readLines(target.name);
  const failed = lines.filter((line) => line.startsWith(FAILED));
  const before = lines.filter((line) => !line.startsWith(FAILED)).map(inputOf);
  const best = await minimise(target, [...before, ...fresh], coverage);
  const kept = [...failed, ...best.map((input) => encodeBase64(input))];
  if (lines.length + kept.length > 0) await writeLines(target.name, kept);
  return best.length;
}

/** The fewest and smallest of the inputs that still run what all of them run and no seed does. */
async function minimise(
  target: FuzzTarget,
  inputs: readonly Uint8Array[],
  coverage: Coverage,
): Promise<readonly Uint8Array[]> {
  const coveredBy = async (input: Uint8Array): Promise<Covered> => {
    await target.run(input.slice());
    return await coverage.take();
  };
  let known: Covered = new Map();
  for (const seed of target.seeds) known = joined(known, await coveredBy(seed));
  const kept: Uint8Array[] = [];
  for (const input of inputs.toSorted((a, b) => a.length - b.length)) {
    if (kept.length === INPUTS_KEPT) break;
    const gain = gainOf(known, await coveredBy(input));
    if (gain.size === 0) continue;
    const runsAsMuch = async (candidate: Uint8Array) =>
      gainOf(await coveredBy(candidate), gain).size === 0;
    const small = await shrink(input, runsAsMuch, SHRINK_RUNS_MAX);
    if (small.length > INPUT_BYTES_MAX) continue;
    known = joined(known, await coveredBy(small));
    kept.push(small);
  }
  return kept;
}

function inputOf(line: string): Uint8Array {
  const input = decodeBase64(line.replace(FAILED, ""));
  if (input === null) throw new SyntaxError(`a line of the corpus is not base64: ${line}`);
  return input;
}

async function readLines(target: string): Promise<readonly string[]> {
  try {
    const text = await Deno.readTextFile(fileOf(target));
    return text.split("\n").slice(0, -1);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [];
  }
}

async function writeLines(target: string, lines: readonly string[]): Promise<void> {
  await Deno.writeTextFile(fileOf(target), lines.map((line) => `${line}\n`).join(""));
}

function fileOf(target: string): URL {
  return new URL(`./corpus/${target}.txt`, import.meta.url);
}
