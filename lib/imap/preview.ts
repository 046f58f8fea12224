/** A glance at a message (RFC 8970 §3). */
import type { Dissected } from "./sections.ts";
import { textOfPart, textParts, withoutTags } from "./text.ts";

/** RFC 8970 §3.2: at most 256 characters; 200 are what lists of mail show. */
const PREVIEW_CHARACTERS_MAX = 200;
/** So much of the text is looked at; style sheets come first in many. */
const GLANCED_AT_BYTES_MAX = 64 * 1024;

/** The beginning of the first text; empty where there is none. */
export function preview(message: Dissected): string {
  const parts = textParts(message.root);
  const part = parts.find(({ subtype }) => subtype === "plain") ?? parts[0];
  if (part === undefined) return "";
  const text = textOfPart(message, part, GLANCED_AT_BYTES_MAX);
  const plain = part.subtype === "html" ? withoutTags(text) : text;
  const line = plain.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return [...line].slice(0, PREVIEW_CHARACTERS_MAX).join("");
}
