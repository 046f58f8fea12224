/** Row 10: from nothing to `ready`, and the memory of a server that has nothing to do. */
import type { Contest, Row } from "./contest.ts";
import { startOurs } from "./peers.ts";
import { startSmtpd } from "../process/programs.ts";
import { temporaryFolder } from "../support.ts";

export const START: Row = { number: 10, title: "a start", contests: [started, atRest] };

async function started(): Promise<Contest> {
  const folder = await temporaryFolder();
  const flags = ["--port", "0", "--domain", "abc.com", "--data", `${folder.path}/data`];
  return {
    title: "up to the line `ready`",
    unit: "ms",
    contenders: [{
      name: "smtpd",
      async measure() {
        const startedMs = performance.now();
        await using _ = await startSmtpd([...flags, "--log-level", "error"]);
        return performance.now() - startedMs;
      },
    }],
    goals: [{ of: "smtpd", atMost: 150 }],
    verify: () => Promise.resolve("each start ended with `ready`"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function atRest(): Promise<Contest> {
  const ours = await startOurs();
  return {
    title: "memory at rest",
    unit: "MiB",
    contenders: [{ name: "smtpd", measure: async () => await ours.resident() / 1024 }],
    goals: [{ of: "smtpd", atMost: 95 }], // 100 MB
    verify: () => Promise.resolve("as the system counts it (VmRSS)"),
    [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose](),
  };
}
