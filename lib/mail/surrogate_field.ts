/** One field of a header in UTF-8 as a field in ASCII, RFC 6858 §2. */
import { encode } from "../wire/bytes.ts";
import { type Address, formatAddress } from "./address.ts";
import { withoutComments } from "./comment.ts";
import { formatField, formatMailboxField, formatTextField, type Mailbox } from "./field.ts";
import { addressesIn, type NamedAddress } from "./header.ts";
import { parametersIn } from "./parameters.ts";
import { decodeWords } from "./words.ts";

/**
 * Takes a field with its line ends, and gives it in ASCII: what is for people stays readable, an
 * address that cannot be written becomes one that says so, and fields for programs are left out,
 * for which the answer has no bytes.
 */
export function asciiField(field: string): Uint8Array {
  const [, name, written] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(field) ?? [];
  if (name === undefined || written === undefined) return NOTHING;
  const value = written.replace(/\r?\n/g, "").trim();
  const key = name.toLowerCase();
  if (MAILBOXES.has(key)) return mailboxField(name, value);
  if (PARAMETERS.has(key)) return parameterField(name, value);
  // RFC 6858 §2.3; RFC 2047 §5 (1): all of these are text.
  if (TEXTS.has(key) || key.startsWith("x-")) return formatTextField(name, decodeWords(value));
  return NOTHING; // RFC 6858 §2.4
}

const NOTHING: Uint8Array = new Uint8Array(0);

const MAILBOXES: ReadonlySet<string> = new Set(
  ["from", "sender", "reply-to", "to", "cc", "bcc"].flatMap((name) => [name, `resent-${name}`]),
);
const PARAMETERS: ReadonlySet<string> = new Set(["content-type", "content-disposition"]);
const TEXTS: ReadonlySet<string> = new Set(["subject", "comments", "content-description"]);

function mailboxField(name: string, value: string): Uint8Array {
  const mailboxes = addressesIn(value).map(asciiMailbox);
  return mailboxes.length === 0 ? NOTHING : formatMailboxField(name, mailboxes);
}

/** RFC 6858 §2.1. A domain is ASCII in any case, as its A-labels. */
function asciiMailbox({ name, address }: NamedAddress): Mailbox {
  if (address === null) return { name, address: UNWRITABLE };
  if (isAscii(address.local)) return { name, address };
  return { name: `${name} <${formatAddress(address)}>`.trim(), address: UNWRITABLE };
}

const UNWRITABLE: Address = { local: "invalid", domain: "internationalized-address.invalid" };

/** RFC 6858 §2.2 lets parameters go; in the form of RFC 2231 §4 the names of files are kept. */
function parameterField(name: string, value: string): Uint8Array {
  const text = withoutComments(value);
  const type = /^[^\s;]+/.exec(text)?.[0] ?? "";
  if (type === "" || !isAscii(type)) return NOTHING;
  const parts = [type];
  for (const { attribute, value, written } of parametersIn(text)) {
    const part = isAscii(value)
      ? `${attribute}=${written}`
      : `${attribute}*=utf-8''${percentEncoded(value)}`;
    if (isAscii(attribute) && part.length <= PARAMETER_CHARACTERS_MAX) parts.push(part);
  }
  return formatField(name, parts.join("; "));
}

/** RFC 5322 §2.1.1: a line has 998 at most, and this one cannot be folded. No file has the name. */
const PARAMETER_CHARACTERS_MAX = 950;

/** RFC 2231 §7 attribute-char: the function leaves four characters that are not among them. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function isAscii(text: string): boolean {
  return encode(text).length === text.length;
}
