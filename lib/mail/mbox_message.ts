/** One message as it stands in an mbox file, and as it is in a mailbox. */
import { concat, decodeLatin1, encode, LF } from "../wire/bytes.ts";
import { allValues, firstValue, type Header, parseHeader, removeFields } from "./header.ts";
import { toCrlf, toLf } from "./line_ends.ts";
import { formatPostmark } from "./mbox.ts";

export interface FlaggedContent {
  /** Lines end with CRLF. */
  readonly content: Uint8Array;
  /** Those of the system, and keywords. */
  readonly flags: readonly string[];
}

/** As it is in a mailbox. Fields in which programs keep flags go; they are no part of it. */
export function fromMbox(bytes: Uint8Array): FlaggedContent {
  const content = toCrlf(unquoted(bytes));
  const beginning = decodeLatin1(content.subarray(0, OWN_FIELDS_BYTES));
  const own = OWN_FIELDS.exec(beginning)?.[0] ?? "";
  // What `toMbox` has put in front hides nothing: such fields of the letter itself stay.
  const header = parseHeader(own === "" ? content : content.subarray(0, own.length));
  const flags = flagsIn(header);
  if (own !== "") return { content: content.subarray(own.length), flags };
  if (!header.fields.some(({ name }) => FLAG_FIELDS.includes(name))) return { content, flags };
  const rest = content.subarray(header.end);
  return { content: concat([removeFields(header, FLAG_FIELDS), rest]), flags };
}

/** The same for a file: with its From_ line, and the empty line behind it. Lines end with LF. */
export function toMbox(message: FlaggedContent, receivedAt: number): Uint8Array {
  const { content, flags } = message;
  const text = toLf(content);
  const lineEnd = text.length === 0 || text.at(-1) === LF ? "\n" : "\n\n";
  const postmark = formatPostmark(senderOf(content), receivedAt);
  const fields = `${postmark}\n${formatFlags(flags)}`;
  return concat([encode(fields), quoted(text), encode(lineEnd)]);
}

/** Two hundred keywords, the most that a mailbox knows, of a hundred characters each. */
const OWN_FIELDS_BYTES = 32 * 1024;
const OWN_FIELDS = /^Status: [RO]*\r\nX-Status: [AFTD]*\r\nX-Keywords: [^\r\n]*\r\n/;

/** In which programs keep flags: mutt, pine and others; and Thunderbird. */
const FLAG_FIELDS: readonly string[] = [
  "status",
  "x-status",
  "x-keywords",
  "x-mozilla-status",
  "x-mozilla-status2",
  "x-mozilla-keys",
];

const STATUS: readonly (readonly [field: string, letter: string, flag: string])[] = [
  ["status", "R", "\\Seen"],
  ["x-status", "A", "\\Answered"],
  ["x-status", "F", "\\Flagged"],
  ["x-status", "T", "\\Draft"],
  ["x-status", "D", "\\Deleted"],
];
/** The bits of X-Mozilla-Status, in hexadecimal digits there. */
const MOZILLA: readonly (readonly [bit: number, flag: string])[] = [
  [1, "\\Seen"],
  [2, "\\Answered"],
  [4, "\\Flagged"],
  [8, "\\Deleted"],
];

function flagsIn(header: Header): readonly string[] {
  const letters = (field: string) => allValues(header, field).join("");
  const flags = STATUS.filter(([field, letter]) => letters(field).includes(letter));
  const digits = firstValue(header, "x-mozilla-status") ?? "";
  const bits = /^[0-9a-f]{4}$/i.test(digits) ? parseInt(digits, 16) : 0;
  const words = ["x-keywords", "x-mozilla-keys"].flatMap((field) => allValues(header, field));
  return [
    ...new Set([
      ...flags.map(([, , flag]) => flag),
      ...MOZILLA.filter(([bit]) => (bits & bit) !== 0).map(([, flag]) => flag),
      ...words.join(" ").split(/\s+/).filter((word) => word !== ""),
    ]),
  ];
}

function formatFlags(flags: readonly string[]): string {
  const letters = (wanted: string) =>
    STATUS.filter(([field, , flag]) => field === wanted && flags.includes(flag))
      .map(([, letter]) => letter).join("");
  const keywords = flags.filter((flag) => !flag.startsWith("\\"));
  // O says that it is not new: whoever reads the file has not to be told of it.
  const lines = [
    `Status: ${letters("status")}O`,
    `X-Status: ${letters("x-status")}`,
    // Also an empty one, so that it is clear where ours end and those of the letter begin.
    `X-Keywords: ${keywords.join(" ")}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Whom final delivery has named; nobody that a From_ line could not hold. */
function senderOf(content: Uint8Array): string {
  const start = decodeLatin1(content.subarray(0, 1_000));
  return /^Return-Path: *<([!-;=?-~]+)>\r?\n/i.exec(start)?.[1] ?? "MAILER-DAEMON";
}

const GREATER = 0x3e;
const FROM = encode("From ");

/** A `>` in front of each line that reads `From ` behind as many of them as there are. */
function quoted(bytes: Uint8Array): Uint8Array {
  const starts = fromLines(bytes);
  return spliced(bytes, starts, (line) => [encode(">"), line]);
}

/** One of these less. Files of those who quote but `From ` alone are read right as well. */
function unquoted(bytes: Uint8Array): Uint8Array {
  const starts = fromLines(bytes).filter((at) => bytes[at] === GREATER);
  return spliced(bytes, starts, (line) => [line.subarray(1)]);
}

function spliced(
  bytes: Uint8Array,
  starts: readonly number[],
  change: (fromLine: Uint8Array) => readonly Uint8Array[],
): Uint8Array {
  if (starts.length === 0) return bytes;
  const ends = [...starts.slice(1), bytes.length];
  const changed = starts.flatMap((start, at) => change(bytes.subarray(start, ends[at])));
  return concat([bytes.subarray(0, starts[0]), ...changed]);
}

/** Where lines begin that are any number of `>` and then `From `. */
function fromLines(bytes: Uint8Array): readonly number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length;) {
    let word = at;
    while (bytes[word] === GREATER) word++;
    if (FROM.every((byte, each) => bytes[word + each] === byte)) starts.push(at);
    const end = bytes.indexOf(LF, at);
    at = end === -1 ? bytes.length : end + 1;
  }
  return starts;
}
