import assert from "$assert";
import { topMeter } from "../lib/pop3/top.ts";
import { encode } from "../lib/wire/bytes.ts";

const TOPS: readonly (readonly [message: string, lines: number, top: string])[] = [
  ["A: b\r\n\r\none\r\ntwo\r\n", 0, "A: b\r\n\r\n"],
  ["A: b\r\n\r\none\r\ntwo\r\n", 1, "A: b\r\n\r\none\r\n"],
  ["A: b\r\n\r\none\r\ntwo\r\n", 2, "A: b\r\n\r\none\r\ntwo\r\n"],
  ["A: b\r\n\r\none\r\ntwo", 9, "A: b\r\n\r\none\r\ntwo"],
  ["A: b\r\n\r\n\r\n\r\nx\r\n", 1, "A: b\r\n\r\n\r\n"],
  ["\r\nbody\r\n", 0, "\r\n"],
  ["A: b\r\n", 1, "A: b\r\n"],
  ["A: b\r\n\n\r\n\r\nx", 0, "A: b\r\n\n\r\n\r\n"],
  ["A: b\r\n\r\na\nb\r\nc\r\n", 1, "A: b\r\n\r\na\nb\r\n"],
  ["", 3, ""],
];

Deno.test("topMeter ends behind so many lines of the body, wherever the message is cut", () => {
  for (const [message, lines, top] of TOPS) {
    for (const size of [1, 2, 3, 1000]) {
      assert.equal(measured(message, lines, size), top, JSON.stringify([message, lines, size]));
    }
  }
});

function measured(message: string, lines: number, size: number): string {
  const meter = topMeter(lines);
  let top = "";
  for (let at = 0; at < message.length; at += size) {
    const piece = message.slice(at, at + size);
    const { count, done } = meter(encode(piece));
    top += piece.slice(0, count);
    if (done) break;
  }
  return top;
}
