/**
 * Files with many messages, each behind a line that begins with `From ` and ends with a date, and
 * behind an empty line. There is no standard that says it all; this reads what is seen in the wild.
 */
import { concat, CR, decodeLatin1, LF } from "../wire/bytes.ts";
import { parseDate } from "./date.ts";

/** What stands in a file, in its order. */
export type MboxPiece =
  | {
    readonly kind: "message";
    /** Where its From_ line begins, in bytes from the start of the file. */
    readonly offset: number;
    /** When it came, as that line says; milliseconds since 1970. */
    readonly receivedAt: number;
    /** As they stand in the file, without the From_ line and the empty line behind it. */
    readonly bytes: Uint8Array;
  }
  | { readonly kind: "tooLarge"; readonly offset: number }
  /** Something that is no message, in front of the first. */
  | { readonly kind: "junk"; readonly offset: number };

/** Takes a file piece by piece, and gives its messages as soon as they are whole. */
export interface MboxSplitter {
  push(chunk: Uint8Array): readonly MboxPiece[];
  /** The file is at its end. */
  end(): readonly MboxPiece[];
}

/** A From_ line names an address and a date; a longer line is one of a letter. */
const POSTMARK_BYTES_MAX = 1_000;

/** `bytesMax`: a larger message is not kept in memory, and given as `tooLarge`. */
export function createMboxSplitter(bytesMax: number): MboxSplitter {
  const pieces: MboxPiece[] = [];
  let message: Unfinished | null = null;
  /** Where the rest of the bytes begins that were pushed, in the file. */
  let offset = 0;
  /** The beginning of a line of which it is not known yet whether it is a From_ line. */
  let rest: Uint8Array = new Uint8Array(0);
  let atLineStart = true;
  let afterBlank = true;

  const finish = () => {
    if (message !== null) pieces.push(pieceOf(message));
    message = null;
  };

  function line(bytes: Uint8Array, isWhole: boolean, at: number): void {
    const postmark = atLineStart && afterBlank && isWhole ? parsePostmark(textOf(bytes)) : null;
    if (postmark !== null) {
      finish();
      message = { offset: at, receivedAt: postmark, chunks: [], size: 0, bytesMax };
      afterBlank = false;
    } else {
      const isBlank = bytes[0] === LF || (bytes[0] === CR && bytes[1] === LF);
      if (message === null && !isBlank) {
        message = { offset: at, receivedAt: null, chunks: [], size: 0, bytesMax };
      }
      if (message !== null) keep(message, bytes);
      afterBlank = isWhole && atLineStart && isBlank;
    }
    atLineStart = isWhole;
  }

  function take(chunk: Uint8Array, isLast: boolean): void {
    const bytes = rest.length === 0 ? chunk : concat([rest, chunk]);
    rest = new Uint8Array(0);
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(LF, at);
      const isWhole = end !== -1;
      const part = bytes.subarray(at, isWhole ? end + 1 : bytes.length);
      const mayGrow = !isLast && !isWhole && part.length < POSTMARK_BYTES_MAX;
      if (mayGrow) {
        rest = part.slice();
        break;
      }
      line(part, isWhole || isLast, offset + at);
      at += part.length;
    }
    offset += at;
  }

  const given = () => pieces.splice(0);
  return {
    push(chunk) {
      take(chunk, false);
      return given();
    },
    end() {
      take(new Uint8Array(0), true);
      finish();
      return given();
    },
  };
}

interface Unfinished {
  readonly offset: number;
  /** `null`: it has no From_ line. */
  readonly receivedAt: number | null;
  /** None from the moment on at which it is too large. */
  chunks: Uint8Array[];
  size: number;
  readonly bytesMax: number;
}

/** The chunk is lent, and lines are short: so they are copied together into larger ones. */
function keep(message: Unfinished, line: Uint8Array): void {
  message.size += line.length;
  if (message.size > message.bytesMax || message.receivedAt === null) {
    message.chunks = [];
    return;
  }
  const last = message.chunks.at(-1);
  const room = last === undefined ? 0 : last.buffer.byteLength - last.length;
  if (last !== undefined && room >= line.length) {
    const grown = new Uint8Array(last.buffer, 0, last.length + line.length);
    grown.set(line, last.length);
    message.chunks[message.chunks.length - 1] = grown;
    return;
  }
  const fresh = new Uint8Array(Math.max(line.length, CHUNK_BYTES)).subarray(0, line.length);
  fresh.set(line);
  message.chunks.push(fresh);
}

const CHUNK_BYTES = 16 * 1024;

function pieceOf({ offset, receivedAt, chunks, size, bytesMax }: Unfinished): MboxPiece {
  if (receivedAt === null) return { kind: "junk", offset };
  if (size > bytesMax) return { kind: "tooLarge", offset };
  return { kind: "message", offset, receivedAt, bytes: withoutLastBlank(concat(chunks)) };
}

/** The empty line in front of the next From_ line belongs to neither. */
function withoutLastBlank(bytes: Uint8Array): Uint8Array {
  const lf = bytes.length - 1;
  if (bytes[lf] !== LF) return bytes;
  const start = bytes[lf - 1] === CR ? lf - 1 : lf;
  return start === 0 || bytes[start - 1] === LF ? bytes.subarray(0, start) : bytes;
}

function textOf(line: Uint8Array): string {
  const mayBe = line[0] === 0x46 && line.length <= POSTMARK_BYTES_MAX; // F
  return mayBe ? decodeLatin1(line).replace(/\r?\n$/, "") : "";
}

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const ZONE = "(?:[A-Z]{1,5}|[+-]\\d{4})";
/** `From bob@xyz.com Tue Nov 24 16:00:00 2026`, also with a zone before or behind the year. */
const POSTMARK = new RegExp(
  `^From (?:.* )?${DAY},? +([A-Z][a-z]{2}) +(\\d{1,2}) +(\\d{1,2}:\\d{2}(?::\\d{2})?)` +
    `(?: +(${ZONE}))? +(\\d{4})(?: +(${ZONE}))?(?: .*)?$`,
);
/** `From - Tue, 24 Nov 2026 16:00:00 +0000` */
const DATED = new RegExp(`^From (?:.* )?(${DAY},? +\\d{1,2} [A-Z][a-z]{2} \\d{4} \\d.*)$`);

/**
 * When the message behind a From_ line came, in milliseconds since 1970; UTC where no zone is
 * named. `null` for any other line: people begin sentences with that word, too.
 */
export function parsePostmark(line: string): number | null {
  const [, month, day, time, before, year, behind] = POSTMARK.exec(line) ?? [];
  const text = month === undefined
    ? DATED.exec(line)?.[1]
    : `${day} ${month} ${year} ${time} ${before ?? behind ?? "+0000"}`;
  return text === undefined ? null : parseDate(text)?.at ?? null;
}

/** A From_ line without its end; to the second. `sender`: an address without blanks. */
export function formatPostmark(sender: string, receivedAt: number): string {
  const [day, date, month, year, time] = new Date(receivedAt).toUTCString().split(/,? /);
  return `From ${sender} ${day} ${month} ${date!.replace(/^0/, " ")} ${time} ${year}`;
}
