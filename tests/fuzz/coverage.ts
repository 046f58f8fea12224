/** Which blocks of the product have run, as V8 counts them. */
import { type Profiler, Session } from "node:inspector";

export interface Coverage {
  /** The blocks that have run since the last time that this was asked. */
  take(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** Begins to count. */
export async function startCoverage(): Promise<Coverage> {
  const session = new Session();
  session.connect();
  const post = (method: string, options: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      session.post(method, options, (error: Error | null, result?: unknown) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
  await post("Profiler.enable");
  await post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return {
    async take() {
      const taken = await post("Profiler.takePreciseCoverage");
      const blocks = new Set<string>();
      for (const { url, functions } of (taken as Profiler.TakePreciseCoverageReturnType).result) {
        if (!url.includes("/lib/") || url.includes("/node_modules/")) continue;
        for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
          if (count > 0) blocks.add(`${url}:${startOffset}-${endOffset}`);
        }
      }
      return blocks;
    },
    async close() {
      await post("Profiler.stopPreciseCoverage");
      session.disconnect();
    },
  };
}
