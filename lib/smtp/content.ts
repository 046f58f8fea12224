/** What the two ways to receive content, DATA and BDAT, have in common. */

import type { Hold } from "../wire/room.ts";

/** What is wrong with content; `noRoom`: nothing, but too much is in memory already. */
export type DataFault = "tooBig" | "noRoom" | "bareLf" | "bareCr" | "overlong";

/** RFC 5321 §4.5.3.1.6: in octets, with the CRLF, not counting a stuffed dot. */
export const TEXT_LINE_BYTES_MAX = 1000;
/** A peer that sends less than this within one block's time is holding a place for nothing. */
export const PROGRESS_BYTES = 16 * 1024;
/** The first buffer: most mail fits, and a SIZE that was promised and not sent costs nothing. */
const FIRST_BUFFER_BYTES = 8 * 1024;

/** Content that grows piece by piece; the pieces are copied. */
export class ContentBuffer {
  readonly #bytesMax: number;
  readonly #hold: Hold;
  #bytes: Uint8Array = new Uint8Array(FIRST_BUFFER_BYTES);
  #size = 0;

  /** For at most `bytesMax`; what they need beyond the first buffer is taken of `hold`. */
  constructor(bytesMax: number, hold: Hold) {
    this.#bytesMax = bytesMax;
    this.#hold = hold;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether content of this size can be kept; the first buffer is small, and free. */
  makeRoom(size: number): boolean {
    const { length } = this.#bytes;
    if (size <= length) return true;
    const room = Math.min(this.#bytesMax, Math.max(size, 2 * length));
    if (!this.#hold.take(room - length)) return false;
    const grown = new Uint8Array(room);
    grown.set(this.bytes());
    this.#bytes = grown;
    return true;
  }

  /** Keeps a piece, for which room was made. */
  append(piece: Uint8Array): void {
    this.#bytes.set(piece, this.#size);
    this.#size += piece.length;
  }

  /** A view of all that was appended. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Forgets everything, and gives back what it held. */
  clear(): void {
    this.#bytes = EMPTY;
    this.#size = 0;
    this.#hold.release();
  }
}

const EMPTY = new Uint8Array(0);
