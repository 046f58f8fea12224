/** The text of a message, for searching and for a preview: decoded, part by part. */
import { decoderOf } from "../mail/charset.ts";
import { decodeTransfer } from "../mail/decode.ts";
import { parameterOf, type Part } from "../mail/mime.ts";
import type { Dissected } from "./sections.ts";

/** What is looked through of one message; behind it there are only attachments of text. */
export const TEXT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The parts that people read, in their order, those of messages in the message too: text, and the
 * reports of mail servers (RFC 3464).
 */
export function textParts(part: Part): readonly Part[] {
  if (part.children.length > 0) return part.children.flatMap(textParts);
  return part.type === "text" || part.type === "message" ? [part] : [];
}

/** The text of one part; what cannot be decoded is shown as it is. At most so many bytes of it. */
export function textOfPart(
  { bytes }: Pick<Dissected, "bytes">,
  part: Part,
  bytesMax = TEXT_BYTES_MAX,
): string {
  const body = bytes.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + bytesMax));
  const decoded = decodeTransfer(body, part.encoding) ?? body;
  const charset = parameterOf(part.parameters, "charset");
  return (decoderOf(charset ?? "utf-8") ?? new TextDecoder()).decode(decoded);
}

/**
 * HTML without its tags: good enough for finding words and for a glance. One pass, whatever is
 * opened and never closed.
 */
export function withoutTags(html: string): string {
  let text = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open === -1) break;
    const tag = /^<[a-z/!?][a-z]*/i.exec(html.slice(open, open + TAG_CHARACTERS_SEEN))?.[0] ?? "";
    const end = tag === "" ? open + 1 : endOfTag(html, open, tag.toLowerCase());
    text += html.slice(at, open) + (tag === "" ? "<" : INLINE.test(tag) ? "" : " ");
    at = end;
  }
  return withoutEntities(text + html.slice(at));
}

/** Enough of a tag to know its name by. */
const TAG_CHARACTERS_SEEN = 12;
/** Tags that stand within words. */
const INLINE = /^<\/?(?:a|b|big|code|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)?$/i;

/** Behind the tag and what is no text in it; what is never closed reaches to the end. */
function endOfTag(html: string, open: number, tag: string): number {
  if (html.startsWith("<!--", open)) return behind(html, "-->", open);
  const end = behind(html, ">", open);
  if (tag !== "<script" && tag !== "<style") return end;
  const closing = new RegExp(`</${tag.slice(1)}`, "gi");
  closing.lastIndex = end;
  const found = closing.exec(html);
  return found === null ? html.length : behind(html, ">", found.index);
}

function behind(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from);
  return at === -1 ? html.length : at + mark.length;
}

function withoutEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,6}));/gi,
    (whole, hex, digits, name) => {
      if (name !== undefined) return ENTITIES.get(name) ?? whole;
      const point = parseInt(hex ?? digits, hex === undefined ? 10 : 16);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
  ["shy", ""],
  ["euro", "€"],
  ["auml", "ä"],
  ["ouml", "ö"],
  ["uuml", "ü"],
  ["Auml", "Ä"],
  ["Ouml", "Ö"],
  ["Uuml", "Ü"],
  ["szlig", "ß"],
  ["eacute", "é"],
  ["egrave", "è"],
]);
