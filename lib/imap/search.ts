/**
 * Whether a message is what a search looks for (RFC 9051 §6.4.4). Many keys need no more than what
 * the view knows, and most no look into the message; so the answer is yes, no, or that more has to
 * be known, and only then that is read.
 */
import type { ImapMessage } from "./backend.ts";
import type { SearchKey } from "./search_command.ts";
import { isIn, type Span } from "./sequence.ts";
import type { Seen } from "./view.ts";

/** What a search is about, made once for all messages. */
export interface SearchSetting {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What a sequence set means here and now: `*` and `$` are known. */
  readonly numbers: (key: SearchKey & { readonly key: "SEQUENCE" | "UID" }) => readonly Span[];
  readonly isRecent: (uid: number) => boolean;
  /** Whether it is certain that a message has not what the key looks for in its content. */
  readonly isRuledOut: (key: TextKey, uid: number) => boolean;
}

/** A key that looks into the content. */
export type TextKey = SearchKey & { readonly key: "HEADER" | "BODY" | "TEXT" };

/** What is found in a message, each in the form for comparing ({@linkcode folded}). */
export interface SearchContent {
  /** The values of the fields with this name, decoded; lower case. */
  fields(name: string): readonly string[];
  /** The day of the Date field, in its own zone: `YYYY-MM-DD`; `null` where it cannot be read. */
  readonly sentDay: string | null;
  /** The decoded text of its parts, and the headers of messages in it. */
  readonly body: string;
  /** Its header, and those of its parts, with the names of the fields. */
  readonly headers: string;
  /** What TEXT looks through (RFC 9051 §6.4.4): headers, a line feed, and the body. */
  readonly text: string;
  readonly threadId: string | null;
}

/** One message of the mailbox, by what is known of it. */
export interface Candidate<Known extends Seen = ImapMessage> {
  readonly number: number;
  readonly message: Known;
}

/** `null`: what decides was not given, facts or content. */
export function matches(
  key: SearchKey,
  candidate: Candidate<Seen | ImapMessage>,
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
      if (content !== null) return inContent(key, content);
      return setting.isRuledOut(key, candidate.message.uid) ? false : null;
    case "BEFORE":
    case "ON":
    case "SINCE":
    case "LARGER":
    case "SMALLER":
    case "YOUNGER":
    case "OLDER":
    case "EMAILID": {
      const { message } = candidate;
      return isWhole(message) ? inFacts(key, message, { ...setting, content }) : null;
    }
    default:
      return inView(key, candidate, setting);
  }
}

/** What the store has told a view is all there; what else a view may hold need not be. */
function isWhole(message: Seen | ImapMessage): message is ImapMessage {
  return "size" in message;
}

/**
 * For comparing: RFC 9051 §6.4.4 wants ASCII without case at least; here it is all scripts, ß as ss
 * and the two forms of the small sigma as one.
 */
export function folded(text: string): string {
  return text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

function inView(
  key: SearchKey,
  { number, message }: Candidate<Seen>,
  { numbers, isRecent }: SearchSetting,
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
    case "MODSEQ":
      return message.modSeq >= key.least;
    case "THREADID": // RFC 8474 §5.2: without threads there is none
      return false;
    default:
      throw new Error(`${key.key} is nothing that a view knows`);
  }
}

function inFacts(
  key: SearchKey,
  message: ImapMessage,
  { now, content }: SearchSetting & { readonly content: SearchContent | null },
): boolean | null {
  switch (key.key) {
    case "BEFORE":
    case "ON":
    case "SINCE":
      return inTime(key, message, content);
    case "LARGER":
      return message.size > key.bytes;
    case "SMALLER":
      return message.size < key.bytes;
    case "YOUNGER": // RFC 5032 §3
      return message.receivedAt >= now - key.seconds * 1000;
    case "OLDER":
      return message.receivedAt <= now - key.seconds * 1000;
    case "EMAILID":
      return message.emailId === key.id;
    default:
      throw new Error(`${key.key} is nothing that the store knows`);
  }
}

function inContent(key: TextKey, content: SearchContent): boolean {
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
  const sentDay = key.of === "sent" ? content!.sentDay : null;
  // Days of one form are in the order of their letters, but to make one takes its time.
  if (sentDay !== null) return isWanted(key.key, compare(sentDay, key.day));
  const at = key.of === "saved" ? message.savedAt : message.receivedAt;
  const beginning = Date.parse(key.day);
  return isWanted(key.key, at < beginning ? -1 : at < beginning + DAY_MS ? 0 : 1);
}

/** `order`: the message's day before (negative), on (0) or after the wanted one. */
function isWanted(key: "BEFORE" | "ON" | "SINCE", order: number): boolean {
  if (key === "ON") return order === 0;
  return key === "BEFORE" ? order < 0 : order >= 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a === b ? 0 : 1;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** RFC 9051 §2.3.2: flags are compared without case. */
export function hasFlag(flags: readonly string[], flag: string): boolean {
  if (flags.includes(flag)) return true; // most are spelled alike
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
