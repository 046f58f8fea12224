/**
 * What SEARCH finds in a message (RFC 9051 §6.4.4): its fields and the text of its parts, decoded
 * from whatever charsets and encodings they came in. Each is worked out when it is asked for first.
 */
import { parseDate } from "../mail/date.ts";
import { firstValue, type Header, type HeaderField, parseHeader } from "../mail/header.ts";
import { isMessage, type Part } from "../mail/mime.ts";
import { decodeWords } from "../mail/words.ts";
import { decodeUtf8 } from "../wire/bytes.ts";
import { folded, type SearchContent } from "./search.ts";
import type { Dissected } from "./sections.ts";
import { TEXT_BYTES_MAX, textOfPart, textParts, withoutTags } from "./text.ts";

/**
 * Rises whenever other texts are found in the same message: an index that was made of the former
 * ones would rule out what is there.
 */
export const SEARCH_CONTENT_VERSION = 1;

/** Prepares a message for searching. Never throws, nor does what it gives. */
export function searchContentOf(message: Dissected): SearchContent {
  const header = once(() => headerOf(message, message.root));
  const body = once(() => folded([...innerHeaders(message), ...texts(message)].join("\n")));
  const headers = once(() => {
    const inner = partsWithin(message.root).map((part) => headerOf(message, part));
    return folded([header(), ...inner].map(headerText).join("\n"));
  });
  return {
    fields: (name) =>
      header().fields.filter((field) => field.name === name)
        .map((field) => folded(decodedValue(header(), field))),
    get sentDay() {
      return sentDayOf(header());
    },
    get body() {
      return body();
    },
    get headers() {
      return headers();
    },
    get text() {
      return `${headers()}\n${body()}`;
    },
    threadId: null,
  };
}

/** The day on which it was sent, by its writer's clock: RFC 9051 §6.4.4 SENTON. */
function sentDayOf(header: Header): string | null {
  const date = parseDate(firstValue(header, "Date") ?? "");
  if (date === null) return null;
  return new Date(date.at + date.offsetMinutes * 60_000).toISOString().slice(0, 10);
}

/** The texts of the parts; of HTML its source, and what one sees of it. */
function texts(message: Dissected): readonly string[] {
  let left = TEXT_BYTES_MAX;
  return textParts(message.root).flatMap((part) => {
    const text = textOfPart(message, part, left);
    left = Math.max(0, left - (part.end - part.bodyStart));
    return part.subtype === "html" ? [text, withoutTags(text)] : [text];
  });
}

/** The header of a message in the message belongs to the body of the outer one. */
function innerHeaders(message: Dissected): readonly string[] {
  return [message.root, ...partsWithin(message.root)]
    .flatMap((part) => isMessage(part) ? part.children : [])
    .map((inner) => headerText(headerOf(message, inner)));
}

function partsWithin({ children }: Part): readonly Part[] {
  return children.flatMap((child) => [child, ...partsWithin(child)]);
}

function headerOf({ bytes }: Dissected, part: Part): Header {
  return parseHeader(bytes.subarray(part.start, part.bodyStart));
}

function headerText(header: Header): string {
  return header.fields.map((field) => `${field.name}: ${decodedValue(header, field)}`).join("\n");
}

/** Unfolded, with its encoded words decoded; raw 8-bit text is UTF-8, or what was before it. */
function decodedValue(header: Header, { valueStart, end }: HeaderField): string {
  const bytes = header.bytes.subarray(valueStart, end);
  const raw = decodeUtf8(bytes) ?? new TextDecoder("windows-1252").decode(bytes);
  return decodeWords(raw.replace(/\r?\n/g, "").trim());
}

function once<T extends string | Header>(make: () => T): () => T {
  let made: T | null = null;
  return () => made ??= make();
}
