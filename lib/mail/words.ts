/** Encoded words: text beyond ASCII in the fields of a header, RFC 2047. */
import { encode } from "../wire/bytes.ts";
import { decoderOf } from "./charset.ts";

/**
 * Text as encoded words, short enough for a line (RFC 2047 §2), to be joined with blanks. Readers
 * drop the blanks between them (RFC 2047 §6.2).
 */
export function encodeWords(text: string): readonly string[] {
  const bytes = encode(text);
  // Few escapes: the Q encoding, which people can read in the raw. Many: B, which is shorter then.
  const literals = bytes.reduce((count, byte) => count + LITERAL[byte]!, 0);
  const quoted = literals * 2 >= bytes.length;
  const words: Uint8Array[] = [];
  let start = 0;
  let at = 0;
  let qLength = 0;
  // RFC 2047 §5: a character is never divided between two words.
  for (const character of text) {
    const end = at + utf8Length(character);
    let qMore = 0;
    for (let each = at; each < end; each++) qMore += LITERAL[bytes[each]!] === 1 ? 1 : 3;
    const length = quoted ? qLength + qMore : Math.ceil((end - start) / 3) * 4;
    if (length > ENCODED_TEXT_CHARACTERS_MAX) {
      words.push(bytes.subarray(start, at));
      start = at;
      qLength = 0;
    }
    qLength += qMore;
    at = end;
  }
  words.push(bytes.subarray(start));
  return words.map((word) =>
    quoted ? `=?UTF-8?Q?${encodeQ(word)}?=` : `=?UTF-8?B?${word.toBase64()}?=`
  );
}

/** The text with its encoded words decoded; what cannot be decoded stays as it is. */
export function decodeWords(text: string): string {
  return text.replace(ADJACENT_WORDS, (run) => {
    let decoded = "";
    let charset = "";
    let bytes: Uint8Array = new Uint8Array(0);
    for (const [written, label, encoding, body] of run.matchAll(WORD)) {
      const part = /^b$/i.test(encoding!) ? decodeB(body!) : decodeQ(body!);
      const name = label!.toLowerCase().replace(/\*.*$/, ""); // RFC 2231 §5: `charset*language`
      if (part === null || decoderOf(name) === null) {
        decoded += decodeCharset(bytes, charset) + written;
        bytes = new Uint8Array(0);
      } else if (name === charset) {
        // RFC 2047 §5 forbids to divide a character between words, and many programs do it.
        bytes = new Uint8Array([...bytes, ...part]);
      } else {
        decoded += decodeCharset(bytes, charset);
        charset = name;
        bytes = part;
      }
    }
    return decoded + decodeCharset(bytes, charset);
  });
}

/**
 * RFC 2047 §2: a word has at most 75 characters, its line at most 76. With twelve for `=?UTF-8?Q?`
 * and `?=`, this much fits behind `Subject: ` as well.
 */
const ENCODED_TEXT_CHARACTERS_MAX = 52;

// A word longer than RFC 2047 allows is decoded too; runs are bounded, so that joining them is
// cheap.
const WORD = /=\?([A-Za-z0-9_.:*+-]{1,64})\?([bq])\?([^?\s]{0,2000})\?=/gi;
const ADJACENT_WORDS = new RegExp(`${WORD.source}(?:\\s{0,80}${WORD.source}){0,100}`, "gi");

/** 1 for each byte that stands for itself; RFC 2047 §5 (3): safe in a phrase is safe everywhere. */
const LITERAL: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => /[A-Za-z0-9!*+/ -]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** How many bytes a character has. */
function utf8Length(character: string): number {
  const point = character.codePointAt(0)!;
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
}

function encodeQ(bytes: Uint8Array): string {
  return Array.from(
    bytes,
    (byte) =>
      byte === 0x20
        ? "_"
        : LITERAL[byte] === 1
        ? String.fromCharCode(byte)
        : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}

function decodeQ(text: string): Uint8Array | null {
  const plain = text.replaceAll("_", " ");
  const bytes: number[] = [];
  for (let at = 0; at < plain.length; at++) {
    const code = plain.charCodeAt(at);
    const hex = plain.slice(at + 1, at + 3);
    if (code === 0x3d && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(parseInt(hex, 16));
      at += 2;
    } else if (code < 128) bytes.push(code);
    else return null;
  }
  return Uint8Array.from(bytes);
}

function decodeB(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null; // not base64
  }
}

function decodeCharset(bytes: Uint8Array, charset: string): string {
  return bytes.length === 0 ? "" : decoderOf(charset)!.decode(bytes);
}
