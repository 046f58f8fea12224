/** Maildir: a file for each message, whose name holds its flags. */

/** The name of a file: `1700000000.M1P2.host:2,FS`. */
export interface MaildirName {
  /** Unique, and never changed. */
  readonly base: string;
  /** Of the flags, in any order. */
  readonly letters: string;
}

export function parseMaildirName(name: string): MaildirName {
  const [, base = name, letters = ""] = /^(.*?):2,([^:]*)$/.exec(name) ?? [];
  return { base, letters };
}

/** Names begin with a time and count up: so numbers in them are compared as numbers. */
export function compareNames(a: string, b: string): number {
  const [ones, others] = [runsOf(a), runsOf(b)];
  for (const [at, one] of ones.entries()) {
    const other = others[at];
    if (other === undefined) return 1;
    if (one === other) continue;
    const bothNumbers = /^\d/.test(one) && /^\d/.test(other);
    const difference = bothNumbers ? BigInt(one) - BigInt(other) : 0n;
    if (difference !== 0n) return difference < 0n ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return ones.length - others.length;
}

const LETTERS: readonly (readonly [letter: string, flag: string])[] = [
  ["D", "\\Draft"],
  ["F", "\\Flagged"],
  ["P", "$Forwarded"],
  ["R", "\\Answered"],
  ["S", "\\Seen"],
  ["T", "\\Deleted"],
];

/** The small letters stand for keywords that a file beside the messages names: 26 at most. */
export const MAILDIR_KEYWORDS_MAX = 26;
/** The name of that file, as Dovecot has it. */
export const KEYWORDS_FILE = "dovecot-keywords";

/** Flags behind letters; those that nobody knows are passed over. */
export function maildirFlags(letters: string, keywords: readonly string[]): readonly string[] {
  return [...letters].flatMap((letter) => {
    const known = LETTERS.find(([each]) => each === letter)?.[1] ??
      (/[a-z]/.test(letter) ? keywords[letter.charCodeAt(0) - LETTER_A] : undefined);
    return known === undefined || known === "" ? [] : [known];
  });
}

/** Letters of flags, by the alphabet; keywords that are not among those named have none. */
export function maildirLetters(flags: readonly string[], keywords: readonly string[]): string {
  return flags.flatMap((flag) => {
    const known = LETTERS.find(([, each]) => each.toLowerCase() === flag.toLowerCase())?.[0];
    if (known !== undefined) return [known];
    const at = keywords.indexOf(flag);
    return at === -1 ? [] : [String.fromCharCode(LETTER_A + at)];
  }).sort().join("");
}

const LETTER_A = 97;

/** `0 Work` on a line for each. */
export function parseKeywordsFile(text: string): readonly string[] {
  const keywords = Array.from({ length: MAILDIR_KEYWORDS_MAX }, () => "");
  for (const [, at, keyword] of text.matchAll(/^(\d{1,2}) (\S+)\r?$/gm)) {
    if (Number(at) < MAILDIR_KEYWORDS_MAX) keywords[Number(at)] = keyword!;
  }
  return keywords;
}

export function formatKeywordsFile(keywords: readonly string[]): string {
  return keywords.map((keyword, at) => `${at} ${keyword}\n`).join("");
}

/** Of digits, and of what is none. */
function runsOf(name: string): readonly string[] {
  return name.match(/\d+|\D+/g) ?? [];
}
