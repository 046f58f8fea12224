/**
 * Transfer encodings, RFC 2045 §6: how content gets through servers that know only short ASCII
 * lines.
 */
import { concat, CR, decodeLatin1, encode, LF } from "../wire/bytes.ts";

/** How a part is written down. */
export interface Encoded {
  /** The value of Content-Transfer-Encoding. */
  readonly encoding: "7bit" | "8bit" | "quoted-printable";
  readonly bytes: Uint8Array;
}

/**
 * Text lines with CRLF in the plainest encoding that carries them. `eightBit: false` keeps out
 * bytes above 127, for a part that must pass everywhere.
 */
export function encodeText(
  lines: Uint8Array,
  { eightBit }: { readonly eightBit: boolean },
): Encoded {
  const ascii = lines.every((byte) => byte < 128);
  // RFC 2045 §2.7 and §2.8: lines of at most 998 octets and no NUL; all else needs an encoding.
  if (!hasPlainLines(lines) || lines.includes(0) || (!ascii && !eightBit)) {
    return { encoding: "quoted-printable", bytes: encodeQuotedPrintable(lines) };
  }
  return { encoding: ascii ? "7bit" : "8bit", bytes: lines };
}

/** RFC 2045 §6.7, for text whose lines end with CRLF. */
export function encodeQuotedPrintable(lines: Uint8Array): Uint8Array {
  const out: string[] = [];
  let line = "";
  for (let at = 0; at < lines.length; at++) {
    const byte = lines[at]!;
    const atLineEnd = lines[at + 1] === CR && lines[at + 2] === LF;
    if (byte === CR && lines[at + 1] === LF) {
      out.push(line, "\r\n");
      line = "";
      at++;
      continue;
    }
    const isBlank = byte === 32 || byte === 9;
    // RFC 2045 §6.7 (3): a blank at a line's end might be lost on the way, so it is escaped.
    const literal = isBlank
      ? !atLineEnd && at + 1 < lines.length
      : byte > 32 && byte < 127 && byte !== EQUALS;
    const piece = literal ? String.fromCharCode(byte) : `=${HEX[byte >> 4]}${HEX[byte & 15]}`;
    // RFC 2045 §6.7 (5): at most 76 characters, the equals sign of a soft line break among them.
    if (line.length + piece.length > 75) {
      out.push(line, "=\r\n");
      line = "";
    }
    line += piece;
  }
  out.push(line);
  return encode(out.join(""));
}

/** RFC 2045 §6.8: lines of at most 76 characters; the last one has no line end. */
export function encodeBase64Lines(bytes: Uint8Array): Uint8Array {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BASE64_LINE_BYTES) {
    if (at > 0) lines.push(CRLF);
    lines.push(encode(btoa(decodeLatin1(bytes.subarray(at, at + BASE64_LINE_BYTES)))));
  }
  return concat(lines);
}

/** Text with any line ends as UTF-8 lines with CRLF, the last one among them (RFC 5322 §2.1). */
export function toLines(text: string): Uint8Array {
  const lines = text.replace(/\r\n|\r|\n/g, "\r\n");
  return encode(lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`);
}

const EQUALS = 61;
/** 57 bytes make 76 characters. */
const BASE64_LINE_BYTES = 57;
const CRLF = encode("\r\n");
const HEX = "0123456789ABCDEF";
/** RFC 5322 §2.1.1, with the CRLF. */
const LINE_BYTES_MAX = 1000;

/** Whether all lines end with CRLF, hold no other CR, and are short enough. */
function hasPlainLines(lines: Uint8Array): boolean {
  for (let start = 0; start < lines.length;) {
    const end = lines.indexOf(LF, start) + 1;
    if (end === 0 || end - start > LINE_BYTES_MAX) return false;
    const carriageReturn = lines.indexOf(CR, start);
    if (carriageReturn === -1 || carriageReturn !== end - 2) return false;
    start = end;
  }
  return true;
}
