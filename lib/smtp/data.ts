/**
 * Receiving the content behind DATA, RFC 5321 §4.1.1.4: only CRLF ends a line, and only CRLF.CRLF ends
 * the content. Anything looser lets a stranger smuggle a second message past one of two servers that
 * see the end in different places; so a bare CR or LF is a fault, and it never makes a line.
 */
import { type ByteQueue, CR, LF } from "../wire/bytes.ts";
import { fill } from "../wire/lines.ts";
import { deadline, type Step } from "../wire/session.ts";

export interface DataLimits {
  readonly contentBytesMax: number;
  /** For every `PROGRESS_BYTES` of content (RFC 5321 §4.5.3.2.5 asks for 3 minutes a block). */
  readonly blockTimeoutMs: number;
}

/**
 * The content with dot-stuffing undone, or what was wrong with it, found after its end was read.
 * `flood`: more than twice the limit; the end is not waited for, and the connection must be closed.
 */
export type DataResult =
  | { readonly content: Uint8Array }
  | { readonly fault: DataFault }
  | "flood"
  | null;
export type DataFault = "tooBig" | "bareLf" | "bareCr" | "overlong";

/** RFC 5321 §4.5.3.1.6: a text line has at most 1000 octets with its CRLF, not counting a stuffed dot. */
const TEXT_LINE_BYTES_MAX = 1000;
/** A peer that sends less than this within one block's time is holding a place for nothing. */
const PROGRESS_BYTES = 16 * 1024;
/** The first buffer: most mail fits, and a SIZE that was promised and not sent costs nothing. */
const FIRST_BUFFER_BYTES = 8 * 1024;
const DOT = 46;

/** Reads the content up to its end; `null` when the peer closed before it. */
export function* readData<B>(queue: ByteQueue, limits: DataLimits): Step<B, DataResult> {
  const reader = new DataReader(limits.contentBytesMax);
  yield* deadline(limits.blockTimeoutMs);
  let progress = 0;
  for (;;) {
    const before = queue.length;
    if (reader.consume(queue)) return reader.result();
    progress += before - queue.length;
    if (reader.received > 2 * limits.contentBytesMax) return "flood";
    if (progress >= PROGRESS_BYTES) {
      progress = 0;
      yield* deadline(limits.blockTimeoutMs);
    }
    if (!(yield* fill(queue))) return null;
  }
}

class DataReader {
  readonly #bytesMax: number;
  #content: Uint8Array = new Uint8Array(FIRST_BUFFER_BYTES);
  #size = 0;
  #fault: DataFault | null = null;
  /** After a fault: how much of `CRLF.CRLF` the last bytes have matched. */
  #matched = 0;
  received = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  result(): DataResult {
    if (this.#fault !== null) return { fault: this.#fault };
    return { content: this.#content.subarray(0, this.#size) };
  }

  /** Consumes what it can; true when the end was there. */
  consume(queue: ByteQueue): boolean {
    const before = queue.length;
    const ended = (this.#fault === null && this.#takeLines(queue)) ||
      (this.#fault !== null && this.#skipToEnd(queue));
    this.received += before - queue.length;
    return ended;
  }

  /** Takes whole lines, up to the end or a fault; leaves the beginning of a line in the queue. */
  #takeLines(queue: ByteQueue): boolean {
    const bytes = queue.peek();
    let lineStart = 0;
    let runStart = 0;
    while (this.#fault === null) {
      const lineFeed = bytes.indexOf(LF, lineStart);
      if (lineFeed === -1) break;
      const firstCr = bytes.indexOf(CR, lineStart);
      if (bytes[lineFeed - 1] !== CR || lineFeed === lineStart) {
        return this.#stopAt(queue, lineFeed + 1, "bareLf", 0);
      }
      if (firstCr < lineFeed - 1) return this.#stopAt(queue, lineFeed + 1, "bareCr", 2);
      const dotted = bytes[lineStart] === DOT;
      if (dotted) {
        // RFC 5321 §4.5.2: a dot at the start of a line is only there to be removed.
        this.#keep(bytes, runStart, lineStart);
        runStart = lineStart + 1;
        if (lineFeed - lineStart === 2) {
          queue.skip(lineFeed + 1);
          return true;
        }
      }
      if (lineFeed + 1 - lineStart - (dotted ? 1 : 0) > TEXT_LINE_BYTES_MAX) {
        return this.#stopAt(queue, lineFeed + 1, "overlong", 2);
      }
      lineStart = lineFeed + 1;
    }
    this.#keep(bytes, runStart, lineStart);
    if (this.#fault === null && bytes.length - lineStart > TEXT_LINE_BYTES_MAX + 1) {
      return this.#stopAt(queue, bytes.length, "overlong", bytes.at(-1) === CR ? 1 : 0);
    }
    if (this.#fault === null) queue.skip(lineStart);
    else this.#stopAt(queue, lineStart, this.#fault, 2);
    return false;
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    const size = this.#size + to - from;
    if (size > this.#bytesMax) {
      this.#fault = "tooBig";
      return;
    }
    if (size > this.#content.length) {
      const room = Math.min(this.#bytesMax, Math.max(size, 2 * this.#content.length));
      const grown = new Uint8Array(room);
      grown.set(this.#content.subarray(0, this.#size));
      this.#content = grown;
    }
    this.#content.set(bytes.subarray(from, to), this.#size);
    this.#size = size;
  }

  /** A fault ends the keeping; the first one is reported, and from `at` only the end is looked for. */
  #stopAt(queue: ByteQueue, at: number, fault: DataFault, matched: number): false {
    this.#fault = fault;
    this.#matched = matched;
    this.#content = EMPTY;
    queue.skip(at);
    return false;
  }

  #skipToEnd(queue: ByteQueue): boolean {
    const bytes = queue.peek();
    let at = 0;
    while (at < bytes.length && this.#matched < END.length) {
      if (this.#matched === 0) {
        const next = bytes.indexOf(CR, at);
        if (next === -1) break;
        at = next + 1;
        this.#matched = 1;
      } else {
        const byte = bytes[at++]!;
        if (byte === END[this.#matched]) this.#matched++;
        else this.#matched = byte === CR ? 1 : 0;
      }
    }
    const ended = this.#matched === END.length;
    queue.skip(ended ? at : bytes.length);
    return ended;
  }
}

/** CRLF.CRLF */
const END: readonly number[] = [CR, LF, DOT, CR, LF];
const EMPTY = new Uint8Array(0);
