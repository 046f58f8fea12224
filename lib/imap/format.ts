/** What a server says, as bytes: strings of every kind, and lists (RFC 9051 §4 and §9). */
import { concat, decodeLatin1, decodeUtf8, encode, encodeLatin1, isAscii } from "../wire/bytes.ts";

/** A piece of a response: text that stands as it is, or bytes of content. */
export type Piece = string | Uint8Array;

/** RFC 9051 §4.3: longer ones become literals; quoted strings must fit a line of every client. */
const QUOTED_BYTES_MAX = 1_000;

/** One line, with its CRLF. */
export function line(...pieces: readonly Piece[]): Uint8Array {
  return bytesOfPieces([...pieces, "\r\n"]);
}

/**
 * A string: quoted where it can be, else a literal. `utf8`: the client has said that it takes UTF-8
 * in quoted strings (RFC 9051 §4.3, RFC 6855 §3); others get what is not ASCII as a literal.
 */
export function string(bytes: Uint8Array, utf8 = false): Piece {
  return canBeQuoted(bytes, utf8) ? quotedBytes(bytes) : literal(bytes);
}

/** The same for text in which each character is a byte. */
export function latin1String(text: string, utf8 = false): Piece {
  return isPlain(text) ? quoted(text) : string(encodeLatin1(text), utf8);
}

/** The same for text. */
export function textString(text: string, utf8 = false): Piece {
  return isPlain(text) ? quoted(text) : string(encode(text), utf8);
}

/** A string or `NIL`. */
export function nstring(bytes: Uint8Array | null, utf8 = false): Piece {
  return bytes === null ? "NIL" : string(bytes, utf8);
}

/** Whether text with a character for each byte is a quoted string as it is, but for its escapes. */
function isPlain(text: string): boolean {
  if (text.length > QUOTED_BYTES_MAX) return false;
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at);
    if (byte === 0 || byte === 10 || byte === 13 || byte > 126) return false;
  }
  return true;
}

/** A quoted string of text that is known to have only printable ASCII. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/**
 * `{n}` and the bytes; `binary`: `~{n}`, which may hold NUL (RFC 3516 §4.2). In others another byte
 * stands in its place (RFC 9051 §4.3.1), so that sizes stay as they are told.
 */
export function literal(bytes: Uint8Array, binary = false): Uint8Array {
  return bytesOfPieces(literalPieces(bytes, binary));
}

/** The same, with its bytes not copied yet. */
export function literalPieces(bytes: Uint8Array, binary = false): readonly Piece[] {
  const said = binary ? bytes : withoutNul(bytes);
  return [`${binary ? "~" : ""}{${said.length}}\r\n`, said];
}

/** Pieces in parentheses, with spaces between. */
export function list(items: readonly Piece[]): Piece {
  if (items.every(isText)) return `(${items.join(" ")})`;
  return join(["(", ...between(items), ")"]);
}

/** Pieces next to each other, as one. */
export function join(pieces: readonly Piece[]): Piece {
  return pieces.every(isText) ? pieces.join("") : bytesOfPieces(pieces);
}

function isText(piece: Piece): piece is string {
  return typeof piece === "string";
}

/** Pieces next to each other; texts that follow each other are encoded together. */
function bytesOfPieces(pieces: readonly Piece[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let text = "";
  for (const piece of pieces) {
    if (isText(piece)) text += piece;
    else {
      if (text !== "") parts.push(encode(text));
      text = "";
      parts.push(piece);
    }
  }
  if (text !== "") parts.push(encode(text));
  return concat(parts);
}

/** Pieces with spaces between. */
export function between(items: readonly Piece[]): readonly Piece[] {
  return items.flatMap((item, at) => at === 0 ? [item] : [" ", item]);
}

/** RFC 9051 §9 `date-time`; the zone in which something came is not kept, so this is UTC. */
export function dateTime(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = String(date.getUTCDate()).padStart(2, " ");
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `"${day}-${MONTHS[date.getUTCMonth()]}-${year} ${time} +0000"`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function canBeQuoted(bytes: Uint8Array, utf8: boolean): boolean {
  if (bytes.length > QUOTED_BYTES_MAX) return false;
  let above = false;
  for (const byte of bytes) {
    if (byte === 0 || byte === 10 || byte === 13) return false;
    if (byte > 126) above = true;
  }
  return !above || (utf8 && decodeUtf8(bytes) !== null);
}

function withoutNul(bytes: Uint8Array): Uint8Array {
  return bytes.includes(0) ? bytes.map((byte) => byte === 0 ? 128 : byte) : bytes;
}

function quotedBytes(bytes: Uint8Array): Piece {
  if (isAscii(bytes)) return quoted(decodeLatin1(bytes));
  const parts: number[] = [34];
  for (const byte of bytes) {
    if (byte === 34 || byte === 92) parts.push(92);
    parts.push(byte);
  }
  return Uint8Array.from([...parts, 34]);
}
