/** What tests share: what they may use, temporary folders, waiting for something to become true. */
import config from "../deno.json" with { type: "json" };

/**
 * Whether files may be read and written, and programs started. Under plain `deno test --allow-net`
 * they may not, and tests that need them say so: `{ ignore: !canUseFiles }`.
 */
export const canUseFiles = await isGranted("read") && await isGranted("write");
export const canRun = canUseFiles && await isGranted("run") && await isGranted("env");

async function isGranted(name: "read" | "write" | "run" | "env"): Promise<boolean> {
  return (await Deno.permissions.query({ name })).state === "granted";
}

/**
 * A folder that is removed with everything in it: `await using folder = await temporaryFolder()`.
 */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder for one test. Needs {@linkcode canUseFiles}. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "smtpd-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/**
 * Waits until `condition` gives something that is neither false, null nor undefined, and gives
 * that. It is asked often and at once, so a test takes no longer than what it waits for.
 * @throws {Error} that says `what` was waited for, after `timeoutMs` (default 10 s).
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<T, false | null | undefined>;
    }
    if (performance.now() >= endMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * The command line that starts one of the two programs: the compiled one that the variable SMTPD or
 * SMTPC names, else the source with the permissions of its task. Needs {@linkcode canRun}.
 */
export function commandOf(program: "smtpd" | "smtpc"): readonly [string, ...string[]] {
  const compiled = Deno.env.get(program.toUpperCase());
  if (compiled !== undefined && compiled !== "") return [compiled];
  const [, ...words] = config.tasks[program === "smtpd" ? "server" : "client"].split(" ");
  const script = new URL(`../${words.pop()}`, import.meta.url).pathname;
  return [Deno.execPath(), ...words, script];
}
