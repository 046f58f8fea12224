/** xtext, RFC 3461 §4: how text gets into the value of an ESMTP parameter. */
import { decodeLatin1 } from "../wire/bytes.ts";

/** Printable ASCII text as xtext; what has no place in a value is written by its number. */
export function encodeXtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-~]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Whether this is xtext, whatever it stands for; upper case is a must in its numbers. */
export function isXtext(text: string): boolean {
  return /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text);
}

/**
 * What the xtext stands for; `null` when it is none, or stands for more than printable ASCII and
 * tabs, which is all that a report could repeat (RFC 3461 §4.2, §4.4).
 */
export function decodeXtext(xtext: string): string | null {
  const octets = xtextOctets(xtext);
  if (octets === null) return null;
  const text = decodeLatin1(octets);
  return /^[\t -~]*$/.test(text) ? text : null;
}

/** The octets that the xtext stands for, of whatever charset; `null` when it is none. */
export function xtextOctets(xtext: string): Uint8Array | null {
  if (!isXtext(xtext)) return null;
  const octets = xtext.replace(
    /\+(..)/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
  return Uint8Array.from(octets, (octet) => octet.charCodeAt(0));
}
