/** Whether a message is internationalized: RFC 6532 §3, at any level of its MIME structure. */
import { decodeLatin1, isAscii, LF } from "../wire/bytes.ts";

/**
 * Whether a header field holds more than ASCII: in the header of the message, of a part, or of a
 * message within (RFC 6531 §3.2). Boundaries are guessed: every line that begins with two hyphens
 * and a third thing may be one, so that a broken structure is never taken for a harmless one. A
 * field in an old charset, which has no place in a header at all, is not what is meant.
 */
export function hasUtf8Header(message: Uint8Array): boolean {
  if (isAscii(message)) return false;
  let inHeader = true;
  let parts = false; // whether there may be headers behind this one
  let start = 0;
  let headerStart = 0;
  while (start < message.length) {
    const lineFeed = message.indexOf(LF, start);
    const end = lineFeed === -1 ? message.length : lineFeed + 1;
    const line = message.subarray(start, end);
    if (inHeader) {
      if (!isAscii(line) && isUtf8(line)) return true;
      if (line.length <= 2 && lineFeed !== -1) {
        const type = contentType(message.subarray(headerStart, start));
        parts ||= type === "multipart" || type === "message";
        // The header of a message within follows at once.
        inHeader = type === "message";
        headerStart = end;
      }
    } else if (parts && isBoundary(line)) {
      inHeader = true;
      headerStart = end;
    }
    start = end;
  }
  return false;
}

function isUtf8(line: Uint8Array): boolean {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(line) !== "";
  } catch {
    return false; // what the decoder refuses is in another charset
  }
}

function contentType(header: Uint8Array): string | null {
  const text = decodeLatin1(header).replace(/\r?\n[ \t]+/g, " ");
  return /^content-type[ \t]*:[ \t]*(multipart|message)\//im.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** A signature begins with two hyphens and a blank, and is none. */
function isBoundary(line: Uint8Array): boolean {
  return line[0] === HYPHEN && line[1] === HYPHEN && line.length > 2 && line[2]! > 32;
}

const HYPHEN = 45;
