/** What of the project's code was run, as the engine counts it: which inputs are worth keeping. */
import { Session } from "node:inspector";

/** For each function that was run: for each of its characters 1 if it was run, else 0. */
export type Covered = ReadonlyMap<string, Uint8Array>;

export interface Coverage extends AsyncDisposable {
  /** What of `lib/` was run since the last call. */
  take(): Promise<Covered>;
}

/**
 * Begins to count, in this process. Functions that were run before are counted as a whole only, so
 * this comes before the first run of a target. Needs the permission `--allow-sys`.
 */
export async function startCoverage(): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await post(session, "Profiler.enable");
  // Blocks are told apart only with counts.
  await post(session, "Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return {
    async take() {
      return coveredIn(await post(session, "Profiler.takePreciseCoverage") as PreciseCoverage);
    },
    async [Symbol.asyncDispose]() {
      await post(session, "Profiler.stopPreciseCoverage");
      session.disconnect();
    },
  };
}

/** What is in `taken` and not in `known`, as a map of the same form; empty where nothing is. */
export function gainOf(known: Covered, taken: Covered): Covered {
  const gain = new Map<string, Uint8Array>();
  for (const [name, now] of taken) {
    const before = known.get(name);
    const fresh = now.map((run, at) => run === 1 && before?.[at] !== 1 ? 1 : 0);
    if (fresh.includes(1)) gain.set(name, fresh);
  }
  return gain;
}

/** Both together. */
export function joined(one: Covered, other: Covered): Covered {
  const both = new Map(one);
  for (const [name, now] of other) {
    const before = one.get(name);
    both.set(name, before === undefined ? now : now.map((run, at) => run | before[at]!));
  }
  return both;
}

/** What the inspector's protocol calls the result of `Profiler.takePreciseCoverage`. */
interface PreciseCoverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly FunctionCoverage[];
  }[];
}

interface FunctionCoverage {
  readonly functionName: string;
  /** The whole function first, then blocks in it that were run more or less often, outer first. */
  readonly ranges: readonly {
    readonly startOffset: number;
    readonly endOffset: number;
    readonly count: number;
  }[];
}

const LIB = new URL("../../lib/", import.meta.url).href;

function coveredIn({ result }: PreciseCoverage): Covered {
  const covered = new Map<string, Uint8Array>();
  for (const { url, functions } of result) {
    if (!url.startsWith(LIB)) continue;
    for (const { functionName, ranges } of functions) {
      const { startOffset: start, endOffset: end } = ranges[0]!;
      const run = new Uint8Array(end - start);
      for (const { startOffset, endOffset, count } of ranges) {
        run.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
      }
      if (run.includes(1)) covered.set(`${url.slice(LIB.length)} ${start} ${functionName}`, run);
    }
  }
  return covered;
}

function post(session: Session, method: string, parameters: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) =>
    session.post(
      method,
      parameters,
      (error, result) => error === null ? resolve(result) : reject(error),
    )
  );
}
