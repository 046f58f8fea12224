/**
 * The one type of content in backends, store and sessions, whether it lies in memory or is
 * streamed.
 */
import { concat } from "../wire/bytes.ts";
import type { MaybePromise } from "../wire/session.ts";

export interface Body {
  /** In bytes. */
  readonly size: number;
  /** The bytes from `from` up to, not including, `to`; both are clamped to the size. */
  slice(from: number, to: number): MaybePromise<Uint8Array>;
}

/** Content that lies in memory; the bytes must not change afterwards. */
export function bodyOf(bytes: Uint8Array): Body {
  return {
    size: bytes.length,
    slice: (from, to) => bytes.subarray(Math.max(0, from), Math.max(0, to)),
  };
}

/** The content from the byte `from` on, read as a content of its own. */
export function bodyFrom(body: Body, from: number): Body {
  return {
    size: Math.max(0, body.size - from),
    slice: (begin, end) => body.slice(from + Math.max(0, begin), from + Math.max(0, end)),
  };
}

/** Several contents, read as one; without waiting where none of them has to be waited for. */
export function joinBodies(parts: readonly Body[]): Body {
  const whole = parts.filter((part) => part.size > 0);
  if (whole.length === 1) return whole[0]!;
  const size = whole.reduce((sum, part) => sum + part.size, 0);
  return {
    size,
    slice(from, to) {
      const wanted: MaybePromise<Uint8Array>[] = [];
      let start = 0;
      for (const part of whole) {
        const begin = Math.max(from - start, 0);
        const end = Math.min(to - start, part.size);
        if (begin < end) wanted.push(part.slice(begin, end));
        start += part.size;
      }
      return wanted.every(isBytes) ? concat(wanted) : Promise.all(wanted).then(concat);
    },
  };
}

function isBytes(slice: MaybePromise<Uint8Array>): slice is Uint8Array {
  return slice instanceof Uint8Array;
}

/** All the bytes at once, for small content and for people. */
export async function bytesOf(body: Body): Promise<Uint8Array> {
  return await body.slice(0, body.size);
}
