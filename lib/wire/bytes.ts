import { isAscii as isAsciiNatively } from "node:buffer";

/**
 * Bytes that came and are not consumed yet. Chunks are lent by the transport until its next read,
 * so what is left must be kept (copied) before one asks for more; in the usual case nothing is
 * left, and nothing is copied. The queue remembers how far it has searched for a line's end, so
 * that a sender of single bytes cannot make the search quadratic.
 */
export class ByteQueue {
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;
  #searched = 0;
  #lent = false;

  /** How many bytes wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Takes in a chunk that stays valid until {@linkcode keep} is called. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#searched = 0;
      this.#lent = true;
      return;
    }
    this.#own(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Copies what is left of a lent chunk: its lender is about to use the memory again. */
  keep(): void {
    if (this.#start === this.#end) {
      this.#bytes = EMPTY;
      this.#start = this.#end = this.#searched = 0;
      this.#lent = false;
    } else if (this.#lent) this.#own(0);
  }

  /** The offset of the next line feed from the start of the queue, or -1. */
  lineFeed(): number {
    // Behind `end` lies spare memory with old bytes: what is found there does not count. Where
    // there is much of it, it is cut off, so that the search costs no more than the bytes that
    // came.
    const spare = this.#bytes.length - this.#end;
    const bytes = spare > SPARE_SEARCHED_MAX ? this.#bytes.subarray(0, this.#end) : this.#bytes;
    const at = bytes.indexOf(LF, this.#start + this.#searched);
    if (at === -1 || at >= this.#end) {
      this.#searched = this.length;
      return -1;
    }
    return at - this.#start;
  }

  /**
   * The first `count` bytes, consumed: a view that is valid until the next push or keep.
   * @throws {RangeError} when there are fewer.
   */
  take(count: number): Uint8Array {
    const start = this.#start;
    this.skip(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** Consumes `count` bytes unseen. @throws {RangeError} when there are fewer. */
  skip(count: number): void {
    if (count > this.length) {
      throw new RangeError(`Cannot consume ${count} of ${this.length} bytes`);
    }
    this.#start += count;
    this.#searched = Math.max(0, this.#searched - count);
  }

  /** All bytes that wait, not consumed: a view that is valid until the next push or keep. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Forgets everything: after STARTTLS nothing that was said before may count. */
  clear(): void {
    this.#start = this.#end = this.#searched = 0;
    this.#bytes = EMPTY;
    this.#lent = false;
  }

  #own(more: number): void {
    const length = this.length;
    if (!this.#lent && this.#end + more <= this.#bytes.length) return;
    const room = Math.max(256, this.#lent ? length + more : 2 * (length + more));
    const bytes = new Uint8Array(room);
    bytes.set(this.peek());
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = length;
    this.#lent = false;
  }
}

const EMPTY = new Uint8Array(0);
/** Looking through so much costs less than making a view. */
const SPARE_SEARCHED_MAX = 1024;
/** A mebibyte takes 1.2 ms in a loop, and 0.03 ms natively. */
const LOOPED_BYTES_MAX = 100;
export const CR = 13;
export const LF = 10;

const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text as UTF-8 bytes. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Bytes as text; what is not UTF-8 becomes U+FFFD. */
export function decode(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** UTF-8 as text, without a byte order mark; `null` for bytes that are something else. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null; // not UTF-8, which is what null says
  }
}

/** Bytes as text, one character a byte (U+0000 to U+00FF): loses nothing. */
export function decodeLatin1(bytes: Uint8Array): string {
  // What is ASCII, as nearly everything is, the runtime decodes two hundred times as fast.
  if (isAscii(bytes)) return utf8.decode(bytes);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += Reflect.apply(String.fromCharCode, null, bytes.subarray(i, i + 8192));
  }
  return text;
}

/** The bytes of text in which each character is one: what {@linkcode decodeLatin1} undoes. */
export function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Whether no byte is above 127. */
export function isAscii(bytes: Uint8Array): boolean {
  // This is asked of every message. What is short is looked through before a call would be made.
  if (bytes.length > LOOPED_BYTES_MAX) return isAsciiNatively(bytes);
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]! > 127) return false;
  }
  return true;
}

/** All parts in one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether both hold the same bytes. Not for secrets: it stops at the first difference. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
