/**
 * Original recipients: the value of ORCPT, RFC 3461 §4.2, in which a sender's own spelling of an
 * address travels to whoever reports on it. With the address type of RFC 6533 §3.
 */
import { decodeUtf8 } from "../wire/bytes.ts";
import { type Address, formatAddress } from "./address.ts";
import { encodeXtext, xtextOctets } from "./xtext.ts";

/** RFC 3461 §4.2 and §5.4 (c): so many have to be taken, and no more need to be. */
const ORCPT_CHARACTERS_MAX = 500;

/** Whether this is `addr-type;xtext`. Its address can be of any form, and in any network. */
export function isOrcpt(value: string): boolean {
  if (value.length > ORCPT_CHARACTERS_MAX) return false;
  const { type, text } = split(value);
  if (!/^[A-Za-z0-9!#$%&'*+\-/?^_`{|}~]+$/.test(type)) return false;
  // RFC 6533 §3: with SMTPUTF8 announced, this type may come in UTF-8 as it is.
  const address = decodeText(isUtf8(type) ? text.replace(BEYOND, "?") : text);
  // RFC 3461 §4.2 wants ASCII. Postfix says `rfc822;b+C3+B6b@…` for an address in UTF-8, and no
  // mail should come back for that.
  return address !== null && (ASCII.test(address) || isRfc822(type));
}

/** The value for an address that a user agent asks about (RFC 3461 §4.2). */
export function orcptOf(address: Address): string {
  const text = formatAddress(address);
  return ASCII.test(text) ? `rfc822;${encodeXtext(text)}` : `utf-8;${escapeUnicode(text)}`;
}

/**
 * The value for a transaction without SMTPUTF8: RFC 6533 §3 has a form in ASCII for it. ASCII is
 * left alone, for RFC 3461 §5.2.1 (d) wants it passed on identically.
 */
export function asciiOrcpt(orcpt: string): string {
  return orcpt.replace(BEYOND, numberOf);
}

/** For the field Original-Recipient, RFC 3464 §2.3.1, in ASCII. */
export function showOrcpt(orcpt: string): string {
  const { type, text } = split(orcpt);
  // RFC 6533 §3: this type has its own escapes, which stay, and no xtext beside them.
  if (isUtf8(type)) return `${type}; ${asciiOrcpt(text)}`;
  const address = decodeText(text) ?? text;
  return ASCII.test(address) ? `${type}; ${address}` : `utf-8; ${escapeUnicode(address)}`;
}

/** For the field Final-Recipient, RFC 3464 §2.3.2, in ASCII: the type follows the address. */
export function showAddress(address: Address): string {
  const text = formatAddress(address);
  return ASCII.test(text) ? `rfc822; ${text}` : `utf-8; ${escapeUnicode(text)}`;
}

const ASCII = /^[\t -~]*$/;
const BEYOND = /[\x80-\uffff\u{10000}-\u{10ffff}]/gu;

function split(orcpt: string): { readonly type: string; readonly text: string } {
  const semicolon = orcpt.indexOf(";");
  return { type: orcpt.slice(0, Math.max(0, semicolon)), text: orcpt.slice(semicolon + 1) };
}

/** What xtext stands for, in UTF-8; `null` when it is none, or holds controls other than tabs. */
function decodeText(xtext: string): string | null {
  const octets = xtextOctets(xtext);
  const text = octets === null ? null : decodeUtf8(octets);
  return text === null || /[^\t\P{Cc}]/u.test(text) ? null : text;
}

function isRfc822(type: string): boolean {
  return type.toLowerCase() === "rfc822";
}

function isUtf8(type: string): boolean {
  return type.toLowerCase() === "utf-8";
}

/** RFC 6533 §3 utf-8-addr-xtext: controls, SP, `\`, `+`, `=` and what is not ASCII, by number. */
function escapeUnicode(text: string): string {
  return text.replace(/[^!-*,-<>-[\]-~]/gu, numberOf);
}

function numberOf(character: string): string {
  return `\\x{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, "0")}}`;
}
