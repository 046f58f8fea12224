/** Shares seeds out among processes. */
import type { Print, RunCommand } from "./command.ts";
import { mergeTally, newTally, type Tally } from "./tally.ts";

/** Seeds that one process runs: enough to make its start worth it, few enough to share fairly. */
const SEEDS_EACH = 250;

export async function runProcesses(command: RunCommand, print: Print): Promise<Tally> {
  const { from, seeds, jobs } = command;
  const tally = newTally();
  const each = Math.min(SEEDS_EACH, Math.ceil(seeds / jobs));
  let next = from;
  async function work(): Promise<void> {
    while (next < from + seeds) {
      const first = next;
      next = Math.min(first + each, from + seeds);
      const { lines, part } = await runPart({ ...command, from: first, seeds: next - first });
      for (const line of lines) print(line);
      mergeTally(tally, part);
      print(`${tally.passed + tally.failed} of ${seeds} seeds`);
    }
  }
  await Promise.all(Array.from({ length: jobs }, work));
  return tally;
}

async function runPart({ from, seeds, without, scale }: RunCommand): Promise<{
  readonly lines: readonly string[];
  readonly part: Tally;
}> {
  const script = new URL("./run.ts", import.meta.url).pathname;
  const options = [`--from=${from}`, `--seeds=${seeds}`, `--without=${[...without].join(",")}`];
  const shares = [`--messages=${scale.messages}`, `--users=${scale.users}`];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-read", script, "--part", ...options, ...shares],
    stdout: "piped",
    stderr: "inherit",
  });
  const lines = new TextDecoder().decode((await child.output()).stdout).trimEnd().split("\n");
  const last = lines.pop()!;
  if (last.startsWith("{")) return { lines, part: JSON.parse(last) as Tally };
  // It died, and took with it what it had counted: none of its seeds has passed.
  return { lines: [...lines, last], part: { ...newTally(), failed: seeds } };
}
