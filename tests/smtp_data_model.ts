/** Content as DATA brings it, read by our reader, and by one that can be checked by reading it. */
import type { DataFault } from "../lib/smtp/content.ts";
import { readData } from "../lib/smtp/data.ts";
import { createRoom } from "../lib/wire/room.ts";
import { ByteQueue, decodeLatin1 } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { play, type Played } from "./play.ts";

/** What was read, one character a byte. */
export interface Read {
  /** The content; a fault, `<flood>` or `<closed>` in angle brackets. */
  readonly content: string;
  /** What lies behind the end. */
  readonly rest: string;
}

/** Reads with `readData`. */
export function read(chunks: readonly Uint8Array[], bytesMax: number): Read {
  const { outcome, chunksRead } = played(chunks, bytesMax);
  if (outcome === undefined || outcome === null) return { content: "<closed>", rest: "" };
  if (outcome === "flood") return { content: "<flood>", rest: "" };
  const unread = chunks.slice(chunksRead).map(decodeLatin1).join("");
  return { content: outcome.content, rest: outcome.rest + unread };
}

/** Plays `readData`; each block may take 7 ms. */
export function played(
  chunks: readonly Uint8Array[],
  bytesMax: number,
): Played<Read | "flood" | null> {
  return play(reading(bytesMax), chunks, null);
}

function* reading(bytesMax: number): Session<null, Read | "flood" | null> {
  const queue = new ByteQueue();
  const hold = createRoom(Infinity).hold();
  const limits = { contentBytesMax: bytesMax, blockTimeoutMs: 7, hold };
  const result = yield* readData<null>(queue, limits);
  if (result === null || result === "flood") return result;
  const content = "fault" in result ? `<${result.fault}>` : decodeLatin1(result.content);
  return { content, rest: decodeLatin1(queue.peek()) };
}

/** Reads one byte after the other, and says the same. */
export function modelRead(wire: string, bytesMax: number): Read {
  let content = "";
  let line = "";
  let fault: DataFault | null = null;
  for (let at = 0; at < wire.length; at++) {
    const ended = line === ".\r" && wire[at] === "\n" && wire.slice(0, at - 2).endsWith("\r\n");
    line += wire[at];
    fault ??= modelFault(line, content.length, bytesMax);
    if (fault !== null && at + 1 > 2 * bytesMax) return { content: "<flood>", rest: "" };
    if (ended || (at === 2 && line === ".\r\n")) {
      const rest = wire.slice(at + 1);
      return { content: fault === null ? content : `<${fault}>`, rest };
    }
    if (!line.endsWith("\n")) continue;
    content += line.startsWith(".") ? line.slice(1) : line;
    line = "";
  }
  return { content: "<closed>", rest: "" };
}

function modelFault(line: string, contentBytes: number, bytesMax: number): DataFault | null {
  if (!line.endsWith("\n")) return line.length > 1000 ? "overlong" : null;
  if (!line.endsWith("\r\n")) return "bareLf";
  if (line.slice(0, -2).includes("\r")) return "bareCr";
  const text = line.startsWith(".") ? line.slice(1) : line;
  if (text.length > 1000) return "overlong";
  return line !== ".\r\n" && contentBytes + text.length > bytesMax ? "tooBig" : null;
}
