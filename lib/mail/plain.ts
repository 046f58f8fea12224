/**
 * The plainest way to write a message down: lines with `From:` and `To:`, then the text.
 *
 *     From: alice@abc.com
 *     To: bob@xyz.com
 *     Hello Bob!
 */
import { decodeWords } from "./words.ts";

/**
 * What such a text says. The addresses are as they were written, so `bob` may still want a domain.
 */
export interface PlainMessage {
  readonly from: string;
  /** At least one. */
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** `null` when there was no such line, or an empty one. */
  readonly subject: string | null;
  /** With the line ends that it came with. */
  readonly body: string;
}

/**
 * Reads the plain form, or gives `null` when the text is something else: without From and To, or a
 * ready message with fields that only programs write, which must be sent as it is.
 *
 * The rule for where the header ends: it consists of the leading lines From, To, Cc and Subject, in
 * any case and order, each at most once, with the indented lines that go on with them. The first
 * other line ends it; if that line is empty, it belongs to neither the header nor the body. So
 * `To:` in the text of a letter stays text.
 */
export function parsePlainMessage(text: string): PlainMessage | null {
  const fields = new Map<string, string>();
  // Editors of Windows put a byte order mark in front.
  let at = text.startsWith("\ufeff") ? 1 : 0;
  for (;;) {
    const [line, next] = readFolded(text, at);
    const [, written, value] = FIELD.exec(line) ?? [];
    const name = written?.toLowerCase();
    if (name === undefined || value === undefined || fields.has(name)) break;
    fields.set(name, value.trim());
    at = next;
  }
  const [line, next] = readLine(text, at);
  if (READY_FIELD.test(line)) return null;
  const from = fields.get("from") ?? "";
  const to = splitAddresses(fields.get("to") ?? "");
  if (from === "" || to.length === 0) return null;
  return {
    from,
    to,
    cc: splitAddresses(fields.get("cc") ?? ""),
    subject: decodeWords(fields.get("subject") ?? "") || null,
    body: text.slice(line === "" ? next : at),
  };
}

const FIELD = /^(from|to|cc|subject)[ \t]*:(.*)$/is;

/**
 * What people do not begin a letter with. A line such as `Note: bring cake` is text; fields behind
 * From and To that a mail program wrote show that the text is a ready message.
 */
const READY_FIELD = new RegExp(
  "^(?:date|message-id|mime-version|content-[a-z-]+|received|return-path|reply-to|sender|bcc|" +
    "references|in-reply-to|user-agent|dkim-signature|x-[a-z0-9-]+)[ \\t]*:",
  "i",
);

const INDENTED = /^[ \t]+\S/;

/**
 * The line at the offset and, if it is a field, the indented lines that belong to it (RFC 5322
 * §2.2.3). They do where a list of addresses waits for more, where another field comes behind them,
 * or an empty line behind those of a subject; else they are how somebody begins a letter.
 */
function readFolded(text: string, at: number): readonly [line: string, next: number] {
  let [line, next] = readLine(text, at);
  if (!FIELD.test(line)) return [line, next];
  const indented: (readonly [line: string, next: number])[] = [];
  let [after, behind] = readLine(text, next);
  for (; INDENTED.test(after); [after, behind] = readLine(text, behind)) {
    indented.push([after, behind]);
  }
  const all = FIELD.test(after) || READY_FIELD.test(after) ||
    (after === "" && /^subject/i.test(line));
  for (const [more, end] of indented) {
    if (!all && !/,[ \t]*$/.test(line)) break;
    line += more;
    next = end;
  }
  return [line, next];
}

/** The line at the offset without its end, and where the next one begins. */
function readLine(text: string, at: number): readonly [line: string, next: number] {
  const feed = text.indexOf("\n", at);
  if (feed === -1) return [text.slice(at), text.length];
  return [text.slice(at, text[feed - 1] === "\r" ? feed - 1 : feed), feed + 1];
}

/** Splits at commas, but not at those in quotes: `"Bob, Jr." <bob@xyz.com>, eve@xyz.com`. */
function splitAddresses(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === "," && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
