/**
 * Whether a message is what a search looks for (RFC 9051 §6.4.4). Most keys need no look into the
 * message; so a first pass says yes, no, or that the content decides, and only then it is read.
 */
import type { ImapMessage } from "./backend.ts";
import type { SearchKey } from "./search_command.ts";
import { isIn, type Span } from "./sequence.ts";

/** What a search is about, made once for all messages. */
export interface SearchSetting {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What a sequence set means here and now: `*` and `$` are known. */
  readonly numbers: (key: SearchKey & { readonly key: "SEQUENCE" | "UID" }) => readonly Span[];
  readonly isRecent: (uid: number) => boolean;
}

/** What is found in a message, each in the form for comparing ({@linkcode folded}). */
export interface SearchContent {
  /** The values of the fields with this name, decoded; lower case. */
  fields(name: string): readonly string[];
  /** The day of the Date field, in its own zone: `YYYY-MM-DD`; `null` where it cannot be read. */
  readonly sentDay: string | null;
  /** The decoded text of its parts; `TEXT` has the header too. */
  readonly body: string;
  readonly text: string;
  readonly threadId: string | null;
}

/** One message of the mailbox. */
export interface Candidate {
  readonly number: number;
  readonly message: ImapMessage;
}

/** `null`: the content decides, and was not given. */
export function matches(
  key: SearchKey,
  candidate: Candidate,
  setting: SearchSetting,
  content: SearchContent | null,
): boolean | null {
  switch (key.key) {
    case "AND":
      return every(key.keys, (each) => matches(each, candidate, setting, content));
    case "OR": {
      const both = [key.either, key.or];
      const neither = every(both, (each) => inverse(matches(each, candidate, setting, content)));
      return inverse(neither);
    }
    case "NOT":
      return inverse(matches(key.not, candidate, setting, content));
    case "HEADER":
    case "BODY":
    case "TEXT":
      return content === null ? null : inContent(key, content);
    case "BEFORE":
    case "ON":
    case "SINCE":
      return inTime(key, candidate.message, content);
    default:
      return inFacts(key, candidate, setting);
  }
}

/**
 * For comparing: RFC 9051 §6.4.4 wants ASCII without case at least; here it is all scripts, ß as ss
 * and the two forms of the small sigma as one.
 */
export function folded(text: string): string {
  return text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

function inFacts(
  key: SearchKey,
  { number, message }: Candidate,
  { now, numbers, isRecent }: SearchSetting,
): boolean {
  switch (key.key) {
    case "ALL":
    case "SAVEDATESUPPORTED":
      return true;
    case "SEQUENCE":
      return isIn(numbers(key as SearchKey & { key: "SEQUENCE" }), number);
    case "UID":
      return isIn(numbers(key as SearchKey & { key: "UID" }), message.uid);
    case "FLAG":
      return hasFlag(message.flags, key.flag) === key.set;
    case "RECENT":
      return isRecent(message.uid) === key.set;
    case "LARGER":
      return message.size > key.bytes;
    case "SMALLER":
      return message.size < key.bytes;
    case "YOUNGER": // RFC 5032 §3
      return message.receivedAt >= now - key.seconds * 1000;
    case "OLDER":
      return message.receivedAt <= now - key.seconds * 1000;
    case "MODSEQ":
      return message.modSeq >= key.least;
    case "EMAILID":
      return message.emailId === key.id;
    case "THREADID": // RFC 8474 §5.2: without threads there is none
      return false;
    default:
      throw new Error(`${key.key} is no fact`);
  }
}

function inContent(
  key: SearchKey & { readonly key: "HEADER" | "BODY" | "TEXT" },
  content: SearchContent,
): boolean {
  const wanted = folded(key.text);
  switch (key.key) {
    case "HEADER":
      return content.fields(key.field.toLowerCase()).some((value) => value.includes(wanted));
    case "BODY":
      return content.body.includes(wanted);
    case "TEXT":
      return content.text.includes(wanted);
  }
}

function inTime(
  key: SearchKey & { readonly key: "BEFORE" | "ON" | "SINCE" },
  message: ImapMessage,
  content: SearchContent | null,
): boolean | null {
  if (key.of === "sent" && content === null) return null;
  const day = key.of === "sent"
    ? content!.sentDay ?? dayOf(message.receivedAt)
    : dayOf(key.of === "saved" ? message.savedAt : message.receivedAt);
  if (key.key === "ON") return day === key.day;
  return key.key === "BEFORE" ? day < key.day : day >= key.day;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** RFC 9051 §2.3.2: flags are compared without case. */
export function hasFlag(flags: readonly string[], flag: string): boolean {
  const wanted = flag.toLowerCase();
  return flags.some((each) => each.toLowerCase() === wanted);
}

/** All of them; what is not known yet counts only where nothing says no. */
function every<T>(items: readonly T[], test: (item: T) => boolean | null): boolean | null {
  let result: boolean | null = true;
  for (const item of items) {
    const answer = test(item);
    if (answer === false) return false;
    if (answer === null) result = null;
  }
  return result;
}

function inverse(answer: boolean | null): boolean | null {
  return answer === null ? null : !answer;
}
