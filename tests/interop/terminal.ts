/** Programs for people, on a terminal that Python gives them. */
import assert from "$assert";
import { run } from "./run.ts";

/** What is to be seen, as a regular expression of Python, and the keys that are pressed then. */
export type Turn = readonly [seen: string, keys: string];

export interface TerminalOptions {
  /** The program's home, and where a file with what is to be done is put. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Looks at all that was shown since the turn before: keys that come sooner may be thrown away. */
const DRIVER = `
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

with open(sys.argv[1]) as file:
    job = json.load(file)
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
    os.environ.update(job["environment"])
    os.execvp(job["command"][0], job["command"])

def fail(what):
    os.kill(child, signal.SIGKILL)
    sys.exit(f"\\n{what}")

def read(until):
    if not select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
        fail("nothing more is shown")
    try:
        return os.read(terminal, 65536)
    except OSError: # the program has ended
        return b""

for seen, keys in [*job["turns"], [None, ""]]:
    shown, until = b"", time.monotonic() + 60
    while seen is None or not re.search(seen.encode(), shown):
        more = read(until)
        if more == b"":
            if seen is None:
                break
            fail(f"it ended, and did not show: {seen}")
        shown += more
        sys.stdout.buffer.write(more)
    if keys != "":
        os.write(terminal, keys.encode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

/**
 * Runs a program on a terminal to its end, which must have status 0.
 * @throws {AssertionError} with all that was shown, also when something is not seen in a minute.
 */
export async function onTerminal(
  command: readonly string[],
  turns: readonly Turn[],
  { folder, environment = {} }: TerminalOptions,
): Promise<void> {
  const job = {
    command,
    turns,
    environment: { TERM: "xterm", LC_ALL: "C.UTF-8", HOME: folder, ...environment },
  };
  await Deno.writeTextFile(`${folder}/job.json`, JSON.stringify(job));
  const ran = await run("python3", ["-c", DRIVER, `${folder}/job.json`]);
  assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
}
