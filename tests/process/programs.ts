/** Starts the two programs as real processes. Needs `canRun`. */
import { commandOf, until } from "../support.ts";

/** A running server; disposing of it ends it with SIGTERM. */
export interface Smtpd extends AsyncDisposable {
  readonly ports: Readonly<Record<string, number>>;
  /** What it has logged so far. */
  log(): string;
  /** Sends a signal and waits for the end; gives the exit status (128 + n after signal n). */
  end(signal?: Deno.Signal): Promise<number>;
}

/** Resolves when the server says that it is ready. */
export async function startSmtpd(
  args: readonly string[],
  command: readonly [string, ...string[]] = commandOf("smtpd"),
): Promise<Smtpd> {
  const [program, ...before] = command;
  const child = new Deno.Command(program, {
    args: [...before, ...args, "--log-format", "json"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  let status: Deno.CommandStatus | null = null;
  const ended = child.status.then((how) => status = how);
  const ready = await until("the server's ready line", () => {
    if (status !== null) throw new Error(`smtpd ended with ${status.code}: ${errors.text()}`);
    return /^\{"event":"ready".*\}$/m.exec(output.text())?.[0];
  }, 60_000);
  const end = async (signal: Deno.Signal = "SIGTERM") => {
    if (status === null) child.kill(signal);
    const { code } = await ended;
    await Promise.all([output.done, errors.done]);
    return code;
  };
  return {
    ports: JSON.parse(ready).ports,
    log: errors.text,
    end,
    [Symbol.asyncDispose]: async () => void await end(),
  };
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly password?: string;
  readonly command?: readonly [string, ...string[]];
  /** The folder to run in. */
  readonly cwd?: string;
}

/** Runs the client to its end. */
export function runSmtpc(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(options.command ?? commandOf("smtpc"), args, options);
}

/** Runs a command of the server to its end. */
export function runSmtpd(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(options.command ?? commandOf("smtpd"), args, options);
}

async function run(
  [program, ...before]: readonly [string, ...string[]],
  args: readonly string[],
  { stdin: input = "", password, cwd }: RunOptions,
): Promise<Ran> {
  const child = new Deno.Command(program, {
    args: [...before, ...args],
    env: password === undefined ? {} : { SMTPC_PASSWORD: password },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  try {
    await stdin.write(new TextEncoder().encode(input));
    await stdin.close();
  } catch (error) {
    // It may end without reading what it was given.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { status: code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Gathers the text of a stream; `done` resolves at its end. */
export function collect(stream: ReadableStream<Uint8Array>) {
  let text = "";
  const done = (async () => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  return { text: () => text, done };
}
