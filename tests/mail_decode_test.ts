import assert from "$assert";
import fc from "$check";
import { decoderOf } from "../lib/mail/charset.ts";
import { decodeBase64Lines, decodeQuotedPrintable, decodeTransfer } from "../lib/mail/decode.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { latin1 } from "./imap_support.ts";

const BASE64: readonly (readonly [text: string, decoded: string])[] = [
  ["", ""],
  ["YWJj", "abc"],
  ["YWI=", "ab"],
  ["YQ==", "a"],
  ["YW\r\nJj\r\n", "abc"],
  ["Y W-J!j", "abc"],
  ["YWI=YWI=", "abab"], // two encodings that were joined
  ["YQ==\r\nYQ==", "aa"],
  ["YWJ", "ab"], // padding is missing
  ["Y", ""],
  ["====", ""],
];

Deno.test("base64 is read as mail programs have always written it", () => {
  for (const [text, decoded] of BASE64) {
    assert.equal(decode(decodeBase64Lines(encode(text))), decoded, text);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const lines = bytes.toBase64().replace(/.{76}/g, "$&\r\n");
    assert.deepEqual([...decodeBase64Lines(encode(lines))], [...bytes]);
  }));
});

const QUOTED: readonly (readonly [text: string, decoded: string])[] = [
  ["", ""],
  ["a=3Db", "a=b"],
  ["a=3db", "a=b"],
  ["a=\r\nb", "ab"],
  ["a= \t\r\nb", "ab"],
  ["a \t\r\nb", "a\r\nb"],
  ["a =20\r\nb", "a  \r\nb"],
  ["a\nb", "a\nb"],
  ["a=", "a"],
  ["a=\n", "a"],
  ["=zz=4", "=zz=4"],
  ["=3", "=3"],
  ["=", ""],
  ["a \r \r\nb", "a\r\nb"],
  ["=3D3D", "=3D"],
  ["\xe4", "\xe4"],
];

Deno.test("quoted-printable is read as RFC 2045 §6.7 says, and more", () => {
  for (const [text, decoded] of QUOTED) {
    assert.deepEqual([...decodeQuotedPrintable(latin1(text))], [...latin1(decoded)], text);
  }
});

Deno.test("a line of blanks costs no more than its length", () => {
  const line = encode(`${" ".repeat(2_000_000)}x`);
  assert.equal(decodeQuotedPrintable(line).length, line.length);
});

Deno.test("decodeTransfer knows the encodings of RFC 2045, and no other", () => {
  const body = encode("YQ==");
  for (const encoding of ["7bit", "8bit", "binary"]) {
    assert.equal(decodeTransfer(body, encoding), body);
  }
  assert.equal(decode(decodeTransfer(body, "base64")!), "a");
  assert.equal(decode(decodeTransfer(encode("=61"), "quoted-printable")!), "a");
  assert.equal(decodeTransfer(body, "x-uuencode"), null);
});

const CHARSETS: readonly (readonly [charset: string, bytes: string, text: string])[] = [
  ["utf-8", "\xc3\xa4", "ä"],
  ["UTF-8", "\xff", "\ufffd"],
  ["us-ascii", "\xc3\xa4", "ä"], // what programs call ASCII is often UTF-8
  ["ISO-8859-1", "\xe4", "ä"],
  ["iso-8859-15", "\xa4", "€"],
  ["windows-1252", "\x80", "€"],
  [" koi8-r ", "\xc1", "а"],
  ["iso-8859-1*de", "\xe4", "ä"], // RFC 2231 §5
  ["shift_jis", "\x93\xfa", "日"],
  ["cp932", "\x93\xfa", "日"],
  ["iso-2022-jp", "\x1b$BF|\x1b(B", "日"],
  ["euc-kr", "\xb0\xa1", "가"],
  ["ks_c_5601-1987", "\xb0\xa1", "가"],
  ["gb2312", "\xc4\xe3", "你"],
  ["cp936", "\xc4\xe3", "你"],
  ["gb18030", "\xc4\xe3", "你"],
  ["big5", "\xa7A", "你"],
  ["macintosh", "\x8a", "ä"],
  ["utf-16le", "\xe4\0", "ä"],
];

Deno.test("charsets are known by the names that mail programs give them", () => {
  for (const [charset, bytes, text] of CHARSETS) {
    assert.equal(decoderOf(charset)!.decode(latin1(bytes)), text, charset);
  }
  for (const unknown of ["", "x-unknown", "utf-7", "iso-2022-kr"]) {
    assert.equal(decoderOf(unknown), null, unknown);
  }
});
