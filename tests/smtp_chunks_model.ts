/** Content as BDAT brings it, read by our reader, and by one that can be checked by reading it. */
import { chunkReader } from "../lib/smtp/chunks.ts";
import type { DataFault } from "../lib/smtp/content.ts";
import { createRoom } from "../lib/wire/room.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";

/** The content, one character a byte, or a fault in angle brackets, as `chunkReader` says. */
export function readChunked(pieces: readonly Uint8Array[], bytesMax: number): string {
  const reader = chunkReader(bytesMax, createRoom(Infinity).hold());
  for (const piece of pieces) reader.push(piece.slice());
  const found = reader.fault();
  const whole = reader.end();
  if (found !== null && !("fault" in whole)) return "a fault is forgotten";
  return "fault" in whole ? `<${whole.fault}>` : decodeLatin1(whole.content);
}

/** Reads one byte after the other, and says the same. */
export function modelChunked(content: string, bytesMax: number): string {
  let line = "";
  for (let at = 0; at < content.length; at++) {
    line += content[at];
    const fault = modelFault(line, at + 1, bytesMax);
    if (fault !== null) return `<${fault}>`;
    if (line.endsWith("\n")) line = "";
  }
  if (line.endsWith("\r")) return "<bareCr>";
  if (line === "") return content;
  if (line.length + 2 > 1000) return "<overlong>";
  return content.length + 2 > bytesMax ? "<tooBig>" : `${content}\r\n`;
}

function modelFault(line: string, contentBytes: number, bytesMax: number): DataFault | null {
  if (/\r[^\n]$/s.test(line)) return "bareCr";
  if (/(^|[^\r])\n$/s.test(line)) return "bareLf";
  if (line.length > 1000) return "overlong";
  return contentBytes > bytesMax ? "tooBig" : null;
}
