import assert from "$assert";
import * as check from "$check";
import { decodeBase64, encodeBase64 } from "../lib/sasl/base64.ts";
import { encode } from "../lib/wire/bytes.ts";

Deno.test("encodeBase64 writes the test vectors of RFC 4648 §10", () => {
  const vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  for (const [length, text] of vectors.entries()) {
    const bytes = encode("foobar".slice(0, length));
    assert.equal(encodeBase64(bytes), text);
    assert.deepEqual(decodeBase64(text), bytes);
  }
});

Deno.test("decodeBase64 gives back what encodeBase64 was given", () => {
  check.assert(check.property(check.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
  }));
});

Deno.test("decodeBase64 gives null for what is not base64, and never throws", () => {
  const table = [
    "=",
    "==",
    "====",
    "A",
    "AA",
    "AAA",
    "A===",
    "AA=A",
    "=AAA",
    "AAAAA===",
    "AA==AA==",
    "AA= =",
    " AAAA",
    "AAAA\n",
    "AA-_",
    "AAÄ=",
    "*",
  ];
  for (const text of table) assert.equal(decodeBase64(text), null, JSON.stringify(text));
  const text = check.array(check.constantFrom("A", "+", "/", "9", "=", " ", "é")).map((all) =>
    all.join("")
  );
  check.assert(check.property(text, (text) => {
    const bytes = decodeBase64(text);
    if (bytes !== null) assert.equal(encodeBase64(bytes).length, text.length);
  }));
});
