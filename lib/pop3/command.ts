/** POP3 commands, RFC 1939 §9, RFC 2449 §5, RFC 5034 §4, RFC 6856: bytes in, a command out. */
import { decodeBase64 } from "../sasl/base64.ts";
import { mechanismOf } from "../sasl/server.ts";
import { decode } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";

/** One command. APOP is not among them: it would need the password itself to be stored. */
export type Pop3Command =
  | { readonly verb: "USER"; readonly name: string }
  | { readonly verb: "PASS"; readonly password: string }
  | AuthCommand
  | { readonly verb: "STAT" | "NOOP" | "RSET" | "QUIT" | "CAPA" | "STLS" | "UTF8" }
  /** `range` is a language range (RFC 4647 §2.1), `null` when all languages are asked for. */
  | { readonly verb: "LANG"; readonly range: string | null }
  /** `message` is `null` when all are asked for. */
  | { readonly verb: "LIST" | "UIDL"; readonly message: number | null }
  | { readonly verb: "RETR" | "DELE"; readonly message: number }
  /** `lines` counts those of the body, RFC 1939 §7. */
  | { readonly verb: "TOP"; readonly message: number; readonly lines: number };

export interface AuthCommand {
  readonly verb: "AUTH";
  /** As it was given; `null` asks which mechanisms there are. */
  readonly mechanism: string | null;
  /** The initial response; empty for `=` (RFC 5034 §4), `null` without one. */
  readonly initial: Uint8Array | null;
}

/** RFC 2449 §4: the longest command, with its CRLF. */
export const COMMAND_LINE_BYTES_MAX = 255;

/**
 * Reads one line, without its CRLF.
 * @throws {ProtocolError} and nothing else; its message fits behind `-ERR`.
 */
export function parseCommand(line: Uint8Array): Pop3Command {
  // RFC 2449 §3: visible characters and blanks. Bytes above 127 are let through for names and
  // passwords, which people have in their own scripts and clients send as UTF-8.
  if (line.some((byte) => byte < 32 || byte === 127)) {
    throw malformed("control characters are not allowed");
  }
  const text = decode(line);
  if (text.includes("\uFFFD")) throw malformed("that is not UTF-8");
  const { verb, rest } = split(text);
  switch (verb) {
    case "USER":
      return { verb, name: only(words(rest, 1, 1)) };
    case "PASS":
      // RFC 1939 §7: PASS has exactly one argument, so blanks in it belong to the password.
      if (rest === "") throw malformed("the argument is missing");
      return { verb, password: rest };
    case "AUTH":
      return parseAuth(words(rest, 0, 2));
    case "STAT":
    case "NOOP":
    case "RSET":
    case "QUIT":
    case "CAPA":
    case "STLS":
    case "UTF8":
      words(rest, 0, 0);
      return { verb };
    case "LANG": {
      const [range] = words(rest, 0, 1);
      return { verb, range: range === undefined ? null : rangeOf(range) };
    }
    case "LIST":
    case "UIDL": {
      const [message] = words(rest, 0, 1);
      return { verb, message: message === undefined ? null : numberOf(message) };
    }
    case "RETR":
    case "DELE":
      return { verb, message: numberOf(only(words(rest, 1, 1))) };
    case "TOP": {
      const [message, lines] = words(rest, 2, 2) as [string, string];
      return { verb, message: numberOf(message), lines: numberOf(lines) };
    }
    default:
      throw malformed("unknown command");
  }
}

/**
 * A command as a trace may show it. Only what is understood is shown: behind a mistyped verb, in
 * the place of another argument, or where a command should be, there may stand a password.
 */
export function visibleCommand(line: Uint8Array): string {
  const { verb, rest } = split(decode(line));
  if (!VERBS.has(verb)) return MASK;
  if (verb === "AUTH") {
    const [mechanism = "", initial] = rest.split(" ");
    const known = mechanism === "" || mechanismOf(mechanism) !== null;
    return known && initial === undefined
      ? decode(line)
      : `AUTH ${known ? `${mechanism} ` : ""}${MASK}`;
  }
  return verb === "PASS" || !parses(line) ? `${verb} ${MASK}` : decode(line);
}

/** What stands in a trace for a secret. */
export const MASK = "****";

/** The client's mistake; POP3 has neither reply codes nor status codes. */
export function malformed(message: string): ProtocolError {
  return new ProtocolError(message, { code: 0, status: "" });
}

const VERBS: ReadonlySet<string> = new Set<Pop3Command["verb"]>([
  "USER",
  "PASS",
  "AUTH",
  "STAT",
  "NOOP",
  "RSET",
  "QUIT",
  "CAPA",
  "STLS",
  "UTF8",
  "LANG",
  "LIST",
  "UIDL",
  "RETR",
  "DELE",
  "TOP",
]);

function parses(line: Uint8Array): boolean {
  try {
    parseCommand(line);
    return true;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return false;
  }
}

function split(text: string): { readonly verb: string; readonly rest: string } {
  const space = text.indexOf(" ");
  const keyword = space === -1 ? text : text.slice(0, space);
  return {
    // RFC 1939 §3: keywords are compared without case, and have three or four characters; the check
    // keeps out characters of other scripts whose upper case is one of these letters.
    verb: /^[A-Za-z0-9]{3,4}$/.test(keyword) ? keyword.toUpperCase() : "",
    rest: space === -1 ? "" : text.slice(space + 1),
  };
}

/**
 * RFC 1939 §3: single blanks separate arguments; those at the end are typed by people and harmless.
 */
function words(rest: string, least: number, most: number): readonly string[] {
  const trimmed = rest.replace(/ +$/, "");
  const found = trimmed === "" ? [] : trimmed.split(" ");
  if (found.length < least) throw malformed("an argument is missing");
  if (found.length > most || found.includes("")) throw malformed("too many arguments");
  return found;
}

function only(found: readonly string[]): string {
  return found[0]!;
}

/** Ten digits hold every 32-bit number; clients send the largest one when they mean "all lines". */
function numberOf(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw malformed("that is not a number");
  return Number(text);
}

/** RFC 4647 §2.1: a basic language range. */
function rangeOf(text: string): string {
  if (/^(?:[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)$/.test(text)) return text;
  throw malformed("that is not a language");
}

function parseAuth([mechanism, response]: readonly string[]): AuthCommand {
  if (mechanism === undefined) return { verb: "AUTH", mechanism: null, initial: null };
  if (response === undefined) return { verb: "AUTH", mechanism, initial: null };
  // RFC 5034 §4: a single equals sign is an initial response that is there and empty.
  const initial = response === "=" ? new Uint8Array(0) : decodeBase64(response);
  if (initial === null) throw malformed("the initial response is not base64");
  return { verb: "AUTH", mechanism, initial };
}
