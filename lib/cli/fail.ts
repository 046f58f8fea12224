/** How a program ends: with a status of sysexits, and when it failed, with a line that says why. */

/** The exit statuses, as in sysexits.h; `cancelled` is what a shell reports for Ctrl-C. */
export const EXIT = {
  done: 0,
  /** Wrong or missing arguments. */
  usage: 64,
  /** The data that was given cannot be used. */
  badData: 65,
  /** What should be read is not there. */
  noInput: 66,
  noSuchRecipient: 67,
  noSuchHost: 68,
  /** A server, or a part of one, that is needed does not answer or does not offer it. */
  unavailable: 69,
  /** A mistake in this program. */
  internal: 70,
  cannotCreate: 73,
  tryAgainLater: 75,
  protocol: 76,
  loginRefused: 77,
  badConfiguration: 78,
  cancelled: 130,
} as const;

export type ExitStatus = typeof EXIT[keyof typeof EXIT];

/**
 * Ends a program with a status. The message is for people: one line that says what is wrong, where,
 * and what to do about it.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly status: ExitStatus;
  constructor(status: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/**
 * Runs a program's main function and ends the process with the status that it gives. What it throws
 * becomes one line on standard error, `smtpc: …`, and never a stack trace.
 */
export async function runProgram(name: string, main: () => Promise<ExitStatus>): Promise<never> {
  const die = (error: unknown): never => {
    const failure = failureOf(error);
    complain(`${name}: ${oneLine(failure.message)}\n`);
    Deno.exit(failure.status);
  };
  // What fails outside of main's own promise would be printed by the runtime, with a stack trace.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    die(event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    die(event.error);
  });
  try {
    Deno.exit(await main());
  } catch (error) {
    return die(error);
  }
}

/** What an error means for the program that it ends. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new Failure(
      EXIT.unavailable,
      `Deno does not permit it: ${error.message} (deno task gives the permissions)`,
      { cause: error },
    );
  }
  const said = error instanceof Error ? error.message || error.name : String(error);
  return new Failure(EXIT.internal, `this should not happen: ${said}`, { cause: error });
}

/**
 * Text from anywhere as one line that is safe to print: line ends, controls, and the marks that
 * reverse the direction of writing become blanks.
 */
export function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what must go
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+/g, " ").trim();
}

function complain(line: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(line));
  } catch {
    // Nobody reads standard error; the status still says it.
  }
}
