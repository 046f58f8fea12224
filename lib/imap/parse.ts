/**
 * The grammar's small words (RFC 9051 §9): a command as it came, read from left to right. What the
 * commands are made of them is in `command.ts` and beside it.
 */
import { decodeUtf8 } from "../wire/bytes.ts";
import { malformed } from "./error.ts";
import { canonical, decodeMailbox, saidMailbox } from "./mailbox_name.ts";
import { parseSequenceSet, type SequenceSet } from "./sequence.ts";

/**
 * A command without its literals' announcements: text, literal, text, literal, text. The last text
 * ends where the CRLF stood.
 */
export interface RawCommand {
  /** One more than literals; one character for each byte. */
  readonly texts: readonly string[];
  readonly literals: readonly Literal[];
}

export interface Literal {
  readonly bytes: Uint8Array;
  /** RFC 3516 §4.2 `literal8`: may hold NUL. */
  readonly binary: boolean;
}

/** Lists in lists: deeper ones are attacks on the parser's stack. */
export const NESTING_MAX = 50;

/** RFC 9051 §9 `ATOM-CHAR`: printable, without `atom-specials`. */
const ATOM = /[!#$&'+-Z[^-z|}~]+/y;
/** `ASTRING-CHAR`: the same with `]`. */
const ASTRING = /[!#$&'+-Z[\]^-z|}~]+/y;
/** `list-char`: wildcards too; names in UTF-8 are let through, for clients send them. */
const LIST_ATOM = /[!#-'*-Z[\]^-z|}~\x80-\xff]+/y;
/** `tag`: as in an ASTRING, without `+`. */
const TAG = /[!#$&',-Z[\]^-z|}~]+/y;
const NUMBER = /[0-9]+/y;
const NUMBER64_LARGEST = 2n ** 63n - 1n;
const QUOTED = /"((?:[^\0\r\n"\\]|\\["\\])*)"/y;
const FETCH_WORD = /[A-Za-z][A-Za-z0-9.]*/y;
const SET = /[0-9*:,$]+/y;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".toLowerCase().split(" ");
const DATE = /[0-9]{1,2}-[A-Za-z]{3}-[0-9]{4}/y;
const DATE_TIME = /"[ 0-9]?[0-9]-[A-Za-z]{3}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}"/y;
const YEAR_0 = Date.UTC(-1, 12);
const YEAR_10000 = Date.UTC(10_000, 0);
const DATE_TIME_PARTS = /"(..?)-(...)-(....) (........) ([+-])(..)(..)"/;

/** A command that is being read. Everything here throws {@linkcode malformed} and nothing else. */
export class Reader {
  readonly #raw: RawCommand;
  #text = 0;
  #at = 0;
  #nesting = 0;

  constructor(raw: RawCommand) {
    this.#raw = raw;
  }

  /** RFC 9051 §2.2.1. */
  tag(): string {
    return this.#must(TAG, "the tag is missing");
  }

  /** In upper case. */
  keyword(): string {
    return this.atom().toUpperCase();
  }

  atom(): string {
    return this.#must(ATOM, "a word is missing");
  }

  /** Whether the end is reached. */
  atEnd(): boolean {
    return this.#text === this.#raw.texts.length - 1 && this.#at === this.#here().length;
  }

  /** @throws when there is more. */
  end(): void {
    if (!this.atEnd()) throw malformed("there is something behind the command");
  }

  /** RFC 9051 §9: one space, and nothing else. */
  space(): void {
    if (!this.skip(" ")) throw malformed("a space is missing");
  }

  /** Takes this text if it comes next. */
  skip(text: string): boolean {
    if (!this.#here().startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Takes this word if it comes next and ends there; case does not matter. */
  skipWord(word: string): boolean {
    const next = this.#here().slice(this.#at, this.#at + word.length + 1).toUpperCase();
    if (!next.startsWith(word) || /[A-Z0-9.]$/.test(next.slice(word.length))) return false;
    this.#at += word.length;
    return true;
  }

  /** @throws when this text does not come next. */
  expect(text: string): void {
    if (!this.skip(text)) throw malformed(`${text} is missing`);
  }

  /** RFC 9051 §9 `fetch-att` and `section-text`: letters, digits and dots; in upper case. */
  fetchWord(): string {
    return this.#must(FETCH_WORD, "a word is missing").toUpperCase();
  }

  /** Whether a digit comes next. */
  seesDigit(): boolean {
    return /^[0-9]/.test(this.#here().slice(this.#at, this.#at + 1));
  }

  /** Whether this text comes next. */
  sees(text: string): boolean {
    return this.#here().startsWith(text, this.#at);
  }

  /** RFC 9051 §9 `number`; up to 2^32 - 1. */
  number(): number {
    const number = this.number64();
    if (number > 0xffff_ffff) throw malformed("that number is too large");
    return number;
  }

  /**
   * RFC 9051 §9 `number64`: up to 2^63 - 1. What a double cannot hold exactly becomes the largest
   * that it can: no size and no mark of ours is as large.
   */
  number64(): number {
    const digits = this.#must(NUMBER, "a number is missing").replace(/^0+(?=.)/, "");
    if (digits.length > 19 || BigInt(digits) > NUMBER64_LARGEST) {
      throw malformed("that number is too large");
    }
    return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  }

  /** Not 0. */
  nzNumber(): number {
    const number = this.number();
    if (number === 0) throw malformed("0 is no number here");
    return number;
  }

  sequenceSet(): SequenceSet {
    return parseSequenceSet(this.#must(SET, "a set of numbers is missing"));
  }

  /** A set of numbers, if one comes next: a key of SEARCH begins with a letter. */
  sequenceSetOrNull(): SequenceSet | null {
    const found = this.#match(SET);
    return found === null ? null : parseSequenceSet(found);
  }

  /** RFC 9051 §9 `date`: `1-Feb-1994`, perhaps in quotes; as `1994-02-01`. */
  date(): string {
    const quoted = this.skip('"');
    const found = this.#must(DATE, "a date is missing");
    if (quoted) this.expect('"');
    const [day, month, year] = found.split("-") as [string, string, string];
    return dayOf(year, month, day);
  }

  /**
   * RFC 9051 §9 `date-time`: in milliseconds since 1970. A day of one digit has a blank in front,
   * which some clients forget.
   */
  dateTime(): number {
    const found = this.#must(DATE_TIME, "a date and time is missing");
    const parts = DATE_TIME_PARTS.exec(found)!;
    const [, day, month, year, time, sign, hours, minutes] = parts as unknown as string[];
    const at = Date.parse(`${dayOf(year!, month!, day!.trim())}T${time}Z`);
    const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
    const utc = sign === "-" ? at + offsetMs : at - offsetMs;
    // Midnight has one name, and a year four digits, also where the clock shows UTC.
    if (Number.isNaN(at) || time!.startsWith("24") || utc < YEAR_0 || utc >= YEAR_10000) {
      throw malformed("there is no such time");
    }
    return utc;
  }

  /** RFC 9051 §9 `astring`, as bytes. */
  astring(): Uint8Array {
    const atom = this.#match(ASTRING);
    return atom === null ? this.string() : bytesOfLatin1(atom);
  }

  /** RFC 9051 §9 `string`. */
  string(): Uint8Array {
    const found = this.stringOrNull();
    if (found === null) throw malformed("a string is missing");
    return found;
  }

  /** A quoted string or a literal, if one comes next. */
  stringOrNull(): Uint8Array | null {
    if (this.#atLiteral()) {
      const { bytes, binary } = this.literal();
      if (binary) throw malformed("a binary literal does not stand here");
      return bytes;
    }
    const quoted = this.#match(QUOTED);
    if (quoted === null) {
      if (this.sees('"')) throw malformed("the quoted string is not right");
      return null;
    }
    return bytesOfLatin1(quoted.slice(1, -1).replace(/\\(["\\])/g, "$1"));
  }

  /** RFC 9051 §9 `nstring`. */
  nstring(): Uint8Array | null {
    return this.skipWord("NIL") ? null : this.string();
  }

  /** Whether a literal comes next. */
  seesLiteral(): boolean {
    return this.#atLiteral();
  }

  /** Everything up to the end, as it is. */
  rest(): string {
    const rest = this.#here().slice(this.#at);
    this.#at = this.#here().length;
    return rest;
  }

  literal(): Literal {
    if (!this.#atLiteral()) throw malformed("a literal is missing");
    const literal = this.#raw.literals[this.#text]!;
    this.#text++;
    this.#at = 0;
    return literal;
  }

  /** Text in UTF-8. */
  text(): string {
    return textOf(this.astring());
  }

  /** A mailbox's name, as people see it; INBOX in capitals whatever its case. */
  mailbox(utf8: boolean): string {
    return decodeMailbox(this.astring(), utf8);
  }

  /** The same, and how the client spells it. */
  spelledMailbox(utf8: boolean): { readonly mailbox: string; readonly said: string } {
    const said = saidMailbox(this.astring(), utf8);
    return { mailbox: canonical(said), said };
  }

  /** RFC 9051 §9 `mbox-or-pat`: a name that may hold wildcards. */
  pattern(utf8: boolean): string {
    const atom = this.#match(LIST_ATOM);
    return decodeMailbox(atom === null ? this.string() : bytesOfLatin1(atom), utf8);
  }

  /** RFC 9051 §9 `flag`, as it was said. */
  flag(): string {
    const system = this.skip("\\");
    return `${system ? "\\" : ""}${this.atom()}`;
  }

  /** `(` item *(SP item) `)`; may be empty where `least` is 0. */
  list<T>(item: () => T, options: { readonly least: 0 | 1; readonly most: number }): readonly T[] {
    this.expect("(");
    if (++this.#nesting > NESTING_MAX) throw malformed("that is nested too deeply");
    const items: T[] = [];
    while (!this.skip(")")) {
      if (items.length > 0) this.space();
      if (items.length === options.most) throw malformed("that list is too long");
      items.push(item());
    }
    this.#nesting--;
    if (items.length < options.least) throw malformed("that list is empty");
    return items;
  }

  /** Runs `inner` one level deeper. */
  nested<T>(inner: () => T): T {
    if (++this.#nesting > NESTING_MAX) throw malformed("that is nested too deeply");
    const result = inner();
    this.#nesting--;
    return result;
  }

  #here(): string {
    return this.#raw.texts[this.#text]!;
  }

  #atLiteral(): boolean {
    return this.#at === this.#here().length && this.#text < this.#raw.literals.length;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#here());
    if (found === null) return null;
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #must(pattern: RegExp, message: string): string {
    const found = this.#match(pattern);
    if (found === null) throw malformed(message);
    return found;
  }
}

/** Bytes as text. @throws {ImapError} when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === null) throw malformed("that is not UTF-8");
  return text;
}

/** The tag that a line begins with (RFC 9051 §2.2.1), or `null`. */
export function tagIn(line: string): string | null {
  TAG.lastIndex = 0;
  return TAG.exec(line)?.[0] ?? null;
}

/** @throws {ImapError} for a day that is in no calendar. */
function dayOf(year: string, month: string, day: string): string {
  const number = MONTHS.indexOf(month.toLowerCase()) + 1;
  const text = `${year}-${String(number).padStart(2, "0")}-${day.padStart(2, "0")}`;
  const at = Date.parse(`${text}T00:00:00Z`);
  // The 31st of a shorter month would be read as the 1st of the next.
  if (Number.isNaN(at) || new Date(at).getUTCDate() !== Number(day)) {
    throw malformed("there is no such day");
  }
  return text;
}

function bytesOfLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
