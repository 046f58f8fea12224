/**
 * Names of mailboxes: as people see them inside of the server, and on the wire either in UTF-8 (RFC
 * 9051 §5.1, RFC 6855 §3) or in the modified UTF-7 of older clients (RFC 3501 §5.1.3).
 */
import { decodeLatin1, decodeUtf8, encode } from "../wire/bytes.ts";
import { malformed, refused } from "./error.ts";

/** The one character between the levels of a name. */
export const SEPARATOR = "/";
export const INBOX = "INBOX";

/** A name that came, in the form in which it is kept. @throws {ImapError} for what is none. */
export function decodeMailbox(bytes: Uint8Array, utf8: boolean): string {
  return canonical(saidMailbox(bytes, utf8));
}

/**
 * A name as it was said. Where the client has not asked for UTF-8, it is modified UTF-7; bytes
 * above 127, which that has not, are taken as the UTF-8 that they most likely are.
 * @throws {ImapError} for what is neither.
 */
export function saidMailbox(bytes: Uint8Array, utf8: boolean): string {
  if (utf8 || bytes.some((byte) => byte > 127)) {
    const name = decodeUtf8(bytes);
    if (name === null) throw malformed("that is not UTF-8");
    return name;
  }
  const name = decodeUtf7(decodeLatin1(bytes));
  // RFC 5530 §3 CANNOT: the grammar lets it pass, and no mailbox can be called so.
  if (name === null) throw refused("that is not modified UTF-7", "CANNOT");
  return name;
}

/** As the client wants to see it. */
export function encodeMailbox(name: string, utf8: boolean): Uint8Array {
  return encode(utf8 ? name : encodeUtf7(name));
}

/** RFC 9051 §5.1: INBOX in any case is INBOX, also where it is only the first level. */
export function canonical(name: string): string {
  // The letters are those of ASCII: the capital of the dotless ı is an I, and it is another letter.
  return name.normalize("NFC").replace(/^inbox(?=\/|$)/i, INBOX);
}

/** RFC 3501 §5.1.3: printable ASCII stands for itself, `&` is `&-`, the rest UTF-16 in base64. */
export function encodeUtf7(text: string): string {
  return text.replace(/&|[^\x20-\x7e]+/g, (run) => run === "&" ? "&-" : `&${base64Of(run)}-`);
}

/** `null` for text that is not in the one form that RFC 3501 §5.1.3 allows. */
export function decodeUtf7(text: string): string | null {
  if (/[^\x20-\x7e]/.test(text)) return null;
  const parts = text.split("&");
  let result = parts[0]!;
  for (const part of parts.slice(1)) {
    const end = part.indexOf("-");
    if (end === -1) return null;
    const run = end === 0 ? "&" : runOf(part.slice(0, end));
    if (run === null) return null;
    result += run + part.slice(end + 1);
  }
  // One name has one form: shifts that were not needed could make two names of one.
  return encodeUtf7(result) === text ? result : null;
}

function base64Of(run: string): string {
  let binary = "";
  for (let at = 0; at < run.length; at++) {
    const unit = run.charCodeAt(at);
    binary += String.fromCharCode(unit >> 8, unit & 255);
  }
  return btoa(binary).replace(/=+$/, "").replaceAll("/", ",");
}

function runOf(base64: string): string | null {
  if (!/^[A-Za-z0-9+,]+$/.test(base64)) return null;
  const binary = decoded(base64.replaceAll(",", "/"));
  if (binary === null || binary.length % 2 !== 0) return null;
  let run = "";
  for (let at = 0; at < binary.length; at += 2) {
    run += String.fromCharCode(binary.charCodeAt(at) << 8 | binary.charCodeAt(at + 1));
  }
  return run.isWellFormed() ? run : null;
}

function decoded(base64: string): string | null {
  try {
    return atob(base64);
  } catch {
    return null; // of a length that no bytes have
  }
}
