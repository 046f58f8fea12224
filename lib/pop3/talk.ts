/**
 * Saying and hearing lines, the same on both sides of the wire, with what a trace may show of them.
 */
import { type ByteQueue, encode } from "../wire/bytes.ts";
import { type LineFault, readLine } from "../wire/lines.ts";
import { type Step, trace, type TraceFrom, write } from "../wire/session.ts";

/** One end of a conversation. */
export interface Talk {
  /** What the peer has said and nobody has read yet. */
  readonly queue: ByteQueue;
  /** Whether somebody watches. */
  readonly traced: boolean;
}

/** Says one line; `shown` stands for it in the trace when it holds a secret. */
export function* say<B>(talk: Talk, line: string, shown: string = line): Step<B, void> {
  yield* write(encode(`${line}\r\n`));
  yield* show(talk, "self", shown);
}

/**
 * Hears one line of at most `bytesMax`, CRLF included, as {@linkcode readLine} gives it. `visible`
 * says what the trace may show of it.
 */
export function* hear<B>(
  talk: Talk,
  bytesMax: number,
  visible: (line: Uint8Array) => string,
): Step<B, Uint8Array | LineFault | null> {
  const line = yield* readLine<B>(talk.queue, bytesMax);
  if (talk.traced && line !== null) {
    yield* show(talk, "peer", typeof line === "string" ? `(${line} line)` : visible(line));
  }
  return line;
}

/** Shows a line to whoever watches. */
export function* show<B>(talk: Talk, from: TraceFrom, line: string): Step<B, void> {
  if (talk.traced) yield* trace(from, encode(line));
}
