/** xtext, RFC 3461 §4: how text gets into the value of an ESMTP parameter. */

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
  if (!isXtext(xtext)) return null;
  const text = xtext.replace(
    /\+(..)/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
  return /^[\t -~]*$/.test(text) ? text : null;
}
