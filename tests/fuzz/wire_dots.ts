import assert from "$assert";
import { topMeter } from "../../lib/pop3/top.ts";
import { concat, decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { dotStuffer, dotUnstuffer } from "../../lib/wire/dots.ts";
import { pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const TOP_LINES = 2;
const END_LINE = /(?:^|\r\n)\.\r\n/;

export const target: FuzzTarget = {
  name: "wire_dots",
  invariant:
    "content that was stuffed, cut anywhere, comes back as it was and ends only where it does; " +
    "what is unstuffed, and where the top of it ends, do not depend on how it is cut",
  seeds: [
    ".\r\n..\r\nHello\r\n.",
    "a\r\n.\r\nb\n.\nc\r.\rd",
    ".\r",
    "\r\n.\r\n",
    "A: b\r\n\r\none\r\ntwo\r\nthree\r\n",
    "",
  ].map(encode),
  run(input) {
    const wire = stuffed([input]);
    assert.match(decodeLatin1(wire), END_LINE);
    assert.doesNotMatch(decodeLatin1(wire.subarray(0, -3)), END_LINE);
    const closed = decodeLatin1(input).endsWith("\r\n") || input.length === 0;
    const content = closed ? input : concat([input, encode("\r\n")]);
    for (const size of [1, 2, 7]) {
      assert.deepEqual(stuffed(pieces(input, size)), wire);
      assert.deepEqual(unstuffed(pieces(wire, size)), { content, used: wire.length });
      assert.deepEqual(unstuffed(pieces(input, size)), unstuffed([input]));
      assert.equal(topOf(pieces(input, size)), topOf([input]));
    }
  },
};

function stuffed(chunks: readonly Uint8Array[]): Uint8Array {
  const stuffer = dotStuffer();
  return concat([...chunks.map((chunk) => stuffer.push(chunk)), stuffer.end()]);
}

/** `used: null` where the content does not end. */
function unstuffed(chunks: readonly Uint8Array[]) {
  const unstuffer = dotUnstuffer();
  const contents: Uint8Array[] = [];
  let before = 0;
  for (const chunk of chunks) {
    const { content, used, done } = unstuffer.push(chunk);
    contents.push(content);
    before += used;
    if (done) return { content: concat(contents), used: before };
  }
  return { content: concat(contents), used: null };
}

function topOf(chunks: readonly Uint8Array[]): number {
  const meter = topMeter(TOP_LINES);
  let bytes = 0;
  for (const chunk of chunks) {
    const { count, done } = meter(chunk);
    bytes += count;
    if (done) break;
  }
  return bytes;
}
