/**
 * A command from the wire: a line, and as long as a line ends with the announcement of a literal,
 * that and one more line (RFC 9051 §2.2.1 and §4.3, RFC 7888).
 */
import { type ByteQueue, decodeLatin1, encode } from "../wire/bytes.ts";
import { fill, type LineFault, readLine } from "../wire/lines.ts";
import type { Hold } from "../wire/room.ts";
import { type Step, writeNow } from "../wire/session.ts";
import { type Literal, type RawCommand, tagIn } from "./parse.ts";

/** What a server takes at most. */
export interface CommandLimits {
  /** Lines and literals together, except for what `literalBytesMax` allows beyond. */
  readonly commandBytesMax: number;
  /** What one literal may have, seen from the beginning of the command. */
  readonly literalBytesMax: (line: string) => number;
  /** What literals take beyond {@linkcode LITERALS_BYTES_FREE}; whoever reads gives it back. */
  readonly hold: Hold;
}

/**
 * What came instead of a command. `tag` is that of the command, where it had one. `tooBig`: a
 * literal that was announced and not sent, or sent and thrown away: the conversation goes on.
 * `noRoom`: the same, because too much is in memory already. `endless`: more than is thrown away:
 * it is over.
 */
export interface CommandFault {
  readonly fault: LineFault | "tooBig" | "noRoom";
  readonly tag: string | null;
}

/** RFC 7888 §4: what comes unasked in literals, and is too big, is thrown away up to this size. */
export const UNASKED_BYTES_MAX = 64 * 1024 * 1024;
/** Literals in one command: each may cost a round trip, and an array. */
export const LITERALS_MAX = 2_000;
/** All literals of one command, which are in memory together: behind the first one, no more. */
export const LITERALS_BYTES_MAX = 128 * 1024 * 1024;
/** So much of a command's literals counts as nothing: passwords and names are taken in any case. */
export const LITERALS_BYTES_FREE = 16 * 1024;

const ANNOUNCEMENT = /(~?)\{([0-9]{1,15})(\+?)\}$/;

/** The next command; `null` when the peer has closed. */
export function* readCommand<B>(
  queue: ByteQueue,
  limits: CommandLimits,
): Step<B, RawCommand | CommandFault | null> {
  const texts: string[] = [];
  const literals: Literal[] = [];
  let left = limits.commandBytesMax;
  let taken = 0;
  let free = LITERALS_BYTES_FREE;
  for (;;) {
    const line = yield* readLine<B>(queue, Math.max(2, left));
    if (line === null) return null;
    const begun = texts[0] ?? "";
    if (typeof line === "string") return { fault: line, tag: tagIn(begun) };
    const text = decodeLatin1(line);
    left -= line.length + 2;
    const announced = ANNOUNCEMENT.exec(text);
    if (announced === null) {
      texts.push(text);
      return { texts, literals };
    }
    const [whole, tilde, digits, plus] = announced as unknown as [string, string, string, string];
    texts.push(text.slice(0, text.length - whole.length));
    const bytes = Number(digits);
    const allowed = Math.max(left, limits.literalBytesMax(texts[0]!));
    taken += bytes;
    const full = taken > bytes && taken > LITERALS_BYTES_MAX;
    const tag = tagIn(texts[0]!);
    const unasked = plus === "+";
    if (bytes > allowed || full || literals.length === LITERALS_MAX) {
      return yield* refuse(queue, { fault: "tooBig", tag, bytes, unasked });
    }
    const hold = bytes > free ? limits.hold : null;
    if (hold === null) free -= bytes;
    else if (!hold.fits(bytes)) {
      return yield* refuse(queue, { fault: "noRoom", tag, bytes, unasked });
    }
    if (!unasked) yield* writeNow<B>(GO_ON);
    const content = yield* readBytes<B>(queue, bytes, hold);
    if (content === null) return null;
    if ("missing" in content) {
      // Others took the room meanwhile.
      return yield* refuse(queue, { fault: "noRoom", tag, bytes: content.missing, unasked: true });
    }
    literals.push({ bytes: content, binary: tilde === "~" });
    if (bytes <= left) left -= bytes;
  }
}

/** RFC 9051 §7.5: anything behind the plus will do. */
const GO_ON = encode("+ go on\r\n");

/**
 * RFC 9051 §4.3: what was not asked for yet is not sent when it is refused. RFC 7888 §4: what comes
 * unasked has to be read, with the rest of its line, or it would be taken for commands.
 */
function* refuse<B>(
  queue: ByteQueue,
  { bytes, unasked, ...refusal }: CommandFault & {
    readonly bytes: number;
    readonly unasked: boolean;
  },
): Step<B, CommandFault | null> {
  const { tag } = refusal;
  if (!unasked) return refusal;
  let left = bytes;
  let skipped = 0;
  for (;;) {
    skipped += left;
    if (skipped > UNASKED_BYTES_MAX) return { fault: "endless", tag };
    if (!(yield* skip<B>(queue, left))) return null;
    const line = yield* readLine<B>(queue, REST_BYTES_MAX);
    if (line === null) return null;
    if (line === "endless") return { fault: line, tag };
    const more = typeof line === "string" ? null : ANNOUNCEMENT.exec(decodeLatin1(line));
    // One that waits to be asked for its literal hears the refusal of the whole instead.
    if (more === null || more[3] !== "+") return refusal;
    left = Number(more[2]);
  }
}

/** What may stand behind a literal that is thrown away. */
const REST_BYTES_MAX = 64 * 1024;

/**
 * So many bytes; `null` when the peer closes before, and how many are still to come where there is
 * no room for them. Room is taken as they come: one who announces much and sends nothing has none.
 */
function* readBytes<B>(
  queue: ByteQueue,
  count: number,
  hold: Hold | null,
): Step<B, Uint8Array | { readonly missing: number } | null> {
  let bytes = new Uint8Array(hold === null ? count : 0);
  let at = 0;
  while (at < count) {
    const part = Math.min(queue.length, count - at);
    if (at + part > bytes.length) {
      const size = Math.min(count, Math.max(at + part, 2 * bytes.length));
      if (!hold!.take(size - bytes.length)) return { missing: count - at };
      const grown = new Uint8Array(size);
      grown.set(bytes);
      bytes = grown;
    }
    bytes.set(queue.take(part), at);
    at += part;
    if (at < count && !(yield* fill<B>(queue))) return null;
  }
  return bytes;
}

function* skip<B>(queue: ByteQueue, count: number): Step<B, boolean> {
  let left = count;
  while (left > 0) {
    const part = Math.min(queue.length, left);
    queue.skip(part);
    left -= part;
    if (left > 0 && !(yield* fill<B>(queue))) return false;
  }
  return true;
}
