/** ENVELOPE and BODYSTRUCTURE (RFC 9051 §7.5.2): what a message is made of, in parentheses. */
import { decodeLatin1 } from "../wire/bytes.ts";
import { type Header, type HeaderField, parseHeader } from "../mail/header.ts";
import { isMessage, isMultipart, type Parameter, parameterOf, type Part } from "../mail/mime.ts";
import { withoutComments } from "../mail/comment.ts";
import { type EnvelopeAddress, envelopeAddresses } from "./envelope_address.ts";
import { join, latin1String, list, type Piece, textString } from "./format.ts";
import { joinedParameters } from "./parameters.ts";

export interface StructureOptions {
  /** Whether the client takes UTF-8 in quoted strings. */
  readonly utf8: boolean;
}

/** ENVELOPE of the message, or of the message in a part of it. */
export function envelope(header: Header, options: StructureOptions): Piece {
  const addresses = (name: string) => addressesOf(header, name);
  const from = addresses("from");
  // RFC 9051 §7.5.2: without them, the sender and who is answered are those of From.
  const orFrom = (found: readonly EnvelopeAddress[]) => found.length === 0 ? from : found;
  return list([
    text(header, "date", options),
    text(header, "subject", options),
    addressList(from, options),
    addressList(orFrom(addresses("sender")), options),
    addressList(orFrom(addresses("reply-to")), options),
    addressList(addresses("to"), options),
    addressList(addresses("cc"), options),
    addressList(addresses("bcc"), options),
    text(header, "in-reply-to", options),
    text(header, "message-id", options),
  ]);
}

/** BODYSTRUCTURE, or BODY where it is not `extended`; `message` is what the offsets count in. */
export function bodyStructure(
  part: Part,
  message: Uint8Array,
  options: StructureOptions & { readonly extended: boolean },
): Piece {
  const header = parseHeader(message.subarray(part.start, part.bodyStart));
  if (isMultipart(part)) return multipart(part, header, message, options);
  const isText = part.type === "text";
  const inner = isMessage(part) ? part.children[0] ?? emptyAt(part.end) : undefined;
  const items: Piece[] = [
    upper(part.type, options),
    upper(part.subtype, options),
    parameters(isText ? withCharset(part.parameters) : part.parameters, options),
    text(header, "content-id", options),
    text(header, "content-description", options),
    upper(part.encoding, options),
    `${part.end - part.bodyStart}`,
  ];
  if (inner !== undefined) {
    const innerHeader = parseHeader(message.subarray(inner.start, inner.bodyStart));
    items.push(envelope(innerHeader, options), bodyStructure(inner, message, options));
  }
  if (isText || inner !== undefined) items.push(`${part.lines}`);
  if (options.extended) {
    items.push(text(header, "content-md5", options), ...tail(part, header, options));
  }
  return list(items);
}

function multipart(
  part: Part,
  header: Header,
  message: Uint8Array,
  options: StructureOptions & { readonly extended: boolean },
): Piece {
  const parts = part.children.length > 0 ? part.children : [emptyAt(part.end)];
  const children = join(parts.map((child) => bodyStructure(child, message, options)));
  const items: Piece[] = [children, upper(part.subtype, options)];
  if (options.extended) {
    items.push(parameters(part.parameters, options), ...tail(part, header, options));
  }
  return list(items);
}

/**
 * RFC 9051 §9: a multipart has a part, and a message in a message has a structure, also where none
 * was found: then an empty text stands there.
 */
function emptyAt(at: number): Part {
  return {
    start: at,
    bodyStart: at,
    end: at,
    lines: 0,
    type: "text",
    subtype: "plain",
    parameters: [["charset", "us-ascii"]],
    encoding: "7bit",
    disposition: null,
    children: [],
  };
}

/** Disposition, language and location. */
function tail(part: Part, header: Header, options: StructureOptions): readonly Piece[] {
  const { disposition } = part;
  const disposed = disposition === null ? "NIL" : list([
    latin1String(disposition.type, options.utf8),
    parameters(disposition.parameters, options),
  ]);
  return [disposed, languages(header, options), text(header, "content-location", options)];
}

/** RFC 3282 §2: one tag, or several with commas. */
function languages(header: Header, options: StructureOptions): Piece {
  const value = rawValue(header, "content-language");
  if (value === null) return "NIL";
  const tags = withoutComments(value).split(",").map((tag) => tag.trim()).filter((tag) =>
    tag !== ""
  );
  if (tags.length === 0) return "NIL";
  const strings = tags.map((tag) => latin1String(tag, options.utf8));
  return strings.length === 1 ? strings[0]! : list(strings);
}

/** RFC 2046 §4.1.2: what a text is in that does not say it. */
function withCharset(found: readonly Parameter[]): readonly Parameter[] {
  return parameterOf(found, "charset") === null ? [...found, ["charset", "us-ascii"]] : found;
}

function parameters(found: readonly Parameter[], options: StructureOptions): Piece {
  if (found.length === 0) return "NIL";
  // RFC 9051 appendix E, item 6: decoded since IMAP4rev2. Older clients do it themselves, and take
  // the asterisk behind a name for a sign that it is still to be done.
  const shown = joinedParameters(found, { decoded: options.utf8 });
  return list(
    shown.flatMap(([name, value]) => [
      textString(name.toUpperCase(), options.utf8),
      textString(value, options.utf8),
    ]),
  );
}

function addressesOf(header: Header, name: string): readonly EnvelopeAddress[] {
  if (!["to", "cc", "bcc"].includes(name)) return envelopeAddresses(rawValue(header, name) ?? "");
  // RFC 5322 §4.5.3: several fields of this kind are one list.
  const fields = header.fields.filter((field) => field.name === name);
  return envelopeAddresses(fields.map((field) => unfolded(header, field)).join(","));
}

function addressList(found: readonly EnvelopeAddress[], options: StructureOptions): Piece {
  if (found.length === 0) return "NIL";
  const piece = (value: string | null) =>
    value === null ? "NIL" : latin1String(value, options.utf8);
  return join([
    "(",
    ...found.map(({ name, route, mailbox, host }) =>
      list([piece(name), piece(route), piece(mailbox), piece(host)])
    ),
    ")",
  ]);
}

/** A field's value as it came, unfolded. */
function text(header: Header, name: string, options: StructureOptions): Piece {
  const value = rawValue(header, name);
  return value === null ? "NIL" : latin1String(value, options.utf8);
}

/** One character for each byte, or `null` where the field is not there. */
function rawValue(header: Header, name: string): string | null {
  const field = header.fields.find((each) => each.name === name);
  return field === undefined ? null : unfolded(header, field);
}

function unfolded(header: Header, { valueStart, end }: HeaderField): string {
  return decodeLatin1(header.bytes.subarray(valueStart, end)).replace(/\r?\n/g, "").trim();
}

function upper(value: string, options: StructureOptions): Piece {
  return latin1String(value.toUpperCase(), options.utf8);
}
