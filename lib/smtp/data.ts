/**
 * Receiving the content behind DATA, RFC 5321 §4.1.1.4: only CRLF ends a line, and only CRLF.CRLF
 * ends the content. Anything looser lets a stranger smuggle a second message past one of two
 * servers that see the end in different places; so a bare CR or LF is a fault, never a line.
 */
import { type ByteQueue, CR, LF } from "../wire/bytes.ts";
import { fill } from "../wire/lines.ts";
import { deadline, type Step } from "../wire/session.ts";
import { ContentBuffer, type DataFault, PROGRESS_BYTES, TEXT_LINE_BYTES_MAX } from "./content.ts";
import type { Hold } from "../wire/room.ts";

export interface DataLimits {
  readonly contentBytesMax: number;
  /** For every `PROGRESS_BYTES` of content (RFC 5321 §4.5.3.2.5 asks for 3 minutes a block). */
  readonly blockTimeoutMs: number;
  /** Takes what the content needs; whoever has given it releases it. */
  readonly hold: Hold;
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

/** Before its LF: a stuffed dot, text and CR. With more, a line's end need not be waited for. */
const OPEN_LINE_BYTES_MAX = 1 + 998 + 1;
const DOT = 46;

/** Reads the content up to its end; `null` when the peer closed before it. */
export function* readData<B>(queue: ByteQueue, limits: DataLimits): Step<B, DataResult> {
  const reader = new DataReader(limits);
  yield* deadline(limits.blockTimeoutMs);
  let progress = 0;
  for (;;) {
    const before = queue.length;
    const ended = reader.consume(queue);
    if (reader.flooded) return "flood";
    if (ended) return reader.result();
    progress += before - queue.length;
    if (progress >= PROGRESS_BYTES) {
      progress = 0;
      yield* deadline(limits.blockTimeoutMs);
    }
    if (!(yield* fill(queue))) return null;
  }
}

class DataReader {
  readonly #bytesMax: number;
  readonly #content: ContentBuffer;
  #fault: DataFault | null = null;
  /** After a fault: how much of `CRLF.CRLF` the last bytes have matched. */
  #matched = 0;
  #received = 0;

  constructor({ contentBytesMax, hold }: DataLimits) {
    this.#bytesMax = contentBytesMax;
    this.#content = new ContentBuffer(contentBytesMax, hold);
  }

  /** Only what is thrown away can be endless; the rest is bounded by what is kept. */
  get flooded(): boolean {
    return this.#fault !== null && this.#received > 2 * this.#bytesMax;
  }

  result(): DataResult {
    if (this.#fault !== null) return { fault: this.#fault };
    return { content: this.#content.bytes() };
  }

  /** Consumes what it can; true when the end was there. */
  consume(queue: ByteQueue): boolean {
    const before = queue.length;
    const ended = (this.#fault === null && this.#takeLines(queue)) ||
      (this.#fault !== null && this.#skipToEnd(queue));
    this.#received += before - queue.length;
    return ended;
  }

  /**
   * Takes whole lines, up to the end or a fault; leaves the beginning of a line in the queue. Each
   * line is judged by itself, so that the verdict does not depend on how the content was cut.
   */
  #takeLines(queue: ByteQueue): boolean {
    const bytes = queue.peek();
    let lineStart = 0;
    let runStart = 0;
    for (;;) {
      const lineFeed = bytes.indexOf(LF, lineStart);
      if (lineFeed === -1) break;
      const fault = lineFault(bytes, lineStart, lineFeed);
      if (fault !== null) return this.#stopBehind(queue, lineFeed, fault);
      if (bytes[lineStart] === DOT) {
        // RFC 5321 §4.5.2: a dot at the start of a line is only there to be removed.
        this.#content.append(bytes.subarray(runStart, lineStart));
        runStart = lineStart + 1;
        if (lineFeed - lineStart === 2) {
          queue.skip(lineFeed + 1);
          return true;
        }
      }
      if (this.#content.size + lineFeed + 1 - runStart > this.#bytesMax) {
        return this.#stopBehind(queue, lineFeed, "tooBig");
      }
      if (!this.#content.makeRoom(this.#content.size + lineFeed + 1 - runStart)) {
        return this.#stopBehind(queue, lineFeed, "noRoom");
      }
      lineStart = lineFeed + 1;
    }
    if (bytes.length - lineStart > OPEN_LINE_BYTES_MAX) {
      return this.#stopBehind(queue, bytes.length - 1, "overlong");
    }
    this.#content.append(bytes.subarray(runStart, lineStart));
    queue.skip(lineStart);
    return false;
  }

  /** A fault ends the keeping; it is reported, and behind `last` only the end is looked for. */
  #stopBehind(queue: ByteQueue, last: number, fault: DataFault): false {
    const bytes = queue.peek();
    const behindCr = last > 0 && bytes[last - 1] === CR;
    if (bytes[last] === CR) this.#matched = 1;
    else this.#matched = bytes[last] === LF && behindCr ? 2 : 0;
    this.#fault = fault;
    this.#content.clear();
    queue.skip(last + 1);
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

/** What is wrong with the line up to its line feed. */
function lineFault(bytes: Uint8Array, start: number, lineFeed: number): DataFault | null {
  if (lineFeed - start > OPEN_LINE_BYTES_MAX) return "overlong";
  if (lineFeed === start || bytes[lineFeed - 1] !== CR) return "bareLf";
  if (bytes.indexOf(CR, start) < lineFeed - 1) return "bareCr";
  const stuffed = bytes[start] === DOT ? 1 : 0;
  return lineFeed + 1 - start - stuffed > TEXT_LINE_BYTES_MAX ? "overlong" : null;
}

/** CRLF.CRLF */
const END: readonly number[] = [CR, LF, DOT, CR, LF];
