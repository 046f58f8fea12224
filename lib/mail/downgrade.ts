/**
 * 8-bit content for servers that take only 7 bits, RFC 6152 §3: the parts of a message are encoded
 * in quoted-printable or base64 (RFC 2045 §6), each by itself, and everything else stays as it is.
 */
import { concat, CR, decode, encode, LF } from "../wire/bytes.ts";
import { withoutComments } from "./comment.ts";
import { allValues, type Header, parseHeader, removeFields } from "./header.ts";
import { encodeBase64Lines, encodeQuotedPrintable } from "./transfer.ts";

/**
 * The message without bytes above 127; `null` where that cannot be had without changing what it
 * says or breaking a signature: bytes in a header, signed and encrypted parts, parts whose encoding
 * is not known, and structures that two readers could read in two ways.
 */
export function toSevenBit(message: Uint8Array): Uint8Array | null {
  const parts: Uint8Array[] = [];
  return convertEntity(message, { parts, depth: 0, is: "message" }) ? concat(parts) : null;
}

/** Parts within parts; real mail has three or four levels, and each costs a look at all bytes. */
const DEPTH_MAX = 20;
/** Of a thousand bytes so many above 127 make base64 the shorter encoding. */
const QUOTED_PER_MILLE = 166;

interface Place {
  /** Where what was converted goes. */
  readonly parts: Uint8Array[];
  /** 0 for the message itself. */
  readonly depth: number;
  /** RFC 2046 §5.1.5: a part of a digest is a message when it does not say what it is. */
  readonly is: "message" | "part" | "partOfDigest";
}

/** Converts a message or a part of one, with its header; false where that cannot be done. */
function convertEntity(entity: Uint8Array, place: Place): boolean {
  if (isSevenBit(entity)) {
    place.parts.push(entity);
    return true;
  }
  const header = parseHeader(entity);
  const body = entity.subarray(header.bodyStart);
  // Without an empty line behind it, nobody can say for sure what is header and what is not.
  const separated = header.bodyStart > header.end;
  if (header.truncated || !separated || !isSevenBit(entity.subarray(0, header.bodyStart))) {
    return false;
  }
  const type = contentTypeOf(header, place);
  const encoding = encodingOf(header);
  // What is labelled as encoded and holds other bytes is broken, and would not mean the same.
  if (type === null || encoding === null || place.depth >= DEPTH_MAX) return false;
  if (type.main === "multipart") return convertMultipart(header, body, type, place);
  if (type.main === "message") {
    // RFC 2046 §5.2: of these only whole messages have parts that can be encoded.
    if (type.sub !== "rfc822" && type.sub !== "global") return false;
    place.parts.push(relabelled(header, "7bit", place));
    return convertEntity(body, { ...place, depth: place.depth + 1, is: "message" });
  }
  const quoted = type.main === "text" && count(body) * 1000 <= QUOTED_PER_MILLE * body.length;
  place.parts.push(relabelled(header, quoted ? "quoted-printable" : "base64", place));
  place.parts.push(quoted ? encodeQuotedPrintable(body) : encodeBase64Lines(body));
  // The line end in front of a boundary is the boundary's; a message has to end with its own.
  if (!quoted && body.at(-1) === LF) place.parts.push(CRLF);
  return true;
}

function convertMultipart(
  header: Header,
  body: Uint8Array,
  { sub, boundary }: ContentType,
  place: Place,
): boolean {
  // RFC 1847 §2.1: what is signed is not changed on the way, or the signature is broken.
  if (sub === "signed" || sub === "encrypted" || boundary === null) return false;
  const split = splitParts(body, boundary);
  if (split === null) return false;
  place.parts.push(relabelled(header, "7bit", place));
  const is = sub === "digest" ? "partOfDigest" : "part";
  const inner: Place = { ...place, depth: place.depth + 1, is };
  for (const { kind, bytes } of split) {
    // RFC 2046 §5.1.1: what stands before the first boundary and behind the last is for nobody.
    if (kind === "unread") place.parts.push(bytes.map((byte) => byte > 127 ? QUESTION : byte));
    else if (kind === "boundary") place.parts.push(bytes);
    else if (!convertEntity(bytes, inner)) return false;
  }
  return true;
}

/** The header with its new encoding, and all that makes it MIME where it was not. */
function relabelled(header: Header, encoding: string, { is }: Place): Uint8Array {
  const kept = removeFields(header, ["Content-Transfer-Encoding"]);
  const added = [`Content-Transfer-Encoding: ${encoding}\r\n`];
  const has = (name: string) => header.fields.some((field) => field.name === name);
  // RFC 2045 §4: without it a reader need not look at the encoding.
  if (is === "message" && !has("mime-version")) added.unshift("MIME-Version: 1.0\r\n");
  if (!has("content-type") && is !== "partOfDigest") {
    // RFC 1428 §3: nobody has said what these bytes mean, and so we do not either.
    added.unshift("Content-Type: text/plain; charset=unknown-8bit\r\n");
  }
  // A line that is no field is one of the header, except where it comes first.
  const [first] = header.fields.filter(({ name }) => name !== "content-transfer-encoding");
  const fields = encode(added.join(""));
  return concat(first?.name === "" ? [fields, kept, CRLF] : [kept, fields, CRLF]);
}

interface ContentType {
  /** Lower case. */
  readonly main: string;
  readonly sub: string;
  readonly boundary: string | null;
}

/** RFC 2045 §5.1; `null` where there are two of them, or it cannot be read. */
function contentTypeOf(header: Header, { is }: Place): ContentType | null {
  const [value, ...more] = allValues(header, "Content-Type");
  if (more.length > 0) return null;
  // RFC 2045 §5.2: what is not said otherwise is text.
  if (value === undefined) {
    return is === "partOfDigest"
      ? { main: "message", sub: "rfc822", boundary: null }
      : { main: "text", sub: "plain", boundary: null };
  }
  const text = withoutComments(value).trim();
  const type = /^([^\s/;"]+)\s*\/\s*([^\s/;"]+)/.exec(text);
  if (type === null) return null;
  const parameter = /\s*;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))|\s*;\s*(?=;|$)/sy;
  parameter.lastIndex = type[0].length;
  let boundary: string | null = null;
  while (parameter.lastIndex < text.length) {
    const found = parameter.exec(text);
    if (found === null) return null;
    if (found[1]?.toLowerCase() !== "boundary") continue;
    if (boundary !== null) return null;
    boundary = found[2]?.replace(/\\(.)/gs, "$1") ?? found[3]!;
  }
  return { main: type[1]!.toLowerCase(), sub: type[2]!.toLowerCase(), boundary };
}

/** RFC 2045 §6.1; `null` for encodings that do not allow bytes above 127, or are not known. */
function encodingOf(header: Header): "plain" | null {
  const values = allValues(header, "Content-Transfer-Encoding");
  if (values.length > 1) return null;
  const encoding = withoutComments(values[0] ?? "7bit").trim().toLowerCase();
  return ["7bit", "8bit"].includes(encoding) ? "plain" : null;
}

interface Piece {
  readonly kind: "unread" | "boundary" | "part";
  readonly bytes: Uint8Array;
}

/**
 * The pieces of a multipart body, in their order and without a gap; `null` where its end is not
 * there. RFC 2046 §5.1.1: the line end in front of a boundary belongs to the boundary.
 */
function splitParts(body: Uint8Array, boundary: string): readonly Piece[] | null {
  const delimiter = encode(`--${boundary}`);
  if (boundary === "" || boundary.length > BOUNDARY_CHARACTERS_MAX) return null;
  const pieces: Piece[] = [];
  let kind: Piece["kind"] = "unread";
  let from = 0;
  for (let start = 0; start < body.length;) {
    const lineFeed = body.indexOf(LF, start);
    const end = lineFeed === -1 ? body.length : lineFeed + 1;
    const line = boundaryAt(body, start, end, delimiter);
    if (line !== null) {
      const before = start >= 2 && start > from && body[start - 2] === CR ? start - 2 : start;
      pieces.push({ kind, bytes: body.subarray(from, before) });
      pieces.push({ kind: "boundary", bytes: body.subarray(before, end) });
      from = end;
      if (line === "last") return [...pieces, { kind: "unread", bytes: body.subarray(end) }];
      kind = "part";
    }
    start = end;
  }
  return null;
}

/** RFC 2046 §5.1.1: at most 70 characters. */
const BOUNDARY_CHARACTERS_MAX = 70;

/** Whether a line is a boundary; blanks behind it do not count (RFC 2046 §5.1.1). */
function boundaryAt(
  body: Uint8Array,
  start: number,
  end: number,
  delimiter: Uint8Array,
): "next" | "last" | null {
  if (end - start < delimiter.length) return null;
  for (let at = 0; at < delimiter.length; at++) if (body[start + at] !== delimiter[at]) return null;
  const behind = decode(body.subarray(start + delimiter.length, end)).trimEnd();
  if (behind === "") return "next";
  return behind === "--" ? "last" : null;
}

function isSevenBit(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! > 127) return false;
  return true;
}

/** How many bytes are above 127. */
function count(bytes: Uint8Array): number {
  let found = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! > 127) found++;
  return found;
}

const QUESTION = 63;
const CRLF = encode("\r\n");
