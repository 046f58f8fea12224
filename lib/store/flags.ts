/** Flags as stores keep them (RFC 9051 §2.3.2): those of the system as bits, keywords as text. */
import { type Entry, type FlagChange, StoreError } from "./store.ts";

/** Keywords of the messages in a mailbox: each is told to each client that selects it. */
export const KEYWORDS_MAX = 200;
/** One of these; they are words of programs, not of people. */
export const KEYWORD_CHARACTERS_MAX = 100;

/** Flags as they are kept. */
export interface FlagSet {
  /** One bit for each of the system's flags, see {@linkcode SEEN}. */
  readonly bits: number;
  /** By name, with blanks between them. */
  readonly keywords: string;
}

export const NO_FLAGS: FlagSet = { bits: 0, keywords: "" };

/** What stands in databases: never another order. */
const SYSTEM_FLAGS: readonly string[] = [
  "\\Seen",
  "\\Answered",
  "\\Flagged",
  "\\Deleted",
  "\\Draft",
];
export const SEEN = 1;
export const DELETED = 8;

/** As it is kept, in either store. */
export interface StoredEntry extends Omit<Entry, "flags">, FlagSet {}

/** As others see it. */
export function entryOf(stored: StoredEntry): Entry {
  const { uid, size, receivedAt, savedAt, modSeq, message } = stored;
  return { uid, size, receivedAt, savedAt, modSeq, message, flags: flagsOf(stored) };
}

const SYSTEM_SETS: readonly (readonly string[])[] = Array.from(
  { length: 1 << SYSTEM_FLAGS.length },
  (_, bits) => SYSTEM_FLAGS.filter((_, at) => (bits & 1 << at) !== 0),
);

function flagsOf({ bits, keywords }: FlagSet): readonly string[] {
  const system = SYSTEM_SETS[bits]!;
  return keywords === "" ? system : [...system, ...keywords.split(" ")];
}

/** Flags whose keywords are spelled as somebody gave them. */
export interface ParsedFlags {
  readonly bits: number;
  readonly keywords: readonly string[];
}

/**
 * Flags that somebody gave; RFC 9051 §2.3.2: in any case of letters.
 * @throws {StoreError} `limit` for a keyword that is too long
 * @throws {RangeError} for what is no flag
 */
export function parseFlags(flags: readonly string[]): ParsedFlags {
  let bits = 0;
  const keywords = new Map<string, string>();
  for (const flag of flags) {
    const system = SYSTEM_FLAGS.findIndex((each) => each.toLowerCase() === flag.toLowerCase());
    if (system !== -1) bits |= 1 << system;
    // What is an atom cannot break out of the text in which it is kept.
    else if (!/^[^\s\\"(){}%*\]\p{Cc}\P{ASCII}]+$/u.test(flag)) {
      throw new RangeError(`there is no flag ${flag}`);
    } else if (flag.length > KEYWORD_CHARACTERS_MAX) {
      throw new StoreError("limit", `a keyword may have ${KEYWORD_CHARACTERS_MAX} characters`);
    } else keywords.set(flag.toLowerCase(), flag);
  }
  return { bits, keywords: [...keywords.values()] };
}

/** Keywords as the mailbox spells them, and those that are new there. */
export interface Spelled {
  readonly keywords: string;
  readonly added: readonly string[];
  /** Those that make room for the new ones: no message has them any more. */
  readonly forgotten: readonly string[];
}

/**
 * `inUse` gives those that messages have, in sets as they are kept; it is asked where there is no
 * room else.
 * @throws {StoreError} `limit` when the mailbox would have too many
 */
export function spellKeywords(
  known: readonly string[],
  wanted: readonly string[],
  inUse: () => Iterable<Pick<FlagSet, "keywords">>,
): Spelled {
  if (wanted.length === 0) return { keywords: "", added: [], forgotten: [] };
  const spellings = new Map(known.map((each) => [each.toLowerCase(), each]));
  const added = wanted.filter((each) => !spellings.has(each.toLowerCase()));
  const spelled = wanted.map((each) => spellings.get(each.toLowerCase()) ?? each);
  const isFull = known.length + added.length > KEYWORDS_MAX;
  const needed = isFull ? new Set([...spelled, ...[...inUse()].flatMap(keywordsIn)]) : null;
  const forgotten = needed === null ? [] : known.filter((each) => !needed.has(each));
  if (known.length + added.length - forgotten.length > KEYWORDS_MAX) {
    throw new StoreError("limit", `a mailbox may have ${KEYWORDS_MAX} keywords`);
  }
  return { keywords: join(spelled), added, forgotten };
}

/** Keywords, each once in whatever case of letters. */
export function distinctKeywords(keywords: readonly string[]): readonly string[] {
  return [...new Map(keywords.map((each) => [each.toLowerCase(), each])).values()];
}

/** Gives the keywords of a set as another mailbox spells them; `spelled` has all of them. */
export function respelling(spelled: string): (set: Pick<FlagSet, "keywords">) => string {
  const spellings = new Map(
    keywordsIn({ keywords: spelled }).map((each) => [each.toLowerCase(), each]),
  );
  return (set) => join(keywordsIn(set).map((each) => spellings.get(each.toLowerCase())!));
}

/** What of the given flags a mailbox has to know: taking away what it never had needs nothing. */
export function givenFlags(
  known: readonly string[],
  change: FlagChange["change"],
  given: ParsedFlags,
): ParsedFlags {
  if (change !== "remove") return given;
  const names = new Set(known.map((each) => each.toLowerCase()));
  const keywords = given.keywords.filter((each) => names.has(each.toLowerCase()));
  return { bits: given.bits, keywords };
}

/** The keywords of a set, one by one. */
export function keywordsIn({ keywords }: Pick<FlagSet, "keywords">): readonly string[] {
  return keywords === "" ? [] : keywords.split(" ");
}

/** What becomes of flags; `given` is spelled as they are. */
export function changeFlags(
  old: FlagSet,
  change: FlagChange["change"],
  given: FlagSet,
): FlagSet {
  switch (change) {
    case "set":
      return given;
    case "add":
      return {
        bits: old.bits | given.bits,
        keywords: join([...keywordsIn(old), ...keywordsIn(given)]),
      };
    case "remove": {
      const gone = new Set(keywordsIn(given));
      const left = keywordsIn(old).filter((each) => !gone.has(each));
      return { bits: old.bits & ~given.bits, keywords: join(left) };
    }
  }
}

export function sameFlags(a: FlagSet, b: FlagSet): boolean {
  return a.bits === b.bits && a.keywords === b.keywords;
}

/** What a mailbox keeps about all its messages together. */
export interface Counts {
  messages: number;
  unseen: number;
  deleted: number;
  /** In bytes. */
  size: number;
}

/** A message came (1), or went (-1). */
export function countEntry(
  counts: Counts,
  { bits, size }: Pick<StoredEntry, "bits" | "size">,
  by: 1 | -1,
): void {
  counts.messages += by;
  counts.size += by * size;
  if ((bits & SEEN) === 0) counts.unseen += by;
  if ((bits & DELETED) !== 0) counts.deleted += by;
}

function join(keywords: readonly string[]): string {
  return [...new Set(keywords)].sort().join(" ");
}
