/** Fuzzes each target in a process of its own: a search that dies takes no other with it. */
export type Print = (line: string) => void;

export interface ProcessesOptions {
  /** How many run at once. */
  readonly jobs: number;
  /** For each of them, besides `--target`. */
  readonly options: readonly string[];
  readonly print: Print;
}

/** Gives how many have failed. What each said is printed when it ends, in one piece. */
export async function runProcesses(
  targets: readonly string[],
  { jobs, options, print }: ProcessesOptions,
): Promise<number> {
  print(
    `${targets.length} targets, ${Math.min(jobs, targets.length)} at once: ${options.join(" ")}`,
  );
  const waiting = [...targets];
  let ended = 0;
  let failed = 0;
  const work = async () => {
    for (let name; (name = waiting.shift()) !== undefined;) {
      const startMs = performance.now();
      const { success, lines } = await runProcess(["--target", name, ...options]);
      const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
      print(`[${++ended} of ${targets.length}, after ${minutes} min] ${lines[0]}`);
      for (const line of lines.slice(1)) print(line);
      if (!success) failed++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, targets.length) }, work));
  return failed;
}

/** What a process printed, without its last line, which counts one target. */
async function runProcess(args: readonly string[]) {
  const script = new URL("./run.ts", import.meta.url).pathname;
  const permissions = ["--allow-read", "--allow-sys", "--allow-write"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...permissions, script, ...args],
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(success ? stdout : new Uint8Array([...stdout, ...stderr]));
  return { success, lines: text.trimEnd().split("\n").filter((line) => !COUNT.test(line)) };
}

const COUNT = /^\d+ passed, \d+ failed$/;
