import assert from "$assert";
import fc from "$check";
import { encodeQuotedPrintable, encodeText, toLines } from "../lib/mail/transfer.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

Deno.test("encodeQuotedPrintable keeps lines short and escapes what is fragile", () => {
  const encoded = (text: string) => decode(encodeQuotedPrintable(encode(text)));
  assert.equal(encoded("a=b\r\n"), "a=3Db\r\n");
  assert.equal(encoded("a \r\nb\t\r\nc "), "a=20\r\nb=09\r\nc=20");
  assert.equal(encoded("a\rb\nc"), "a=0Db=0Ac");
  assert.equal(encoded("ö"), "=C3=B6");
  assert.equal(encoded("x".repeat(80)), `${"x".repeat(75)}=\r\n${"x".repeat(5)}`);
});

Deno.test("encodeText gives what the next server can take, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, eightBit) => {
    const { encoding, bytes: encoded } = encodeText(bytes, { eightBit });
    const text = decode(encoded);
    assert(!/\r(?!\n)|(?<!\r)\n|\0/.test(text));
    assert(text.split("\r\n").every((line) => line.length <= 998));
    if (encoding !== "8bit") assert(encoded.every((byte) => byte < 128));
    else assert(eightBit);
  }));
});

Deno.test("encodeText does not let a bare LF through that begins the text", () => {
  for (const text of ["\n", "\na\r\n", "a\r\n\n", "a\n"]) {
    const { encoding } = encodeText(encode(text), { eightBit: true });
    assert.equal(encoding, "quoted-printable", JSON.stringify(text));
  }
  assert.equal(encodeText(encode("\r\na\r\n"), { eightBit: true }).encoding, "7bit");
});

Deno.test("toLines ends every line with CRLF", () => {
  assert.equal(decode(toLines("a\nb\rc\r\n\nd")), "a\r\nb\r\nc\r\n\r\nd\r\n");
  assert.equal(decode(toLines("a\n")), "a\r\n");
  assert.equal(decode(toLines("")), "");
});
