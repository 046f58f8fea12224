/** Cutting sections out of a message (RFC 9051 §6.4.5): by the offsets of its parts. */
import { type Header, parseHeader } from "../mail/header.ts";
import { decodeTransfer } from "../mail/decode.ts";
import { isMessage, isMultipart, type Part } from "../mail/mime.ts";
import { concat, encode } from "../wire/bytes.ts";
import { refused } from "./error.ts";
import type { Partial, Section } from "./fetch_command.ts";

/** A message with its parts. */
export interface Dissected {
  readonly bytes: Uint8Array;
  readonly root: Part;
}

/** The bytes of a section; `null` where there is no such part. */
export function sectionOf(message: Dissected, { part, of }: Section): Uint8Array | null {
  const { bytes } = message;
  if (part.length === 0) {
    // What is asked for most needs nobody to know the parts.
    if (of.kind === "all") return bytes;
    if (of.kind === "fields") return chosenFields(parseHeader(bytes), of);
  }
  const found = partAt(message.root, part);
  if (found === null) return null;
  if (of.kind === "MIME") return bytes.subarray(found.start, found.bodyStart);
  // RFC 9051 §6.4.5: HEADER and TEXT are those of a message, or of a message in a part.
  const whole = part.length === 0 ? found : innerMessage(found);
  if (of.kind === "all") return bytes.subarray(found.bodyStart, found.end);
  if (whole === null) return null;
  if (of.kind === "TEXT") return bytes.subarray(whole.bodyStart, whole.end);
  const header = bytes.subarray(whole.start, whole.bodyStart);
  return of.kind === "fields" ? chosenFields(parseHeader(header), of) : header;
}

/**
 * The decoded content of a part (RFC 3516 §4.2); of the whole message as it is. `null` where there
 * is no such part.
 * @throws {ImapError} where it cannot be decoded
 */
export function binaryOf({ bytes, root }: Dissected, part: readonly number[]): Uint8Array | null {
  if (part.length === 0) return bytes;
  const found = partAt(root, part);
  if (found === null) return null;
  const body = bytes.subarray(found.bodyStart, found.end);
  if (isMultipart(found) || isMessage(found)) return body;
  const decoded = decodeTransfer(body, found.encoding);
  if (decoded === null) throw refused("that part cannot be decoded", "UNKNOWN-CTE");
  return decoded;
}

/** RFC 9051 §6.4.5: beyond the end there is nothing. */
export function cut(bytes: Uint8Array, partial: Partial | null): Uint8Array {
  return partial === null ? bytes : bytes.subarray(partial.from, partial.from + partial.bytes);
}

/** The part with these numbers; `null` where there is none. */
export function partAt(root: Part, numbers: readonly number[]): Part | null {
  let part = root;
  for (const [depth, number] of numbers.entries()) {
    const within = depth === 0 ? part : innerMessage(part) ?? part;
    if (isMultipart(within)) {
      const child = within.children[number - 1];
      if (child === undefined) return null;
      part = child;
    } else {
      // RFC 9051 §6.4.5: a message that is no multipart has one part, itself.
      const isWhole = depth === 0 || within !== part;
      if (number !== 1 || !isWhole) return null;
      part = within;
    }
  }
  return part;
}

function innerMessage(part: Part): Part | null {
  return isMessage(part) ? part.children[0] ?? null : null;
}

/** The fields that are named, or the others, and the empty line (RFC 9051 §6.4.5). */
function chosenFields(
  header: Header,
  { not, names }: { readonly not: boolean; readonly names: readonly string[] },
): Uint8Array {
  const named = new Set(names.map((name) => name.toLowerCase()));
  const kept = header.fields.filter(({ name }) => name !== "" && named.has(name) !== not);
  const parts = kept.map(({ start, end }) => header.bytes.subarray(start, end));
  const last = parts.at(-1);
  if (last !== undefined && last.at(-1) !== 10) parts.push(CRLF);
  // RFC 9051 §6.4.5: a message that has no body and no empty line has none here either.
  const isOver = header.bodyStart > header.end || header.truncated;
  return concat(isOver ? [...parts, CRLF] : parts);
}

const CRLF = encode("\r\n");
