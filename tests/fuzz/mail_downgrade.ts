import assert from "$assert";
import { toSevenBit } from "../../lib/mail/downgrade.ts";
import { parseHeader } from "../../lib/mail/header.ts";
import { encodeBase64Lines, encodeQuotedPrintable, toLines } from "../../lib/mail/transfer.ts";
import { hasUtf8Header } from "../../lib/mail/utf8.ts";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { latin1 } from "../smtp_support.ts";
import { MIME_SEEDS } from "./mime_seeds.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_downgrade",
  invariant:
    "a message becomes 7 bits or stays as it is, once and for all, keeps its other fields, " +
    "has no longer lines than mail may have, and " +
    "what was encoded can be decoded to the very same bytes, in lines of 76 characters",
  seeds: [...MIME_SEEDS, encode("trailing blank \r\n=3D\ttab\t\r\nä ö  \r\n")],
  run(input) {
    const lines = toLines(decodeLatin1(input));
    checkLines(encodeQuotedPrintable(lines));
    assert.deepEqual(decodeQuotedPrintable(encodeQuotedPrintable(lines)), lines);
    checkLines(encodeBase64Lines(input));
    assert.deepEqual(decodeBase64(encodeBase64Lines(input)), input);
    const sevenBit = toSevenBit(input);
    if (input.every((byte) => byte < 128)) assert.deepEqual(sevenBit, input);
    if (sevenBit === null) return;
    assert.ok(sevenBit.every((byte) => byte < 128));
    assert.deepEqual(toSevenBit(sevenBit), sevenBit);
    assert.ok(!hasUtf8Header(sevenBit));
    assert.deepEqual(otherFields(sevenBit), otherFields(input));
    assert.ok(longestLine(sevenBit) <= Math.max(998, longestLine(input)));
  },
};

function checkLines(encoded: Uint8Array): void {
  assert.match(decodeLatin1(encoded), /^(?:[\t -~]{0,76}\r\n)*[\t -~]{0,76}$/);
  // RFC 2045 §6.7 (3): a blank at a line's end may be lost on the way.
  assert.doesNotMatch(decodeLatin1(encoded), /[\t ](?:\r\n|$)/);
}

function decodeQuotedPrintable(encoded: Uint8Array): Uint8Array {
  const text = decodeLatin1(encoded).replaceAll("=\r\n", "").replaceAll(
    /=([0-9A-F]{2})/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
  return latin1(text);
}

function decodeBase64(encoded: Uint8Array): Uint8Array {
  return latin1(atob(decodeLatin1(encoded).replaceAll("\r\n", "")));
}

/** Without its line end. */
function longestLine(message: Uint8Array): number {
  return Math.max(...decodeLatin1(message).split(/\r?\n/).map((line) => line.length));
}

function otherFields(message: Uint8Array): readonly string[] {
  const { bytes, fields } = parseHeader(message);
  return fields
    .filter(({ name }) => !/^(mime-version|content-(type|transfer-encoding))$/.test(name))
    .map(({ start, end }) => decodeLatin1(bytes.subarray(start, end)));
}
