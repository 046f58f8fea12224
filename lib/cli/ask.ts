/** Asking people on a terminal. The only user of @clack/prompts, which is loaded when needed. */
import process from "node:process";
import { EXIT, Failure } from "./fail.ts";
import type { Streams } from "./io.ts";

/** All questions are answered or cancelled. @throws {Failure} `cancelled`, from each of them. */
export interface Ask {
  /** One line. */
  text(question: string, options?: TextOptions): Promise<string>;
  /** One line that is not shown. */
  password(question: string): Promise<string>;
  /** One of several. */
  choose(question: string, choices: readonly Choice[]): Promise<string>;
  /** Any number of several; none as well. */
  chooseAny(question: string, choices: readonly Choice[]): Promise<readonly string[]>;
  /** Many lines, up to one that holds a single dot, or to Ctrl-D. */
  lines(question: string): Promise<string>;
}

export interface TextOptions {
  /** What stands there already, to be changed or accepted. */
  readonly initial?: string;
  /** Says what is wrong with an answer; `null` when nothing is. By default it may not be empty. */
  readonly fault?: (answer: string) => string | null;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

/** For questions whose answer may be left empty. */
export const OPTIONAL: TextOptions = { fault: () => null };

/** `null` where nobody can be asked: standard input and standard error are both needed. */
export function askOn(streams: Streams): Ask | null {
  return streams.input.isTerminal && streams.errors.isTerminal ? terminalAsk() : null;
}

function terminalAsk(): Ask {
  const output = process.stderr;
  return {
    async text(question, { initial, fault = notEmpty } = {}) {
      const clack = await import("$ask");
      const answer = await clack.text({
        message: question,
        output,
        ...(initial === undefined ? {} : { initialValue: initial }),
        validate: (answer) => fault(answer?.trim() ?? "") ?? undefined,
      });
      // Clack gives nothing at all for an answer that was left empty.
      return (answered(answer) ?? "").trim();
    },
    async password(question) {
      const clack = await import("$ask");
      const validate = (answer: string | undefined) => notEmpty(answer ?? "") ?? undefined;
      return answered(await clack.password({ message: question, output, validate }));
    },
    async choose(question, choices) {
      const clack = await import("$ask");
      const asked = { message: question, output, options: [...choices], maxItems: CHOICES_SHOWN };
      return answered(await clack.select(asked));
    },
    async chooseAny(question, choices) {
      const clack = await import("$ask");
      const asked = { message: question, output, options: choices, maxItems: CHOICES_SHOWN };
      return answered(await clack.multiselect({ ...asked, required: false }));
    },
    lines: readLines,
  };
}

/** Longer lists scroll. */
const CHOICES_SHOWN = 12;

/** Clack gives a symbol for Ctrl-C and Escape. */
function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (typeof answer === "symbol") throw cancelled();
  return answer as Exclude<Answer, symbol>;
}

function notEmpty(answer: string): string | null {
  return answer === "" ? "An answer is needed here" : null;
}

/**
 * Not clack's own prompt for several lines, which an empty line would end. It reads through the
 * same stream as clack does: two readers of one terminal would steal each other's keys.
 */
async function readLines(question: string): Promise<string> {
  const { createInterface } = await import("node:readline");
  process.stderr.write(`${question}\n`);
  const lines: string[] = [];
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  return await new Promise((resolve, reject) => {
    reader.on("line", (line) => {
      if (line === ".") reader.close();
      else lines.push(line);
    });
    reader.on("SIGINT", () => {
      reject(cancelled());
      reader.close();
    });
    reader.on("close", () => resolve(lines.map((line) => `${line}\n`).join("")));
  });
}

function cancelled(): Failure {
  return new Failure(EXIT.cancelled, "cancelled");
}
