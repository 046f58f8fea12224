/** Where the top of a message ends (RFC 1939 §7 TOP), found while the message streams by. */
import { CR, LF } from "../wire/bytes.ts";

/** Looks at the next chunk. */
export type TopMeter = (chunk: Uint8Array) => {
  /** How many bytes of the chunk belong to the top. */
  readonly count: number;
  /** Whether the top ends there. */
  readonly done: boolean;
};

/**
 * Measures the header, the empty line and `lines` lines of the body. A message without an empty
 * line is all header. Only CRLF ends a line, as in the framing around it.
 */
export function topMeter(lines: number): TopMeter {
  let left = lines;
  let inHeader = true;
  /** Where the current line began and where the chunk begins, from the start of the message. */
  let lineStart = 0;
  let chunkStart = 0;
  let lastByte = LF;

  /** Takes note of a line's end; whether it was the last line of the top. */
  function lineEnds(end: number): boolean {
    const empty = end - lineStart === 2;
    lineStart = end;
    if (!inHeader) return --left === 0;
    inHeader = !empty;
    return empty && left === 0;
  }

  return (chunk) => {
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) {
      const before = at === 0 ? lastByte : chunk[at - 1];
      if (before === CR && lineEnds(chunkStart + at + 1)) return { count: at + 1, done: true };
    }
    lastByte = chunk.at(-1) ?? lastByte;
    chunkStart += chunk.length;
    return { count: chunk.length, done: false };
  };
}
