/** The charsets of mail, by the names that mail programs give them. */

/**
 * A decoder for a charset (RFC 2045 §2.2), or `null` for one that nobody knows. It never throws:
 * what is no text in that charset becomes U+FFFD.
 */
export function decoderOf(charset: string): TextDecoder | null {
  const name = charset.trim().toLowerCase().replace(/\*.*$/, ""); // RFC 2231 §5: with a language
  try {
    return new TextDecoder(OTHER_NAMES.get(name) ?? name);
  } catch {
    return null; // no such charset
  }
}

/** Names that the Encoding Standard does not have, which old programs have written. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  // Programs call UTF-8 ASCII; what is ASCII reads the same.
  ["us-ascii", "utf-8"],
  ["ascii", "utf-8"],
  ["ansi_x3.4-1968", "utf-8"],
  ["utf-8-sig", "utf-8"],
  ["cp874", "windows-874"],
  ["cp932", "shift_jis"],
  ["cp936", "gbk"],
  ["cp949", "euc-kr"],
  ["ms936", "gbk"],
  ["ks_c_5601-1989", "euc-kr"],
  ["cp950", "big5"],
  ["cp1250", "windows-1250"],
  ["iso-2022-jp-2", "iso-2022-jp"],
  ["cp50220", "iso-2022-jp"],
  ["iso-8859-8-e", "iso-8859-8"],
]);
