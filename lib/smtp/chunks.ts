/**
 * Receiving the content by BDAT, RFC 3030 §2: its length is said before it, so no bytes can end it
 * early, and nothing in it is stuffed. BINARYMIME is not offered, so it is text all the same: lines
 * that end with CRLF. A bare CR or LF is refused here as behind DATA, for the next reader of this
 * content, by DATA or POP3, could take one for a line's end.
 */
import { type ByteQueue, CR, encode, LF } from "../wire/bytes.ts";
import { fill } from "../wire/lines.ts";
import { deadline, type Step } from "../wire/session.ts";
import { ContentBuffer, type DataFault, PROGRESS_BYTES, TEXT_LINE_BYTES_MAX } from "./content.ts";
import type { Hold } from "../wire/room.ts";

/** Puts the chunks of one message together, and finds what is wrong with it. */
export interface ChunkReader {
  /** Takes the next bytes, wherever they were cut; after a fault they are thrown away. */
  push(bytes: Uint8Array): void;
  /** The first fault so far. */
  fault(): DataFault | null;
  /** The whole content, or the fault that shows at its end. */
  end(): { readonly content: Uint8Array } | { readonly fault: DataFault };
  /** Forgets the content, and gives back the room that it took. */
  clear(): void;
}

/** Starts a message of at most `contentBytesMax`, which takes what it needs of `hold`. */
export function chunkReader(contentBytesMax: number, hold: Hold): ChunkReader {
  const content = new ContentBuffer(contentBytesMax, hold);
  let fault: DataFault | null = null;
  /** How much of a line is open, and whether a CR is the last of it. */
  let line: OpenLine = { bytes: 0, endsWithCr: false };
  function push(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length && fault === null;) {
      const lineFeed = bytes.indexOf(LF, start);
      const piece = bytes.subarray(start, lineFeed === -1 ? bytes.length : lineFeed + 1);
      // For the longest line, so that it does not depend on the cuts what is found wrong first.
      const room = Math.min(contentBytesMax, content.size + TEXT_LINE_BYTES_MAX);
      if (line.bytes === 0 && !content.makeRoom(room)) fault = "noRoom";
      else fault = firstFault(piece, line, contentBytesMax - content.size);
      if (fault !== null) return content.clear();
      content.append(piece);
      line = lineFeed === -1
        ? { bytes: line.bytes + piece.length, endsWithCr: piece.at(-1) === CR }
        : { bytes: 0, endsWithCr: false };
      start += piece.length;
    }
  }
  return {
    push,
    fault: () => fault,
    end() {
      // RFC 5321 §4.1.1.4: a message that does not end with CRLF gets one. Whoever hands it on, by
      // DATA or POP3, has to add it, and RFC 6376 §3.4.3 counts it in, so no signature breaks.
      if (line.bytes > 0) push(CRLF);
      return fault === null ? { content: content.bytes() } : { fault };
    },
    clear: () => content.clear(),
  };
}

/**
 * Consumes a chunk of `chunkBytes`, into `reader` where there is one; false when the peer closed
 * before its end.
 */
export function* readChunk<B>(
  queue: ByteQueue,
  chunkBytes: number,
  { reader, blockTimeoutMs }: {
    readonly reader: ChunkReader | null;
    /** For every `PROGRESS_BYTES`, as behind DATA; the first have the time that runs already. */
    readonly blockTimeoutMs: number;
  },
): Step<B, boolean> {
  let progress = 0;
  for (let left = chunkBytes;;) {
    const bytes = queue.take(Math.min(left, queue.length));
    reader?.push(bytes);
    left -= bytes.length;
    if (left === 0) return true;
    progress += bytes.length;
    if (progress >= PROGRESS_BYTES) {
      progress = 0;
      yield* deadline(blockTimeoutMs);
    }
    if (!(yield* fill(queue))) return false;
  }
}

interface OpenLine {
  readonly bytes: number;
  readonly endsWithCr: boolean;
}

const CRLF = encode("\r\n");

/**
 * What is wrong first with a piece that goes on from an open line and has a line feed at most as
 * its last byte. The place decides, and not the order of the questions, so that the verdict does
 * not depend on how the content was cut.
 */
function firstFault(piece: Uint8Array, line: OpenLine, room: number): DataFault | null {
  const found: readonly (readonly [at: number, fault: DataFault])[] = [
    [bareCrAt(piece, line), "bareCr"],
    [bareLfAt(piece, line), "bareLf"],
    [TEXT_LINE_BYTES_MAX - line.bytes, "overlong"],
    [room, "tooBig"],
  ];
  const inside = found.filter(([at]) => at < piece.length);
  if (inside.length === 0) return null;
  return inside.reduce((first, each) => each[0] < first[0] ? each : first)[1];
}

/** Where the byte stands that shows that the CR before it is alone; infinity without one. */
function bareCrAt(piece: Uint8Array, { endsWithCr }: OpenLine): number {
  if (endsWithCr && piece[0] !== LF) return 0;
  const cr = piece.indexOf(CR);
  const follows = piece[cr + 1];
  return cr === -1 || follows === undefined || follows === LF ? Infinity : cr + 1;
}

function bareLfAt(piece: Uint8Array, { endsWithCr }: OpenLine): number {
  const last = piece.length - 1;
  if (piece[last] !== LF) return Infinity;
  const before = last === 0 ? endsWithCr : piece[last - 1] === CR;
  return before ? Infinity : last;
}
