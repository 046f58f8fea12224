import assert from "$assert";
import { bodyFrom, bodyOf, joinBodies } from "../lib/mail/body.ts";
import { decode, encode } from "../lib/wire/bytes.ts";

Deno.test("bodies are joined and cut as their bytes would be", async () => {
  const whole = encode("0123456789");
  const joined = joinBodies([
    bodyOf(whole.subarray(0, 4)),
    bodyOf(new Uint8Array(0)),
    bodyFrom(bodyOf(whole), 4),
  ]);
  assert.equal(joined.size, 10);
  for (let from = -1; from <= 11; from++) {
    for (let to = from; to <= 11; to++) {
      const expected = whole.subarray(Math.max(0, from), Math.max(0, to));
      assert.deepEqual(await joined.slice(from, to), expected.slice(), `${from} ${to}`);
      const tail = bodyFrom(bodyOf(whole), 4);
      const part = whole.subarray(4).subarray(Math.max(0, from), Math.max(0, to));
      assert.equal(decode(await tail.slice(from, to)), decode(part));
    }
  }
  assert.equal(bodyFrom(bodyOf(whole), 12).size, 0);
});
