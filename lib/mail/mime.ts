/**
 * The parts of a message (RFC 2046), found in one pass over its bytes: where each begins and ends,
 * and what its header says that it is. Nothing is decoded and nothing is copied; whatever a
 * stranger has put together, the pass takes a time in proportion to the bytes, and gives a tree.
 */
import { CR, decodeLatin1, encode, LF } from "../wire/bytes.ts";
import { withoutComments } from "./comment.ts";
import { firstValue, type Header, parseHeader } from "./header.ts";

/** A message, or a part of one. Plain JSON, so that it can be kept. All offsets are in bytes. */
export interface Part {
  /** Where its header begins, */
  readonly start: number;
  /** its body, behind the empty line, */
  readonly bodyStart: number;
  /** and where it ends: in front of the line end that belongs to the boundary. */
  readonly end: number;
  /** How many line ends the body has. */
  readonly lines: number;
  /** Media type and subtype, lower case. */
  readonly type: string;
  readonly subtype: string;
  /** Of the media type, in their order; names in lower case. */
  readonly parameters: readonly Parameter[];
  /** The transfer encoding, lower case; `7bit` where nothing is said. */
  readonly encoding: string;
  /** Lower case; `null` where nothing is said. */
  readonly disposition: { readonly type: string; readonly parameters: readonly Parameter[] } | null;
  /** Of a multipart its parts, of a message in the message that one; otherwise none. */
  readonly children: readonly Part[];
}

export type Parameter = readonly [name: string, value: string];

/** Parts within parts: each level is looked at for each line that could be a boundary. */
export const MIME_DEPTH_MAX = 50;
/** Parts in one message; what lies behind belongs to the last of them. */
export const MIME_PARTS_MAX = 1_000;
/** RFC 2046 §5.1.1 allows 70; longer ones are met, and found. */
export const MIME_BOUNDARY_BYTES_MAX = 1_000;
/** Parameters of one field. */
export const MIME_PARAMETERS_MAX = 100;

/** The tree of a message. Never throws. */
export function parseMime(message: Uint8Array): Part {
  const scanner = new Scanner(message);
  return scanner.run();
}

/** Whether a part holds others: RFC 2046 §5.1. */
export function isMultipart({ type }: Pick<Part, "type">): boolean {
  return type === "multipart";
}

/** Whether a part is a message with a header of its own: RFC 2046 §5.2.1 and RFC 6532 §3.7. */
export function isMessage({ type, subtype }: Pick<Part, "type" | "subtype">): boolean {
  return type === "message" && (subtype === "rfc822" || subtype === "global");
}

/** The value of a parameter; `null` where there is none. */
export function parameterOf(parameters: readonly Parameter[], name: string): string | null {
  return parameters.find(([each]) => each === name)?.[1] ?? null;
}

/** A value with parameters, as Content-Type and Content-Disposition have (RFC 2045 §5.1). */
export function parseParameters(
  field: string,
): { readonly value: string; readonly parameters: readonly Parameter[] } {
  const text = withoutComments(field).trim();
  const value = /^[^\s;]*(?:\s*\/\s*[^\s;]+)?/.exec(text)![0];
  const parameters: Parameter[] = [];
  const pattern = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s;]*))/gs;
  pattern.lastIndex = value.length;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    if (parameters.length === MIME_PARAMETERS_MAX) break;
    const quoted = found[2]?.replace(/\\(.)/gs, "$1");
    parameters.push([found[1]!.toLowerCase(), quoted ?? found[3]!]);
  }
  return { value: value.replace(/\s+/g, "").toLowerCase(), parameters };
}

/** A part that is being read; becomes a {@linkcode Part} when its end is found. */
interface Open {
  readonly start: number;
  /** RFC 2046 §5.1.5: what a part is that does not say it. */
  readonly inDigest: boolean;
  bodyStart: number;
  /** How many line feeds there were before the body. */
  linesBefore: number;
  readonly children: Part[];
  described: Description | null;
  /** `--` and the boundary, a character for each byte, of a multipart whose end has not come. */
  delimiter: string | null;
}

type Description = Pick<Part, "type" | "subtype" | "parameters" | "encoding" | "disposition">;

class Scanner {
  readonly #bytes: Uint8Array;
  /** The message, and the parts within it that are open; the innermost is the last. */
  readonly #open: Open[] = [];
  #parts = 0;
  #lines = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  run(): Part {
    const bytes = this.#bytes;
    this.#begin(0, false);
    let at = 0;
    while (at < bytes.length) {
      const lineFeed = bytes.indexOf(LF, at);
      const end = lineFeed === -1 ? bytes.length : lineFeed + 1;
      const linesBefore = this.#lines;
      if (lineFeed !== -1) this.#lines++;
      if (!this.#boundary(at, end, linesBefore)) this.#line(at, end);
      at = end;
    }
    while (this.#open.length > 1) this.#finish(bytes.length, this.#lines);
    return this.#finish(bytes.length, this.#lines);
  }

  #begin(start: number, inDigest: boolean): void {
    this.#parts++;
    this.#open.push({
      start,
      inDigest,
      bodyStart: -1,
      linesBefore: 0,
      children: [],
      described: null,
      delimiter: null,
    });
  }

  /** A line that is no boundary: it matters only where it ends a header. */
  #line(at: number, end: number): void {
    const part = this.#open.at(-1)!;
    if (part.described !== null) return;
    const empty = this.#bytes[at] === LF || (this.#bytes[at] === CR && this.#bytes[at + 1] === LF);
    if (empty) this.#describe(part, { headerEnd: at, bodyStart: end, lines: this.#lines });
  }

  /** The header of a part is over: at its empty line, or without one. `lines`: before the body. */
  #describe(
    part: Open,
    { headerEnd, bodyStart, lines }: {
      readonly headerEnd: number;
      readonly bodyStart: number;
      readonly lines: number;
    },
  ): void {
    const header = parseHeader(this.#bytes.subarray(part.start, headerEnd));
    // Where the first line is no field, there is no header, and everything is body.
    const none = header.fields.length === 0 && headerEnd > part.start;
    part.bodyStart = none ? part.start : bodyStart;
    part.linesBefore = lines - (none ? linesIn(this.#bytes, part.start, bodyStart) : 0);
    const described = describe(header, part.inDigest);
    part.described = described;
    if (this.#open.length >= MIME_DEPTH_MAX || this.#parts >= MIME_PARTS_MAX) return;
    if (isMultipart(described)) {
      // RFC 2046 §5.1.1: a boundary does not end with a blank, and blanks behind it do not count.
      const boundary = (parameterOf(described.parameters, "boundary") ?? "").trimEnd();
      const bytes = encode(boundary);
      if (bytes.length > 0 && bytes.length <= MIME_BOUNDARY_BYTES_MAX) {
        part.delimiter = `--${decodeLatin1(bytes)}`;
      }
    } else if (isMessage(described)) {
      // RFC 2046 §5.2.1: never encoded. Where it is, what there is in the raw is looked at.
      this.#begin(part.bodyStart, false);
    }
  }

  /** Whether a line is a boundary of a part that is open: then whatever is within it is over. */
  #boundary(at: number, end: number, linesBefore: number): boolean {
    const bytes = this.#bytes;
    if (bytes[at] !== DASH || bytes[at + 1] !== DASH) return false;
    const line = delimiterAt(bytes, at, end);
    if (line === null) return false;
    const closed = line.endsWith("--") ? line.slice(0, -2) : "";
    const next = this.#open.findLastIndex(({ delimiter }) => delimiter === line);
    const last = this.#open.findLastIndex(({ delimiter }) => delimiter === closed);
    const level = Math.max(next, last);
    if (level === -1) return false;
    // RFC 2046 §5.1.1: the line end in front of a boundary belongs to the boundary.
    const before = lineEndBefore(bytes, at, this.#open.at(-1)!.start);
    while (this.#open.length > level + 1) {
      this.#finish(before, linesBefore - (before < at ? 1 : 0));
    }
    const part = this.#open[level]!;
    if (level === last) part.delimiter = null;
    else if (this.#parts < MIME_PARTS_MAX) this.#begin(end, part.described!.subtype === "digest");
    return true;
  }

  /** The innermost part ends here. */
  #finish(end: number, lines: number): Part {
    const part = this.#open.at(-1)!;
    if (part.described === null) {
      this.#describe(part, { headerEnd: end, bodyStart: end, lines });
      // A message that is nothing but the header of a message: the inner one is empty.
      if (this.#open.at(-1) !== part) this.#finish(end, lines);
    }
    this.#open.pop();
    const whole: Part = {
      start: part.start,
      bodyStart: Math.min(part.bodyStart, end),
      end: Math.max(end, part.start),
      lines: Math.max(0, lines - part.linesBefore),
      ...part.described!,
      children: part.children,
    };
    this.#open.at(-1)?.children.push(whole);
    return whole;
  }
}

const DASH = 45;
/** Dashes on both sides. */
const DELIMITER_BYTES_MAX = MIME_BOUNDARY_BYTES_MAX + 4;

function describe(header: Header, inDigest: boolean): Description {
  const contentType = firstValue(header, "Content-Type");
  const named = contentType === null ? null : parseParameters(contentType);
  const [type, subtype] = named?.value.split("/") ?? [];
  const disposition = firstValue(header, "Content-Disposition");
  const encoding = withoutComments(firstValue(header, "Content-Transfer-Encoding") ?? "").trim();
  const rest = {
    encoding: encoding === "" ? "7bit" : encoding.toLowerCase(),
    disposition: disposition === null ? null : dispositionOf(disposition),
  };
  if (type && subtype) return { type, subtype, parameters: named!.parameters, ...rest };
  // RFC 2045 §5.2: what is not said, or not said rightly, is text; RFC 2046 §5.1.5: in a digest,
  // a message.
  if (inDigest) return { type: "message", subtype: "rfc822", parameters: [], ...rest };
  return { type: "text", subtype: "plain", parameters: [["charset", "us-ascii"]], ...rest };
}

function dispositionOf(field: string): Part["disposition"] {
  const { value, parameters } = parseParameters(field);
  return value === "" ? null : { type: value, parameters };
}

/** A line that may be a boundary, without blanks behind it (RFC 2046 §5.1.1), or `null`. */
function delimiterAt(bytes: Uint8Array, start: number, lineEnd: number): string | null {
  let end = lineEnd;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return end - start > DELIMITER_BYTES_MAX ? null : decodeLatin1(bytes.subarray(start, end));
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === CR || byte === LF;
}

/** Where the line end in front of `at` begins, not before `from`; `at` where there is none. */
function lineEndBefore(bytes: Uint8Array, at: number, from: number): number {
  if (at <= from || bytes[at - 1] !== LF) return at;
  return at - 2 >= from && bytes[at - 2] === CR ? at - 2 : at - 1;
}

function linesIn(bytes: Uint8Array, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF, from); at !== -1 && at < to; at = bytes.indexOf(LF, at + 1)) {
    lines++;
  }
  return lines;
}
