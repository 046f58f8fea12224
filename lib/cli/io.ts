/** The program's own streams and variables, as a value: tests need no terminal and no process. */
import { styleText } from "$fmt";
import { decode } from "../wire/bytes.ts";
import type { TraceFrom } from "../wire/session.ts";
import { EXIT, Failure, oneLine } from "./fail.ts";

export interface Streams {
  readonly input: Input;
  /** Standard output: mail and data, nothing else. */
  readonly output: Output;
  /** Standard error: everything that is said to people. */
  readonly errors: Output;
  /** A variable of the environment; `null` when it is not set, or empty. */
  variable(name: string): string | null;
}

export interface Input {
  readonly isTerminal: boolean;
  /** Everything up to the end. */
  bytes(): Promise<Uint8Array>;
}

export interface Output {
  readonly isTerminal: boolean;
  /** Whether people see colours here. */
  readonly hasColours: boolean;
  /** @throws {Failure} `cannotCreate` when nobody takes it. */
  write(content: string | Uint8Array): void;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** The streams that this process was started with. Needs `--allow-env`. */
export function denoStreams(): Streams {
  const variable = (name: string) => Deno.env.get(name) || null;
  return {
    input: { isTerminal: Deno.stdin.isTerminal(), bytes: readAll },
    output: denoOutput(Deno.stdout, "standard output", variable),
    errors: denoOutput(Deno.stderr, "standard error", variable),
    variable,
  };
}

/** Text in a style, where people see it; plain text elsewhere. */
export function paint(output: Output, style: Style, text: string): string {
  return output.hasColours ? styleText(style, text, { validateStream: false }) : text;
}

/** One JSON object on one line. Escapes what a terminal might obey; JSON itself escapes only C0. */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}

/** Shows a dialogue line by line, `C:` what we say and `S:` what the server says; for `-v`. */
export function dialogueTo(output: Output): (from: TraceFrom, bytes: Uint8Array) => void {
  return (from, bytes) => {
    const [speaker, style] = from === "self" ? ["C:", "cyan"] as const : ["S:", "green"] as const;
    output.write(`${paint(output, style, speaker)} ${oneLine(decode(bytes))}\n`);
  };
}

async function readAll(): Promise<Uint8Array> {
  return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
}

/** What both standard outputs of Deno can do. */
interface Sink {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

function denoOutput(
  sink: Sink,
  name: string,
  variable: (name: string) => string | null,
): Output {
  const isTerminal = sink.isTerminal();
  return {
    isTerminal,
    // https://no-color.org: set to anything, it means no.
    hasColours: isTerminal && variable("NO_COLOR") === null && variable("TERM") !== "dumb",
    write(content) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      try {
        for (let at = 0; at < bytes.length;) at += sink.writeSync(bytes.subarray(at));
      } catch (cause) {
        const why = cause instanceof Deno.errors.BrokenPipe ? "nobody reads it" : String(cause);
        throw new Failure(EXIT.cannotCreate, `cannot write to ${name}: ${why}`, { cause });
      }
    },
  };
}
