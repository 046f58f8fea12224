/**
 * The parameters of MAIL and RCPT, RFC 5321 §4.1.2: each a keyword, most with a value. What is
 * wrong with one is a {@linkcode ProtocolError} with the reply to give.
 */
import { type Envelope, NOTIFY_CONDITIONS, type NotifyCondition } from "../mail/envelope.ts";
import { isOrcpt } from "../mail/orcpt.ts";
import { decodeXtext, isXtext } from "../mail/xtext.ts";
import { ProtocolError } from "../wire/error.ts";

/** RFC 3461 §4.4 and §5.4 (a): so many have to be taken, and no more need to be. */
export const ENVID_CHARACTERS_MAX = 100;

/** RFC 5321 §4.1.2: `Mail-parameters = esmtp-param *(SP esmtp-param)`. */
export function parseParameters(
  text: string,
  extended: boolean,
): ReadonlyMap<string, string | null> {
  const parameters = new Map<string, string | null>();
  if (text === "") return parameters;
  if (text[0] !== " ") throw argument("A blank is missing behind the address");
  // RFC 5321 §4.1.1.11: after HELO there are no parameters.
  if (!extended) throw unknownParameter();
  for (const part of text.slice(1).split(" ")) {
    if (part === "") continue;
    // RFC 6531 §3.3: values may be in UTF-8; which ones is seen where each is read.
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=((?:[!-<>-~]|[^\0-\x9f\ufffd])+))?$/u.exec(part);
    if (match === null) throw argument("A parameter is not of the form KEYWORD=value");
    const name = match[1]!.toUpperCase();
    if (parameters.has(name)) throw argument("A parameter is there twice");
    parameters.set(name, match[2] ?? null);
  }
  return parameters;
}

/** SIZE of RFC 1870: bytes. */
export function parseSize(value: string | null): number {
  // RFC 1870 §3: up to twenty digits. Beyond 2^53 the exact figure no longer matters.
  if (value === null || !/^\d{1,20}$/.test(value)) throw argument("SIZE is not a number");
  return Number(value);
}

/** BODY of RFC 6152. */
export function parseBody(value: string | null): Envelope["body"] {
  const upper = value?.toUpperCase();
  if (upper === "7BIT" || upper === "8BITMIME") return upper;
  throw argument("BODY is neither 7BIT nor 8BITMIME"); // RFC 6152 §3
}

/** SMTPUTF8 of RFC 6531, which is there or not. */
export function parseUtf8(value: string | null): true {
  if (value === null) return true;
  throw argument("SMTPUTF8 takes no value"); // RFC 6531 §3.4
}

/** REQUIRETLS of RFC 8689, which is there or not. */
export function parseRequireTls(value: string | null): "required" {
  if (value === null) return "required";
  throw argument("REQUIRETLS takes no value"); // RFC 8689 §2
}

/** RET of RFC 3461. */
export function parseRet(value: string | null): "FULL" | "HDRS" {
  const upper = value?.toUpperCase();
  if (upper === "FULL" || upper === "HDRS") return upper;
  throw argument("RET is neither FULL nor HDRS"); // RFC 3461 §4.3
}

/** ENVID of RFC 3461. */
export function parseEnvid(value: string | null): string {
  const isXtext = value !== null && decodeXtext(value) !== null;
  if (isXtext && value.length <= ENVID_CHARACTERS_MAX) return value;
  throw argument("ENVID is not xtext of up to 100 characters"); // RFC 3461 §4.4
}

/** RFC 3461 §4.1: NEVER by itself, or a list; each in any case. */
export function parseNotify(value: string | null): readonly NotifyCondition[] {
  const words = value?.toUpperCase().split(",") ?? [];
  if (words.length === 1 && words[0] === "NEVER") return [];
  const conditions = NOTIFY_CONDITIONS.filter((condition) => words.includes(condition));
  const isList = words.length > 0 && words.every((word) => conditions.some((one) => one === word));
  if (isList) return conditions;
  throw argument("NOTIFY is neither NEVER nor a list of SUCCESS, FAILURE and DELAY");
}

/** ORCPT of RFC 3461. */
export function parseOrcpt(value: string | null): string {
  if (value !== null && isOrcpt(value)) return value;
  throw argument("ORCPT is not a type and xtext, of up to 500 characters"); // RFC 3461 §4.2
}

/** RFC 4954 §5: syntax is checked; the identity is not used, for no peer is trusted with it. */
export function checkAuthParameter(value: string | null): void {
  if (value === null || !isXtext(value)) {
    throw argument("AUTH is not an encoded mailbox");
  }
}

/** RFC 5321 §4.2.3: 501 for a syntax error in what stands behind a command. */
export function argument(message: string): ProtocolError {
  return new ProtocolError(message, { code: 501, status: "5.5.4" });
}

/** RFC 5321 §4.1.1.11 and §4.2.4: 555 for a parameter that is not recognised. */
export function unknownParameter(): ProtocolError {
  return new ProtocolError("Unknown parameter", { code: 555, status: "5.5.4" });
}
