/**
 * Messages with UTF-8 in their headers (RFC 6532) for programs that know only ASCII there: the
 * stream of a message becomes the stream of a surrogate (RFC 6858), in which each field of each
 * header is ASCII, and bodies are as they were. A message whose headers are ASCII stays as it is.
 */
import { concat, CR, decodeUtf8, isAscii, LF } from "../wire/bytes.ts";
import { createPartFinder } from "./part_finder.ts";
import { asciiField } from "./surrogate_field.ts";

/**
 * Takes the next chunk of the message, and says with the `last` one that it is; gives the next
 * chunk of the surrogate, which may be a view of what was given.
 */
export type SurrogateMaker = (chunk: Uint8Array, last: boolean) => Uint8Array;

/** A field is held until its end is there; the longest ones, of hundreds of addresses, fit. */
const FIELD_BYTES_MAX = 16 * 1024;
/** So much is made anew for one message, which takes some milliseconds; real ones have less. */
const CHANGED_BYTES_MAX = 16 * 1024;

/** Starts with the header of a message. */
export function surrogateMaker(): SurrogateMaker {
  const finder = createPartFinder();
  let changedBytes = 0;
  /** The lines of a field whose end is not there yet; `null` between fields. */
  let field: Field | null = null;
  /** Whether the header that is read has not begun yet. */
  let fresh = true;
  let contentType: Uint8Array | null = null;
  /** A line whose end is not there yet. */
  let rest: Uint8Array = new Uint8Array(0);
  /** Whether the last line went on without an end for so long that it was taken in pieces. */
  let lineIsOpen = false;
  let isFirst = true;

  function ascii(bytes: Uint8Array): Uint8Array {
    if (isAscii(bytes)) return bytes;
    changedBytes += bytes.length;
    if (changedBytes > CHANGED_BYTES_MAX) return questioned(bytes);
    const text = decodeUtf8(bytes);
    // A field in an old charset is none that a client could ask for, and is passed on as it is.
    return text === null ? bytes : asciiField(text);
  }

  function closeField(output: Uint8Array[]): void {
    if (field !== null && !field.overlong) {
      const bytes = concat(field.lines);
      if (isContentType(bytes)) contentType ??= bytes;
      add(output, ascii(bytes));
    }
    field = null;
  }

  function hold(line: Uint8Array, output: Uint8Array[]): void {
    const held = field ??= { lines: [], bytes: 0, overlong: false };
    held.lines.push(line);
    held.bytes += line.length;
    if (held.bytes <= FIELD_BYTES_MAX) return;
    // Too long to be understood: its lines go out as they come, without what is not ASCII.
    held.overlong = true;
    for (const each of held.lines) add(output, questioned(each));
    held.lines = [];
  }

  function take(line: Uint8Array, output: Uint8Array[]): void {
    const goesOn = lineIsOpen;
    lineIsOpen = line.at(-1) !== LF;
    if (!goesOn && finder.isBoundary(line)) {
      closeField(output);
      contentType = null;
      fresh = true;
      add(output, line);
    } else if (!finder.inHeader) add(output, line);
    else if (!goesOn && isEmptyLine(line)) {
      closeField(output);
      add(output, line);
      finder.headerEnds(contentType);
      contentType = null;
      fresh = true;
    } else if (field !== null && (goesOn || isBlank(line[0]))) hold(line, output);
    else if (fresh && !goesOn && !isField(line)) {
      finder.headerIsMissing();
      add(output, line);
    } else {
      closeField(output);
      fresh = false;
      hold(line, output);
    }
  }

  return (chunk, last) => {
    // Most messages come as one chunk with nothing to change: they need not be understood.
    if (last && isFirst && isAscii(chunk)) return chunk;
    isFirst = false;
    const output: Uint8Array[] = [];
    const bytes = rest.length === 0 ? chunk : concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      if (!finder.inHeader && !finder.expectsMore) {
        add(output, bytes.subarray(at));
        at = bytes.length;
        break;
      }
      const lineFeed = bytes.indexOf(LF, at);
      const end = lineFeed === -1 ? bytes.length : lineFeed + 1;
      if (lineFeed === -1 && !last && end - at <= FIELD_BYTES_MAX) break;
      take(bytes.subarray(at, end), output);
      at = end;
    }
    rest = bytes.subarray(at);
    if (last) closeField(output);
    return concat(output);
  };
}

interface Field {
  lines: Uint8Array[];
  bytes: number;
  overlong: boolean;
}

/** Adds a part; one that lies right behind the part before becomes one with it. */
function add(output: Uint8Array[], part: Uint8Array): void {
  const before = output.at(-1);
  if (
    before !== undefined && before.buffer === part.buffer &&
    before.byteOffset + before.length === part.byteOffset
  ) {
    const { buffer, byteOffset, length } = before;
    output[output.length - 1] = new Uint8Array(buffer, byteOffset, length + part.length);
  } else output.push(part);
}

/** Each byte that is not ASCII becomes a question mark. */
function questioned(bytes: Uint8Array): Uint8Array {
  return isAscii(bytes) ? bytes : bytes.map((byte) => byte < 128 ? byte : QUESTION);
}

const QUESTION = 63;

function isEmptyLine(line: Uint8Array): boolean {
  return line[0] === LF || (line[0] === CR && line[1] === LF);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

/** RFC 5322 §3.6.8; and the line that mailbox files put in front of a message. */
function isField(line: Uint8Array): boolean {
  return /^(?:[!-9;-~]+[ \t]*:|From )/.test(startOf(line));
}

function isContentType(field: Uint8Array): boolean {
  return (field[0] === 67 || field[0] === 99) && /^content-type[ \t]*:/i.test(startOf(field));
}

function startOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 100));
}
