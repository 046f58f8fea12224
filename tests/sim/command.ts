/** The command line of `deno task sim`. */
import { parseArgs } from "$fmt";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { Scale } from "./sim.ts";

export type Print = (line: string) => void;

/** Which seeds to run, and how. */
export interface RunCommand {
  readonly from: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly verbose: boolean;
  /** Whether it is one of several processes, and its last line is for the first of them. */
  readonly isPart: boolean;
  readonly without: ReadonlySet<FaultKind>;
  readonly scale: Scale;
}

/** What the arguments mean; `null` where they mean nothing. */
export function parseCommand(args: readonly string[]): RunCommand | null {
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

/** What is said in place of an answer. */
export const USAGE: readonly string[] = [
  "--seeds, --from, --seed and --jobs are whole numbers; --messages and --users go from 0 to 1",
  `--without takes some of ${FAULT_KINDS.join(",")}`,
];

/** Without `--seeds`. */
const SEEDS = 200;
