/**
 * The framing of content that ends with a line holding a single dot: DATA of SMTP (RFC 5321 §4.5.2)
 * and the multi-line responses of POP3 (RFC 1939 §3). Both directions are streams: chunks go in and
 * come out, wherever they were cut.
 *
 * A line begins at the start of the content and behind CRLF, and nowhere else: a dot behind a bare
 * LF is content (RFC 5321 §2.3.8). Whoever sends content on to others keeps bare LF out of it
 * beforehand, for a reader that takes one for a line's end would see the end of the content there.
 */
import { concat, CR, encode, LF } from "./bytes.ts";

/** Turns content into what goes over the wire. */
export interface DotStuffer {
  /** The next chunk, stuffed; it is the very same array when nothing had to be put in. */
  push(chunk: Uint8Array): Uint8Array;
  /** What closes the content: CRLF if its last line has none, then the line with the dot. */
  end(): Uint8Array;
}

/** Turns what came over the wire back into content. */
export interface DotUnstuffer {
  /** The content in the next chunk; it may be a view of the chunk. Not to be called once done. */
  push(chunk: Uint8Array): Unstuffed;
}

/** What a chunk held. */
export interface Unstuffed {
  readonly content: Uint8Array;
  /** How many bytes of the chunk belong to the content and its framing; all, unless `done`. */
  readonly used: number;
  /** Whether the line with the dot was seen. */
  readonly done: boolean;
}

/** Starts stuffing one content. */
export function dotStuffer(): DotStuffer {
  let before: Place = "lineStart";
  return {
    push(chunk) {
      const parts: Uint8Array[] = [];
      let copied = 0;
      for (let at = lineDot(chunk, 0, before); at !== -1; at = lineDot(chunk, at + 1, before)) {
        // RFC 5321 §4.5.2, RFC 1939 §3: one more dot in front of a line that begins with one.
        parts.push(chunk.subarray(copied, at), DOT_BYTES);
        copied = at;
      }
      before = placeBehind(chunk, before);
      return parts.length === 0 ? chunk : concat([...parts, chunk.subarray(copied)]);
    },
    end() {
      // RFC 5321 §4.1.1.4: a message that does not end with CRLF gets one; an empty one needs none.
      return before === "lineStart" ? END : END_BEHIND_OPEN_LINE;
    },
  };
}

/** Starts unstuffing one content. */
export function dotUnstuffer(): DotUnstuffer {
  let before: Place = "lineStart";
  /** A line's first dot, and a CR behind it, while it is not known what follows. */
  let held: Uint8Array = EMPTY;
  return {
    push(chunk) {
      const bytes = held.length === 0 ? chunk : concat([held, chunk]);
      const parts: Uint8Array[] = [];
      let copied = 0;
      for (let at = lineDot(bytes, 0, before); at !== -1; at = lineDot(bytes, at + 1, before)) {
        parts.push(bytes.subarray(copied, at));
        const follows = whatFollows(bytes, at + 1);
        if (follows === "end") {
          return { content: concat(parts), used: at + 3 - held.length, done: true };
        }
        if (follows === "unknown") {
          before = "lineStart";
          held = bytes.slice(at);
          return { content: concat(parts), used: chunk.length, done: false };
        }
        // RFC 1939 §3: other octets than CRLF follow, so only the dot goes.
        copied = at + 1;
      }
      before = placeBehind(bytes, before);
      held = EMPTY;
      parts.push(bytes.subarray(copied));
      return { content: concat(parts), used: chunk.length, done: false };
    },
  };
}

/** Where in the content a chunk begins or ends. */
type Place = "lineStart" | "behindCr" | "inLine";

const DOT = 46;
const EMPTY = new Uint8Array(0);
const DOT_BYTES = encode(".");
const END = encode(".\r\n");
const END_BEHIND_OPEN_LINE = encode("\r\n.\r\n");

/**
 * The next dot from `from` on that begins a line, or -1. Looking for dots first, and only then at
 * what stands before them, lets one native search pass over a whole attachment in base64.
 */
function lineDot(chunk: Uint8Array, from: number, before: Place): number {
  let at = chunk.indexOf(DOT, from);
  while (at !== -1 && !beginsLine(chunk, at, before)) at = chunk.indexOf(DOT, at + 1);
  return at;
}

function beginsLine(chunk: Uint8Array, at: number, before: Place): boolean {
  if (at === 0) return before === "lineStart";
  if (chunk[at - 1] !== LF) return false;
  return at === 1 ? before === "behindCr" : chunk[at - 2] === CR;
}

function placeBehind(chunk: Uint8Array, before: Place): Place {
  if (chunk.length === 0) return before;
  if (chunk.at(-1) === CR) return "behindCr";
  return beginsLine(chunk, chunk.length, before) ? "lineStart" : "inLine";
}

/** What comes behind a line's first dot: the end of the content, more of it, or not here yet. */
function whatFollows(chunk: Uint8Array, at: number): "end" | "content" | "unknown" {
  if (at === chunk.length) return "unknown";
  if (chunk[at] !== CR) return "content";
  if (at + 1 === chunk.length) return "unknown";
  return chunk[at + 1] === LF ? "end" : "content";
}
