/** Undoing transfer encodings (RFC 2045 §6), as leniently as mail programs have always been. */
import { CR, LF } from "../wire/bytes.ts";

/** The content of a body; `null` where the encoding is not known. */
export function decodeTransfer(body: Uint8Array, encoding: string): Uint8Array | null {
  switch (encoding) {
    case "7bit":
    case "8bit":
    case "binary":
      return body;
    case "base64":
      return decodeBase64Lines(body);
    case "quoted-printable":
      return decodeQuotedPrintable(body);
    default:
      return null;
  }
}

/**
 * RFC 2045 §6.8: characters that are not of the alphabet are passed over; padding ends a group, and
 * what follows it (where somebody has joined two encodings) is read on.
 */
export function decodeBase64Lines(body: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(body.length * 3 / 4));
  let length = 0;
  let bits = 0;
  let count = 0;
  for (const byte of body) {
    const value = VALUES[byte]!;
    if (value === PADDING) {
      bits = count = 0;
    } else if (value < 64) {
      bits = (bits << 6 | value) & 0xfff;
      count += 6;
      if (count < 8) continue;
      count -= 8;
      result[length++] = bits >> count & 255;
    }
  }
  return result.subarray(0, length);
}

/** RFC 2045 §6.7: blanks at a line's end go; what is no encoding stands for itself. */
export function decodeQuotedPrintable(body: Uint8Array): Uint8Array {
  const result = new Uint8Array(body.length);
  let length = 0;
  for (let at = 0; at < body.length;) {
    const lineFeed = body.indexOf(LF, at);
    const lineEnd = lineFeed === -1 ? body.length : lineFeed;
    let end = lineEnd;
    while (end > at && isBlank(body[end - 1]!)) end--;
    const soft = end > at && body[end - 1] === EQUALS;
    if (soft) end--;
    while (at < end) {
      const value = body[at] === EQUALS && at + 2 < end ? hexAt(body, at + 1) : null;
      result[length++] = value ?? body[at]!;
      at += value === null ? 1 : 3;
    }
    if (!soft && lineFeed !== -1) {
      if (body[lineFeed - 1] === CR) result[length++] = CR;
      result[length++] = LF;
    }
    at = lineEnd + 1;
  }
  return result.subarray(0, length);
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === CR;
}

/** The octet that two hexadecimal digits stand for; RFC 2045 §6.7 (1): lower case is met too. */
function hexAt(body: Uint8Array, at: number): number | null {
  const digits = String.fromCharCode(body[at]!, body[at + 1]!);
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? parseInt(digits, 16) : null;
}

const EQUALS = 61;
const OTHER = 255;
const PADDING = 64;
const VALUES = valuesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(OTHER);
  for (const [at, character] of [...alphabet].entries()) values[character.charCodeAt(0)] = at;
  values["=".charCodeAt(0)] = PADDING;
  return values;
}
