/**
 * Mail addresses, RFC 5321 §4.1.2, with the wider alphabet of RFC 6531 §3.3 where it is allowed.
 */
import { ProtocolError } from "../wire/error.ts";
import { asciiDomain } from "../idna.ts";
import { canonicalLiteral } from "./literal.ts";

/** A mailbox address in its canonical form. */
export interface Address {
  /** As it is meant: quotes and backslashes are undone, case is kept. */
  readonly local: string;
  /**
   * Lower case, in ASCII (see {@linkcode asciiDomain}); an address literal keeps its brackets
   * (`[192.0.2.1]`, `[IPv6:2001:db8::1]`). Empty only for the `<Postmaster>` without a domain of
   * RFC 5321 §4.1.1.3.
   */
  readonly domain: string;
}

/** How an address is read. */
export interface AddressOptions {
  /** Whether characters beyond ASCII are allowed (RFC 6531 §3.3); they are not, by default. */
  readonly utf8?: boolean;
  /**
   * The enhanced status of a refusal: `5.1.3` for a recipient, the default, `5.1.7` for a sender.
   */
  readonly status?: string;
}

/** A path and what lies behind it. */
export interface ReadPath {
  /** `null` for `<>`; the caller knows whether that is allowed here. */
  readonly address: Address | null;
  /** The offset behind the closing bracket, where parameters may follow. */
  readonly end: number;
}

/** RFC 5321 §4.5.3.1.1, in octets. */
export const LOCAL_BYTES_MAX = 64;
/** RFC 5321 §4.5.3.1.2, in octets. */
export const DOMAIN_BYTES_MAX = 255;
/**
 * More than any address, quoted throughout and with a source route: what is longer is not looked
 * at.
 */
const TEXT_CHARACTERS_MAX = 1024;
/** RFC 1035 §2.3.4. */
const LABEL_CHARACTERS_MAX = 63;

/**
 * Reads `local@domain`, with nothing before or behind it.
 * @throws {ProtocolError} code 501
 */
export function parseMailbox(text: string, options: AddressOptions = {}): Address {
  checkLength(text, options);
  const { address, end } = readMailbox(text, 0, options);
  if (end !== text.length) throw fault("The address is not well-formed", options);
  return address;
}

/**
 * Reads a whole path: `<local@domain>`, `<>` as `null`, a source route, `<Postmaster>`.
 * @throws {ProtocolError} code 501
 */
export function parsePath(text: string, options: AddressOptions = {}): Address | null {
  checkLength(text, options);
  const { address, end } = readPath(text, 0, options);
  if (end !== text.length) throw fault("Something stands behind the address", options);
  return address;
}

/**
 * Reads the path that begins at the offset `at` of a command's argument, whose length is bounded.
 * @throws {ProtocolError} code 501
 */
export function readPath(text: string, at: number, options: AddressOptions = {}): ReadPath {
  if (text[at] !== "<") throw fault("The address belongs in angle brackets", options);
  if (text[at + 1] === ">") return { address: null, end: at + 2 };
  // RFC 5321 §4.1.1.3: the postmaster can be reached without a domain, in any case.
  const [postmaster] = matchAt(POSTMASTER, text, at + 1) ?? [];
  if (postmaster !== undefined) {
    const local = postmaster.slice(0, -1);
    return { address: { local, domain: "" }, end: at + 1 + postmaster.length };
  }
  const start = skipSourceRoute(text, at + 1, options);
  const { address, end } = readMailbox(text, start, options);
  if (text[end] !== ">") throw fault("The address is not well-formed", options);
  return { address, end: end + 1 };
}

/**
 * An address as it is written; the local part is quoted only where it must be (RFC 5321 §4.1.2).
 */
export function formatAddress(address: Address): string {
  const local = isDotString(address.local)
    ? address.local
    : `"${address.local.replace(/["\\]/g, "\\$&")}"`;
  return address.domain === "" ? local : `${local}@${address.domain}`;
}

/** Whether both are the same mailbox for all that RFC 5321 §2.4 lets anyone but their host know. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.local === b.local && a.domain === b.domain;
}

/**
 * What an account is found by: here local parts are compared without case, as people expect, and in
 * NFC, since two keyboards may spell one name differently (RFC 6532 §3.1). For an account's own
 * address it is the same text as {@linkcode accountName} gives.
 */
export function addressKey(address: Address): string {
  return fold(`${address.local}@${address.domain}`);
}

/**
 * The canonical name of an account, `local@domain`. A name without `@` gets the default domain.
 * @throws {ProtocolError} with a message that says to people what is wrong
 */
export function accountName(text: string, defaultDomain: string): string {
  const name = text.includes("@") ? text : `${text}@${defaultDomain}`;
  const address = parseMailbox(name.normalize("NFC"), { utf8: true });
  // RFC 5321 §4.1.2: no mailbox should be defined that needs quotes to be named.
  if (!isDotString(address.local)) {
    throw fault("An account's name consists of letters, digits and single dots", {});
  }
  return addressKey(address);
}

/** The address without its tag: `bob+shopping@abc.com` is a mailbox of `bob@abc.com`. */
export function baseAddress(address: Address): Address {
  const plus = address.local.indexOf("+");
  // A plus sign in front tags nobody.
  return plus > 0 ? { ...address, local: address.local.slice(0, plus) } : address;
}

/** Whether this is a domain name or an address literal, as EHLO and addresses want it. */
export function isDomain(text: string, options: AddressOptions = {}): boolean {
  return canonicalLiteral(text) !== null || isDomainName(text, options);
}

// RFC 5322 §3.2.3 atext and RFC 5321 §4.1.2 qtextSMTP and quoted-pairSMTP, then with what RFC 6531
// §3.3 adds. Of the characters beyond ASCII, controls, line separators and what is no character at
// all stay out (RFC 6532 §3.1, RFC 5198 §2): U+FFFD is what the decoder makes of bytes that are not
// UTF-8.
const ATEXT = "A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~";
const QUOTED = '"(?:[ !#-\\[\\]-~]|\\\\[ -~])*"';
const BEYOND = "[^\\x00-\\x9f\\p{Cs}\\p{Zl}\\p{Zp}\\ufffd]";
const DOT_STRING = new RegExp(`[${ATEXT}]+(?:\\.[${ATEXT}]+)*`, "yu");
const DOT_STRING_UTF8 = new RegExp(
  `(?:[${ATEXT}]|${BEYOND})+(?:\\.(?:[${ATEXT}]|${BEYOND})+)*`,
  "yu",
);
const QUOTED_STRING = new RegExp(QUOTED, "yu");
const QUOTED_STRING_UTF8 = new RegExp(QUOTED.replace("(?:", `(?:${BEYOND}|`), "yu");
const DOMAIN_TEXT = /\[[^\]\s<>]*\]|[^\s<>,:;@[\]"()\\]+/yu;
const POSTMASTER = /postmaster>/yi;

// RFC 5321 §4.1.2 sub-domain. The underscore stays out though it is seen in the wild: the section
// names it, and a mailbox that only some of the servers on the way accept helps nobody.
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
// RFC 5890 §2.3.2.1: U-labels consist of letters, digits and marks; IDNA's finer rules are the
// DNS's.
const LABEL_UTF8 = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u;

function readMailbox(
  text: string,
  at: number,
  options: AddressOptions,
): { readonly address: Address; readonly end: number } {
  const { local, end: afterLocal } = readLocalPart(text, at, options);
  if (text[afterLocal] !== "@") throw fault("The address has no domain", options);
  const { domain, end } = readDomain(text, afterLocal + 1, options);
  return { address: { local, domain }, end };
}

function readLocalPart(text: string, at: number, options: AddressOptions) {
  const quoted = text[at] === '"';
  const pattern = quoted
    ? (options.utf8 ? QUOTED_STRING_UTF8 : QUOTED_STRING)
    : (options.utf8 ? DOT_STRING_UTF8 : DOT_STRING);
  const [written] = matchAt(pattern, text, at) ?? [];
  if (written === undefined) throw fault("The part before the @ is not well-formed", options);
  const local = quoted ? written.slice(1, -1).replace(/\\(.)/g, "$1") : written;
  if (byteLength(local) > LOCAL_BYTES_MAX) {
    throw fault("The part before the @ is too long", options);
  }
  return { local, end: at + written.length };
}

function readDomain(text: string, at: number, options: AddressOptions) {
  const [written] = matchAt(DOMAIN_TEXT, text, at) ?? [];
  if (written === undefined) throw fault("The address has no domain", options);
  const end = at + written.length;
  if (written.startsWith("[")) {
    const domain = canonicalLiteral(written);
    if (domain === null) throw fault("The address literal is not an IP address", options);
    return { domain, end };
  }
  const domain = isDomainName(written, options) ? asciiDomain(written) : null;
  // An A-label is longer than what it stands for, and may be too long.
  if (domain === null || !isDomainName(domain, {})) {
    throw fault("The domain is not well-formed", options);
  }
  return { domain, end };
}

/**
 * RFC 5321 Appendix C and §4.1.1.3: a source route MUST be accepted and SHOULD be ignored; it asked
 * hosts to pass mail on for others, which nobody does any more.
 */
function skipSourceRoute(text: string, at: number, options: AddressOptions): number {
  if (text[at] !== "@") return at;
  for (;;) {
    if (text[at] !== "@") throw fault("The source route is not well-formed", options);
    const { end } = readDomain(text, at + 1, options);
    if (text[end] === ":") return end + 1;
    if (text[end] !== ",") throw fault("The source route is not well-formed", options);
    at = end + 1;
  }
}

function isDomainName(text: string, { utf8 = false }: AddressOptions): boolean {
  if (byteLength(text) > DOMAIN_BYTES_MAX) return false;
  const pattern = utf8 ? LABEL_UTF8 : LABEL;
  // A U-label is measured in characters: its form in the DNS needs at least one octet for each.
  return text.split(".").every((label) =>
    label.length <= LABEL_CHARACTERS_MAX && pattern.test(label)
  );
}

/** Without a limit here, ten million characters would exhaust the stack of the pattern matcher. */
function checkLength(text: string, options: AddressOptions): void {
  if (text.length > TEXT_CHARACTERS_MAX) throw fault("The address is too long", options);
}

function isDotString(local: string): boolean {
  return matchAt(DOT_STRING_UTF8, local, 0)?.[0] === local;
}

/** Lower case and NFC; twice, because lower case can take a character out of NFC. */
function fold(text: string): string {
  return text.normalize("NFC").toLowerCase().normalize("NFC");
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function fault(message: string, options: AddressOptions): ProtocolError {
  return new ProtocolError(message, { code: 501, status: options.status ?? "5.1.3" });
}
