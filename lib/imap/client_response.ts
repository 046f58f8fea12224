/** What a server says, as a client understands it (RFC 9051 §7). */
import { decode, decodeUtf8 } from "../wire/bytes.ts";
import { broken } from "./client_error.ts";
import { ImapError } from "./error.ts";
import { decodeUtf7, INBOX } from "./mailbox_name.ts";
import { type RawCommand, Reader } from "./parse.ts";
import { countOf, spansOf } from "./sequence.ts";

/** One response. What this client has no use for is `other`. */
export type Response =
  | { readonly is: "goOn"; readonly text: string }
  | ({ readonly is: "tagged"; readonly tag: string } & Status)
  | ({ readonly is: "status" } & Status)
  | { readonly is: "capabilities"; readonly names: readonly string[] }
  /** How many messages the mailbox has now. */
  | { readonly is: "exists"; readonly count: number }
  /** This many are gone; EXPUNGE tells of one, VANISHED (RFC 7162 §3.2.10) is not asked for. */
  | { readonly is: "expunge" }
  | ({ readonly is: "fetch" } & Fetched)
  /** What a search has found. */
  | { readonly is: "found"; readonly numbers: readonly number[] }
  /** One of the mailboxes that there are (RFC 9051 §7.3.1). */
  | { readonly is: "mailbox"; readonly name: string }
  | { readonly is: "other" };

/** RFC 9051 §7.1. */
export interface Status {
  readonly condition: "OK" | "NO" | "BAD" | "PREAUTH" | "BYE";
  /** What stands in brackets, in upper case, and what follows it there; `null` for none. */
  readonly code: { readonly name: string; readonly data: string } | null;
  /** The server's words without the code, fit to be shown: control characters are replaced. */
  readonly text: string;
}

/** RFC 9051 §7.5.2; what was not told is `null`. */
export interface Fetched {
  /** The message's sequence number. */
  readonly number: number;
  readonly uid: number | null;
  readonly flags: readonly string[] | null;
  readonly sizeBytes: number | null;
  /** INTERNALDATE, in milliseconds since 1970. */
  readonly receivedAt: number | null;
  /** The one section that was asked for. */
  readonly section: Uint8Array | null;
}

/** More than anybody reads in a terminal; what a server can make us keep ends here. */
export const MESSAGES_MAX = 100_000;
/** Flags of a message, attributes of a mailbox, items of a FETCH response, values in a list. */
export const ITEMS_MAX = 1_000;
/** Longer names of mailboxes have no server that could be asked for them. */
export const NAME_BYTES_MAX = 1_000;

/** @throws {ProtocolError} for what has no form that RFC 9051 knows. */
export function parseResponse(raw: RawCommand): Response {
  try {
    return read(raw);
  } catch (error) {
    if (error instanceof ImapError) throw broken(`its response cannot be read: ${error.message}`);
    throw error;
  }
}

const STATUS = /^(\S+) (OK|NO|BAD|PREAUTH|BYE)(?: (.*))?$/is;
/** RFC 9051 §9 `resp-text`: the code stands in brackets in front of the words. */
const RESPONSE_TEXT = /^\[([^\]\s]+)(?: ([^\]]*))?\] ?(.*)$/s;

function read(raw: RawCommand): Response {
  const text = raw.texts[0]!;
  // RFC 9051 §7.6; some servers leave the space out where nothing follows.
  if (/^\+(?: |$)/.test(text)) return { is: "goOn", text: text.slice(2) };
  const status = STATUS.exec(text);
  if (status !== null) {
    const [, tag, condition, words = ""] = status as unknown as [string, string, string, string];
    const said = statusOf(condition.toUpperCase() as Status["condition"], words);
    return tag === "*" ? { is: "status", ...said } : { is: "tagged", tag, ...said };
  }
  const reader = new Reader(raw);
  if (!reader.skip("* ")) throw broken("what answers does not speak IMAP");
  return reader.seesDigit() ? aboutNumber(reader) : aboutWord(reader);
}

function statusOf(condition: Status["condition"], words: string): Status {
  const [, name, data = "", rest] = RESPONSE_TEXT.exec(words) ?? [];
  const code = name === undefined ? null : { name: name.toUpperCase(), data };
  return { condition, code, text: shown(rest ?? words) };
}

/** Nobody reads on. */
const WORDS_CHARACTERS = 1_000;

/** One character a byte, as a person may see it. */
function shown(text: string): string {
  const words = decode(bytesOf(text.slice(0, WORDS_CHARACTERS)));
  // deno-lint-ignore no-control-regex -- they are looked for because they must not reach a terminal
  return words.replace(/[\x00-\x1f\x7f-\x9f]/g, "?").trim();
}

/** `* 12 EXISTS` and its like. */
function aboutNumber(reader: Reader): Response {
  const number = reader.number();
  reader.space();
  switch (reader.keyword()) {
    case "EXISTS":
      reader.end();
      return { is: "exists", count: number };
    case "EXPUNGE":
      reader.end();
      return { is: "expunge" };
    case "FETCH":
      reader.space();
      return { is: "fetch", ...fetched(reader, number) };
    default:
      return { is: "other" };
  }
}

function aboutWord(reader: Reader): Response {
  switch (reader.keyword()) {
    case "CAPABILITY":
      return { is: "capabilities", names: wordsIn(reader.rest()) };
    case "SEARCH":
      return { is: "found", numbers: foundNumbers(reader.rest()) };
    case "ESEARCH":
      return { is: "found", numbers: extendedSearch(reader) };
    case "LIST":
      reader.space();
      return { is: "mailbox", name: listedMailbox(reader) };
    default:
      return { is: "other" };
  }
}

/** The words of a line, in upper case. */
export function wordsIn(text: string): readonly string[] {
  return text.toUpperCase().split(" ").filter((word) => word !== "");
}

/** RFC 9051 §9 `msg-att`. */
function fetched(reader: Reader, number: number): Fetched {
  let items: Fetched = {
    number,
    uid: null,
    flags: null,
    sizeBytes: null,
    receivedAt: null,
    section: null,
  };
  reader.list(() => items = { ...items, ...item(reader) }, { least: 1, most: ITEMS_MAX });
  reader.end();
  return items;
}

function item(reader: Reader): Partial<Fetched> {
  const name = reader.keyword();
  if (name.startsWith("BODY[")) {
    finishSection(reader);
    reader.space();
    return { section: reader.nstring() };
  }
  reader.space();
  switch (name) {
    case "UID":
      return { uid: reader.nzNumber() };
    case "FLAGS":
      return { flags: reader.list(() => flag(reader), { least: 0, most: ITEMS_MAX }) };
    case "RFC822.SIZE":
      return { sizeBytes: reader.number64() };
    case "INTERNALDATE":
      return { receivedAt: reader.dateTime() };
    default:
      skipValue(reader);
      return {};
  }
}

/** The rest of `BODY[HEADER.FIELDS (FROM TO)]<0>`, whose first word is read. */
function finishSection(reader: Reader): void {
  if (reader.skip(" ")) reader.list(() => reader.astring(), { least: 1, most: ITEMS_MAX });
  reader.expect("]");
  if (!reader.skip("<")) return;
  reader.number();
  reader.expect(">");
}

/** RFC 9051 §9 `flag`; brackets, which it does not allow, are seen in keywords. */
function flag(reader: Reader): string {
  const system = reader.skip("\\") ? "\\" : "";
  return system + decode(reader.astring());
}

/** A value that was not asked for: servers may tell more (RFC 9051 §2.2.2). */
function skipValue(reader: Reader): void {
  if (reader.sees("(")) reader.list(() => skipValue(reader), { least: 0, most: ITEMS_MAX });
  else flag(reader);
}

/** RFC 3501 §7.2.5: numbers; with CONDSTORE a mod-sequence in parentheses behind them. */
function foundNumbers(text: string): readonly number[] {
  const words = wordsIn(text.replace(/ ?\(MODSEQ \d+\)$/i, ""));
  if (words.length > MESSAGES_MAX) throw tooMany();
  return words.map((word) => {
    if (!/^[1-9]\d{0,9}$/.test(word)) throw broken("what its search has found are no numbers");
    return Number(word);
  });
}

/** RFC 9051 §7.3.4: of what can be told, what was found. */
function extendedSearch(reader: Reader): readonly number[] {
  let numbers: readonly number[] = [];
  while (reader.skip(" ")) {
    if (reader.sees("(")) skipValue(reader);
    else {
      const name = reader.keyword();
      if (name === "UID") continue;
      reader.space();
      if (name === "ALL") numbers = numbersIn(reader);
      else skipValue(reader);
    }
  }
  reader.end();
  return numbers;
}

function numbersIn(reader: Reader): readonly number[] {
  const set = reader.sequenceSet();
  if (set === "$") throw broken("what its search has found are no numbers");
  const spans = spansOf(set, 0);
  if (countOf(spans) > MESSAGES_MAX) throw tooMany();
  return spans.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, at) => from + at)
  );
}

/** Attributes and separator are of no use here: names are taken as they come. */
function listedMailbox(reader: Reader): string {
  reader.list(() => flag(reader), { least: 0, most: ITEMS_MAX });
  reader.space();
  reader.nstring();
  reader.space();
  const name = reader.astring();
  if (name.length > NAME_BYTES_MAX) throw broken("the name of a mailbox is too long");
  return nameOf(name);
}

/**
 * RFC 9051 §5.1, RFC 3501 §5.1.3: a name in either form. What is neither stays as it is, so that
 * one bad name does not hide the others.
 */
function nameOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes) ?? decode(bytes);
  const name = decodeUtf7(text) ?? text;
  return name.toUpperCase() === INBOX ? INBOX : name;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** There is more than a client keeps. */
export function tooMany(): Error {
  return broken(`there are more than ${MESSAGES_MAX} messages`);
}
