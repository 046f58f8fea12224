/** Writing header fields, RFC 5322 §2.2 and §3.2: values from strangers stay values. */
import { encode } from "../wire/bytes.ts";
import { type Address, formatAddress } from "./address.ts";
import { encodeWords } from "./words.ts";

/** A mailbox as people write it: a name to show, which may be empty, and the address. */
export interface Mailbox {
  readonly name: string;
  readonly address: Address;
}

/** RFC 5322 §2.1.1: lines should stay within 78 characters, without their CRLF. */
const LINE_BYTES_PREFERRED = 78;
/** RFC 5322 §2.1.1: and must stay within 998; a blank in front and a comma behind may be added. */
const TOKEN_BYTES_MAX = 990;

/**
 * One field with its CRLF. The value is folded at single blanks, and only there, so whatever must
 * stay on one line may not contain any. Controls, line ends among them, become blanks, so that a
 * value can never begin another field; a piece without a blank that no line could hold is cut off.
 */
export function formatField(name: string, value: string): Uint8Array {
  return encode(foldTokens(`${name}:`, tokensOf(value)));
}

/**
 * One field whose value is text for people, like Subject; what is not ASCII becomes encoded words.
 */
export function formatTextField(name: string, text: string): Uint8Array {
  return encode(foldTokens(`${name}:`, wordsOf(text)));
}

/**
 * One field that lists mailboxes, like To. RFC 5322 §3.4 has no empty list: then it is left out.
 */
export function formatMailboxField(name: string, mailboxes: readonly Mailbox[]): Uint8Array {
  const last = mailboxes.length - 1;
  const tokens = mailboxes.flatMap((mailbox, at) => {
    const tokens = [...mailboxTokens(mailbox)];
    if (at < last) tokens.push(`${tokens.pop()},`);
    return tokens;
  });
  return encode(foldTokens(`${name}:`, tokens));
}

/** Text in which every control has become a blank. */
export function withoutControls(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what must go
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ");
}

function foldTokens(name: string, tokens: readonly string[]): string {
  let text = name;
  let column = name.length;
  for (const token of tokens) {
    const length = lengthOf(token);
    // RFC 5322 §2.2.3: never right behind the name, since a line of blanks alone is obsolete
    // (§4.2).
    if (column + 1 + length > LINE_BYTES_PREFERRED && column > name.length) {
      text += `\r\n ${token}`;
      column = 1 + length;
    } else {
      text += ` ${token}`;
      column += 1 + length;
    }
  }
  return `${text}\r\n`;
}

/** Pieces between single blanks. Several in a row stay as they are: they may stand in quotes. */
function tokensOf(value: string): readonly string[] {
  const tokens = withoutControls(value).trim().match(/[^ ]+(?: {2,}[^ ]+)*/g) ?? [];
  return tokens.map((token) => cut(token, TOKEN_BYTES_MAX));
}

/** The longest beginning of the text that has at most so many bytes in UTF-8. */
function cut(text: string, bytesMax: number): string {
  if (lengthOf(text) <= bytesMax) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax));
  return text.slice(0, read);
}

/** In octets of UTF-8; most tokens are ASCII, and need not be encoded to be counted. */
function lengthOf(token: string): number {
  return isAscii(token) ? token.length : encode(token).length;
}

function wordsOf(text: string): readonly string[] {
  const clean = withoutControls(text).trim();
  const plain = isAscii(clean) && !clean.includes("=?") &&
    // Folding at blanks would change their number, and a long piece could not be folded at all.
    !clean.includes("  ") && clean.split(" ").every((token) => token.length <= TOKEN_BYTES_MAX);
  return plain ? clean.split(" ") : encodeWords(clean);
}

function mailboxTokens({ name, address }: Mailbox): readonly string[] {
  const spec = withoutControls(formatAddress(address));
  const phrase = phraseTokens(withoutControls(name).trim());
  // RFC 5322 §3.4: a mailbox without a name needs no brackets.
  return phrase.length === 0 ? [spec] : [...phrase, `<${spec}>`];
}

/** RFC 5322 §3.2.5 phrase: atoms, or one quoted string; RFC 2047 §5 (3) beyond ASCII. */
function phraseTokens(name: string): readonly string[] {
  if (name === "") return [];
  const long = name.length > LINE_BYTES_PREFERRED;
  if (!isAscii(name) || name.includes("=?") || long) return encodeWords(name);
  if (/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(name)) {
    return name.split(" ");
  }
  return [`"${name.replace(/["\\]/g, "\\$&")}"`];
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
