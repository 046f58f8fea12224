/** What stands behind XCLIENT (https://www.postfix.org/XCLIENT_README.html). */
import { canonicalAddress, canonicalLiteral } from "../mail/literal.ts";
import { decodeXtext } from "../mail/xtext.ts";
import { argument } from "./parameters.ts";

/** What the proxy says, each only when it says it; `null`: it does not know. */
export interface Xclient {
  readonly name?: string | null;
  readonly address?: string | null;
  readonly port?: number | null;
  readonly extended?: boolean | null;
  readonly helo?: string | null;
  readonly login?: string | null;
}

/** As EHLO announces them. */
export const XCLIENT_ATTRIBUTES = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN"] as const;

/** Longer than any host name, and than any account's. */
const VALUE_CHARACTERS_MAX = 255;

/**
 * Reads what stands behind XCLIENT.
 * @throws {ProtocolError} code 501
 */
export function parseXclient(text: string): Xclient {
  if (text.trim() === "") throw argument("XCLIENT takes attributes: ADDR=192.0.2.1");
  let said: Xclient = {};
  for (const part of text.trim().split(/ +/)) {
    const [, name = "", written = ""] = /^([A-Za-z]+)=(.*)$/.exec(part) ?? [];
    said = { ...said, ...attribute(name.toUpperCase(), valueOf(written)) };
  }
  return said;
}

function attribute(name: string, value: string | null): Xclient {
  switch (name) {
    case "NAME":
      return { name: value === null ? null : visible(value) };
    case "ADDR":
      return { address: value === null ? null : addressOf(value) };
    case "PORT":
      return { port: value === null ? null : portOf(value) };
    case "PROTO":
      if (value !== null && !/^E?SMTP$/i.test(value)) throw argument("PROTO is SMTP or ESMTP");
      return { extended: value === null ? null : value.toUpperCase() === "ESMTP" };
    case "HELO":
      return { helo: value === null ? null : visible(value) };
    case "LOGIN":
      return { login: value };
    default:
      throw argument("XCLIENT has NAME, ADDR, PORT, PROTO, HELO and LOGIN here");
  }
}

/** Values are xtext; these two say that there is none. */
function valueOf(written: string): string | null {
  if (/^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(written)) return null;
  const value = decodeXtext(written);
  if (value !== null && value !== "" && value.length <= VALUE_CHARACTERS_MAX) return value;
  throw argument("A value is not xtext of up to 255 characters");
}

function visible(value: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw argument("A name has no blanks and no controls");
}

/** IPv6 addresses have a prefix, as in an address literal. */
function addressOf(value: string): string {
  const isAddress = canonicalLiteral(`[${value}]`) !== null;
  const address = isAddress ? canonicalAddress(value.replace(/^IPv6:/i, "")) : null;
  if (address === null) throw argument("ADDR is not an IP address");
  return address;
}

function portOf(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65535) return Number(value);
  throw argument("PORT is not a port");
}
