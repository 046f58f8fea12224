/** Reading the header section of a message, RFC 5322 §2.2, as bytes: nothing is decoded unasked. */
import { concat, CR, decode, LF } from "../wire/bytes.ts";
import { type Address, parseMailbox, parsePath } from "./address.ts";
import { withoutComments } from "./comment.ts";
import { decodeWords } from "./words.ts";

/** One field, from its name to the line end of its last line, as offsets into the message. */
export interface HeaderField {
  /** Lower case; empty for a line that is no field, which is kept so that no byte goes missing. */
  readonly name: string;
  readonly start: number;
  /** Behind the colon. */
  readonly valueStart: number;
  /** Behind the line end. */
  readonly end: number;
}

/** The header section of one message. */
export interface Header {
  /** The bytes that the offsets count in: the message, or its beginning. */
  readonly bytes: Uint8Array;
  /** In their order. */
  readonly fields: readonly HeaderField[];
  /** Where the fields end: the empty line stands here, if there is one. */
  readonly end: number;
  /** Where the body begins: behind the empty line, or at `end` without one. */
  readonly bodyStart: number;
  /**
   * Whether the section is longer than {@linkcode HEADER_BYTES_MAX}; what lies beyond was not read.
   */
  readonly truncated: boolean;
}

/** A mailbox that a stranger wrote into a field. */
export interface NamedAddress {
  /** Decoded, for people; where there is no address, what was written in its place. */
  readonly name: string;
  /** `null` when what stands there is no address, or more than one that a reader could pick. */
  readonly address: Address | null;
}

/** Headers are some kilobytes; what needs more than this wants to use up memory. */
export const HEADER_BYTES_MAX = 256 * 1024;

/**
 * Finds the fields of a message. A line that is neither a field nor a continuation does not end the
 * section, only an empty line does: some readers see a field behind it, so it must count as one.
 * But when the very first line is no field, there is no header, and everything is body.
 */
export function parseHeader(message: Uint8Array): Header {
  const bytes = message.subarray(0, HEADER_BYTES_MAX);
  const fields: HeaderField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = lineEnd(bytes, at);
    const emptyLine = bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF);
    if (emptyLine) return { bytes, fields, end: at, bodyStart: end, truncated: false };
    const last = fields.at(-1);
    if (isBlank(bytes[at]) && last !== undefined) {
      fields[fields.length - 1] = { ...last, end };
    } else {
      const field = readField(bytes, at, end);
      if (fields.length === 0 && field.name === "" && !isMailboxSeparator(bytes, at)) {
        return { bytes, fields, end: 0, bodyStart: 0, truncated: false };
      }
      fields.push(field);
    }
    at = end;
  }
  const truncated = message.length > bytes.length;
  return { bytes, fields, end: at, bodyStart: at, truncated };
}

/** The unfolded value of the first field with this name (in any case), or `null`. */
export function firstValue(header: Header, name: string): string | null {
  const field = header.fields.find((field) => field.name === name.toLowerCase());
  return field === undefined ? null : fieldValue(header, field);
}

/** The unfolded values of all fields with this name (in any case), in their order. */
export function allValues(header: Header, name: string): readonly string[] {
  return header.fields
    .filter((field) => field.name === name.toLowerCase())
    .map((field) => fieldValue(header, field));
}

/** How many fields have this name, in any case. */
export function countFields(header: Header, name: string): number {
  return header.fields.filter((field) => field.name === name.toLowerCase()).length;
}

/**
 * A field's value, unfolded and without blanks around it; bytes that are not UTF-8 become U+FFFD.
 */
export function fieldValue(header: Header, field: HeaderField): string {
  const text = decode(header.bytes.subarray(field.valueStart, field.end));
  // RFC 5322 §2.2.3: unfolding takes the line ends out, and nothing else.
  return text.replace(/\r?\n/g, "").trim();
}

/**
 * The fields' bytes without those of these names (in any case); all other bytes are as they were.
 */
export function removeFields(header: Header, names: readonly string[]): Uint8Array {
  const unwanted = new Set(names.map((name) => name.toLowerCase()));
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (const field of header.fields) {
    if (!unwanted.has(field.name)) continue;
    parts.push(header.bytes.subarray(copied, field.start));
    copied = field.end;
  }
  return concat([...parts, header.bytes.subarray(copied, header.end)]);
}

/**
 * The mailboxes in the value of From, To and the like, read as mail programs read them (RFC 5322
 * §3.4 and §4.4): names, comments, quotes, groups, whose members are listed. Nothing is too broken
 * to be listed.
 */
export function addressesIn(value: string): readonly NamedAddress[] {
  const text = withoutComments(value.slice(0, HEADER_BYTES_MAX));
  const found: NamedAddress[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const character = text[at];
    if (character === '"' || character === "<" || character === "[") {
      at = closing(text, at);
    } else if (character === ":") {
      start = at + 1; // RFC 5322 §3.4: what stood before it was the name of a group
    } else if (character === undefined || character === "," || character === ";") {
      const entry = text.slice(start, at).trim();
      if (entry !== "") found.push(readEntry(entry));
      start = at + 1;
    }
  }
  return found;
}

/** Behind the line end of the line that begins at `at`. */
function lineEnd(bytes: Uint8Array, at: number): number {
  const found = bytes.indexOf(LF, at);
  return found === -1 ? bytes.length : found + 1;
}

const COLON = 58;

function readField(bytes: Uint8Array, start: number, end: number): HeaderField {
  // A loop: every message has ten of them, and each call of a decoder takes longer than a name.
  let name = "";
  let at = start;
  while (at < end && isNameByte(bytes[at]!)) name += LOWER_CASE[bytes[at++]!];
  // RFC 5322 §4.5: blanks in front of the colon are obsolete, not harmless: "Bcc :" is a Bcc.
  while (at < end && isBlank(bytes[at])) at++;
  if (name === "" || at === end || bytes[at] !== COLON) {
    return { name: "", start, valueStart: start, end };
  }
  return { name, start, valueStart: at + 1, end };
}

/** RFC 5322 §3.6.8 ftext: visible ASCII without the colon. */
function isNameByte(byte: number): boolean {
  return byte > 32 && byte < 127 && byte !== COLON;
}

const LOWER_CASE = Array.from(
  { length: 127 },
  (_, byte) => String.fromCharCode(byte).toLowerCase(),
);

/** The line `From alice …` that mailbox files put in front of a message. */
function isMailboxSeparator(bytes: Uint8Array, at: number): boolean {
  return decode(bytes.subarray(at, at + 5)) === "From ";
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

/**
 * Where the quotes or brackets that open at `at` close: with the text itself when they never do.
 */
function closing(text: string, at: number): number {
  const close = text[at] === '"' ? '"' : text[at] === "<" ? ">" : "]";
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === close) return i;
    if (text[i] === "\\") i++;
    else if (text[i] === '"' && close === ">") i = closing(text, i);
  }
  return text.length - 1;
}

function readEntry(entry: string): NamedAddress {
  let at = 0;
  while (at < entry.length && entry[at] !== "<") {
    at = entry[at] === '"' || entry[at] === "[" ? closing(entry, at) + 1 : at + 1;
  }
  if (at >= entry.length) {
    const address = toAddress(entry, parseMailbox);
    return { name: address === null ? phraseText(entry) : "", address };
  }
  const end = closing(entry, at) + 1;
  // Behind the bracket nothing may follow: of two addresses, each reader would believe another.
  const address = end === entry.length ? toAddress(entry.slice(at, end), parsePath) : null;
  return { name: phraseText(address === null ? entry : entry.slice(0, at)), address };
}

function toAddress(
  text: string,
  parse: (text: string, options: { readonly utf8: true }) => Address | null,
): Address | null {
  if (text.length > ADDRESS_CHARACTERS_MAX) return null;
  // RFC 5322 §4.4: blanks around dots and the @ are obsolete, and still seen.
  const compact = text.includes('"') ? text : text.replace(/\s+(?=[.@>])|(?<=[.@<])\s+/g, "");
  try {
    return parse(compact, { utf8: true });
  } catch {
    return null; // not an address, which is what null says
  }
}

/** No address is as long; looking for its blanks takes the square of the length. */
const ADDRESS_CHARACTERS_MAX = 1000;

/** A phrase as people read it: without quotes and backslashes, its encoded words decoded. */
function phraseText(phrase: string): string {
  return decodeWords(phrase.replace(/\\(.)|"/gs, "$1")).replace(/\s+/g, " ").trim();
}
