/** Runs `smtpd` in the process of a test. */
import { type ExitStatus, Failure } from "../lib/cli/fail.ts";
import { runSmtpd } from "../lib/cli/smtpd.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { decode } from "../lib/wire/bytes.ts";
import { fakeAsk, fakeOutput } from "./fake_streams.ts";
import { until } from "./support.ts";

/** A program under way; disposing of it asks it to stop. */
export interface Program extends AsyncDisposable {
  output(): string;
  errors(): string;
  /** The questions, in their order. */
  readonly questions: readonly string[];
  /** Asks it to read its files again, as SIGHUP does. */
  reload(): void;
  /** Asks it to stop, where it would wait for that, and gives its end. */
  end(): Promise<Ended>;
}

export interface Ended {
  readonly status: ExitStatus;
  /** Why it failed; empty when it did not. */
  readonly failure: string;
}

export interface ProgramOptions {
  /** What a person answers, in this order; without it, nobody can be asked. */
  readonly answers?: readonly string[];
  /** Resolves no sooner than this is in its output. */
  readonly ready?: RegExp;
}

/** Starts `smtpd`, and waits for it to be ready. */
export async function startProgram(
  args: readonly string[],
  { answers, ready = /^ready$|"event":"ready"/m }: ProgramOptions = {},
): Promise<Program> {
  const output = fakeOutput();
  const errors = fakeOutput();
  const questions: string[] = [];
  const stop = Promise.withResolvers<void>();
  let reload = () => {};
  let ended: Ended | null = null;
  const running = runSmtpd(args, {
    world: denoWorld(),
    streams: {
      input: { isTerminal: answers !== undefined, bytes: () => Promise.resolve(new Uint8Array()) },
      output,
      errors,
      variable: () => null,
    },
    ask: answers === undefined ? null : fakeAsk([...answers], questions),
    stopRequested: () => stop.promise,
    onReload: (handler) => reload = handler,
  }).then(
    (status): Ended => ({ status, failure: "" }),
    (error): Ended => {
      if (!(error instanceof Failure)) throw error;
      return { status: error.status, failure: error.message };
    },
  ).then((how) => ended = how);
  const program: Program = {
    output: () => decode(output.written()),
    errors: () => decode(errors.written()),
    questions,
    reload: () => reload(),
    end() {
      stop.resolve();
      return running;
    },
    [Symbol.asyncDispose]: async () => void await program.end(),
  };
  await until("the program", () => ended !== null || ready.test(program.output()));
  return program;
}

/** Runs a command that ends by itself. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended & { readonly output: string; readonly errors: string }> {
  const program = await startProgram(args, options);
  return { ...await program.end(), output: program.output(), errors: program.errors() };
}
