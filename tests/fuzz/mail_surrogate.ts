import assert from "$assert";
import { surrogateMaker } from "../../lib/mail/surrogate.ts";
import { concat, encode } from "../../lib/wire/bytes.ts";
import { MIME_SEEDS } from "./mime_seeds.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_surrogate",
  invariant:
    "any message, cut anywhere, has one surrogate, which is its own surrogate, and is the " +
    "message itself where that is ASCII",
  seeds: [
    ...MIME_SEEDS,
    encode("From: J\u00fc <\u00fc@b.c>\r\nMessage-ID: <\u00fc>\r\n\r\n\u00fc"),
    encode(
      "Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: \u00fc\r\n\r\n" +
        "--x\r\nContent-Type: text/plain; name=\u00fc\r\n\r\n\u00fc\r\n--x--\r\n",
    ),
  ],
  run(input) {
    const surrogate = surrogateOf(input, input.length);
    assert.deepEqual(surrogateOf(input, 1), surrogate);
    assert.deepEqual(surrogateOf(input, 7), surrogate);
    assert.deepEqual(surrogateOf(surrogate, surrogate.length), surrogate);
    if (input.every((byte) => byte < 128)) assert.deepEqual(surrogate, input);
  },
};

function surrogateOf(message: Uint8Array, size: number): Uint8Array {
  const make = surrogateMaker();
  const parts: Uint8Array[] = [];
  let at = 0;
  do parts.push(make(message.subarray(at, at += size), at >= message.length)); while (
    at < message.length
  );
  return concat(parts);
}
