/** Showing a message to people. The one place that knows postal-mime and html-to-text. */
import PostalMime, { type Email } from "$mime";
import { concat, decode, encode } from "../wire/bytes.ts";
import { parseDate } from "./date.ts";
import { addressesIn, allValues, firstValue, type Header, parseHeader } from "./header.ts";
import { decodeWords } from "./words.ts";
import { formatAddress } from "./address.ts";

/** A message as it is shown. Every text in it is safe for a terminal, but for `html`. */
export interface ShownMessage {
  /** Like `Bob <bob@xyz.com>`; several are joined with commas; empty when the field is missing. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly subject: string;
  /** ISO 8601, in UTC; `null` when the message has no readable date. */
  readonly date: string | null;
  /** Lines that end with `\n`; what was HTML only is text here. */
  readonly text: string;
  /** As the sender wrote it, for browsers that trust nobody; `null` when there is none. */
  readonly html: string | null;
  readonly attachments: readonly ShownAttachment[];
}

export interface ShownAttachment {
  /** The name of the file, or the media type where it has none. It may hold slashes and dots. */
  readonly name: string;
  /** The media type, like `image/png`. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  readonly content: Uint8Array;
}

/** Decodes a message. It never throws: what cannot be decoded is shown as it came. */
export async function readMessage(message: Uint8Array): Promise<ShownMessage> {
  const complete = withEmptyLine(message);
  const header = parseHeader(complete);
  const at = parseDate(firstValue(header, "Date") ?? "")?.at;
  const shown = {
    from: showAddresses(header, "From"),
    to: showAddresses(header, "To"),
    cc: showAddresses(header, "Cc"),
    subject: oneLine(decodeWords(firstValue(header, "Subject") ?? "")),
    date: at === undefined ? null : new Date(at).toISOString(),
  };
  try {
    const email = await PostalMime.parse(complete, PARSING);
    const attachments = email.attachments.map(showAttachment);
    const text = manyLines(await bodyText(email));
    return { ...shown, text, html: email.html ?? null, attachments };
  } catch {
    // Its limits make the library throw, and strangers will find other ways.
    const body = complete.subarray(header.bodyStart);
    return { ...shown, text: manyLines(decode(body)), html: null, attachments: [] };
  }
}

/**
 * Takes out what a terminal would obey instead of showing it: controls (ESC among them, and those
 * above 127, which some terminals take for ESC sequences), and the marks that reverse the direction
 * of writing, with which `exe.gpj` is made to look like `jpg.exe`. Tabs stay. Line ends become
 * `\n`, or blanks where `newlines` is false.
 */
export function terminalSafe(
  text: string,
  { newlines }: { readonly newlines: boolean },
): string {
  return text
    .replace(/\r\n|[\n\u2028\u2029]/g, newlines ? "\n" : " ")
    .replace(UNSAFE, "");
}

const UNSAFE =
  // deno-lint-ignore no-control-regex -- control characters are what must go
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/g;

/**
 * Nesting that no honest message has: each level costs a stack frame or a parser of its own. A
 * message in the message is attached: in the text nobody could tell who said what.
 */
const PARSING = {
  maxNestingDepth: 50,
  maxRfc822NestingDepth: 5,
  maxHeadersSize: 1024 * 1024,
  forceRfc822Attachments: true,
};
/** Longer HTML is cut: nobody reads on in a terminal. */
const HTML_CHARACTERS_MAX = 1024 * 1024;

/**
 * Puts the empty line where a hurried writer forgot it, behind the last line that can be a field.
 * Other programs do so as well; without it the text would count as header and not be shown.
 */
function withEmptyLine(message: Uint8Array): Uint8Array {
  const { fields, bodyStart } = parseHeader(message);
  const stray = fields.find((field, at) => field.name === "" && at > 0);
  const start = fields.length === 0 && bodyStart === 0 ? 0 : stray?.start;
  if (start === undefined) return message;
  return concat([message.subarray(0, start), encode("\r\n"), message.subarray(start)]);
}

async function bodyText(email: Email): Promise<string> {
  if (email.text !== undefined) return isMultipart(email) ? withoutLineEnd(email.text) : email.text;
  return email.html === undefined ? "" : await htmlText(email.html);
}

function isMultipart({ headers }: Email): boolean {
  const type = headers.find(({ key }) => key === "content-type")?.value ?? "";
  return /^\s*multipart\//i.test(type);
}

/** RFC 2046 §5.1.1: the line end before a boundary is not the text's; the library thinks so. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

/** HTML as text; the library is large and seldom needed, so it is loaded here. */
async function htmlText(html: string): Promise<string> {
  const { htmlToText } = await import("$html");
  const convert: (html: string, options: object) => string = htmlToText;
  return convert(html.slice(0, HTML_CHARACTERS_MAX), {
    wordwrap: 78,
    limits: { maxDepth: 100, maxChildNodes: 10_000, ellipsis: "…" },
    selectors: [
      { selector: "a", options: { hideLinkHrefIfSameAsText: true, ignoreHref: false } },
      { selector: "img", format: "skip" },
    ],
  });
}

function showAttachment(attachment: Email["attachments"][number]): ShownAttachment {
  const { filename, mimeType, content } = attachment;
  const bytes = typeof content === "string" ? encode(content) : new Uint8Array(content);
  const type = oneLine(mimeType);
  return { name: oneLine(filename ?? "") || type, type, size: bytes.length, content: bytes };
}

function showAddresses(header: Header, name: string): string {
  const found = allValues(header, name).flatMap(addressesIn);
  return oneLine(
    found.map(({ name, address }) => {
      if (address === null) return name;
      return name === "" ? formatAddress(address) : `${name} <${formatAddress(address)}>`;
    }).join(", "),
  );
}

function oneLine(text: string): string {
  return terminalSafe(text, { newlines: false }).trim();
}

function manyLines(text: string): string {
  const safe = terminalSafe(text, { newlines: true });
  return safe === "" || safe.endsWith("\n") ? safe : `${safe}\n`;
}
