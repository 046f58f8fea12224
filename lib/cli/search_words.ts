/** What `--search` understands: words, and words with a name in front, as people type them. */
import type { WantedKey } from "../imap/client_search.ts";
import { EXIT, Failure } from "./fail.ts";

/**
 * `from:bob subject:"two words" is:unread -lunch`: all of it has to be true of a message. A word
 * without a name is looked for everywhere; a minus in front turns a term around.
 * @throws {Failure} `usage` for a value that its name cannot have
 */
export function parseSearchWords(text: string): readonly WantedKey[] {
  return [...text.matchAll(TERM)].map(([whole, minus, name, quoted, bare]) => {
    const key = termKey((name ?? "").toLowerCase(), quoted ?? bare!) ??
      // A name that is none, as in `http://…`, belongs to the word.
      { key: "TEXT", text: whole.slice(minus!.length) } as const;
    return minus === "" ? key : { key: "NOT", not: key };
  });
}

const TERM = /(-?)(?:([A-Za-z]+):)?(?:"([^"]*)"|([^\s"]+))/g;

const FLAGS: ReadonlyMap<string, WantedKey> = new Map<string, WantedKey>([
  ["read", { key: "FLAG", flag: "\\Seen", set: true }],
  ["unread", { key: "FLAG", flag: "\\Seen", set: false }],
  ["flagged", { key: "FLAG", flag: "\\Flagged", set: true }],
  ["answered", { key: "FLAG", flag: "\\Answered", set: true }],
  ["draft", { key: "FLAG", flag: "\\Draft", set: true }],
]);

/** `null` where there is no such name. */
function termKey(name: string, value: string): WantedKey | null {
  switch (name) {
    case "":
      return { key: "TEXT", text: value };
    case "from":
    case "to":
    case "cc":
    case "subject":
      return { key: "HEADER", field: name, text: value };
    case "body":
      return { key: "BODY", text: value };
    case "since":
    case "before":
    case "on":
      return { key: NAMES[name], of: "sent", day: dayOf(name, value) };
    case "larger":
    case "smaller":
      return { key: NAMES[name], bytes: bytesOf(name, value) };
    case "is":
      return FLAGS.get(value.toLowerCase()) ?? unusable(name, [...FLAGS.keys()].join(", "));
    default:
      return null;
  }
}

const NAMES = {
  since: "SINCE",
  before: "BEFORE",
  on: "ON",
  larger: "LARGER",
  smaller: "SMALLER",
} as const;

function dayOf(name: string, value: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : NaN;
  // The calendar would make the 1st of March of a 29th of February.
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(value)) {
    return unusable(name, "a day like 2026-05-21");
  }
  return value;
}

function bytesOf(name: string, value: string): number {
  const [, digits, unit] = /^(\d{1,9})([KM]?)$/i.exec(value) ?? [];
  if (digits === undefined) return unusable(name, "a number of bytes like 500K or 2M");
  const factor = { "": 1, K: 1024, M: 1024 * 1024 }[unit!.toUpperCase()]!;
  // RFC 9051 §9 `number64` has room for more than any message.
  return Number(digits) * factor;
}

function unusable(name: string, wanted: string): never {
  throw new Failure(EXIT.usage, `--search: ${name}: wants ${wanted}`);
}
