import assert from "$assert";
import * as check from "$check";
import { ByteQueue, concat, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { DISCARD_BYTES_MAX, hasLine, readLine } from "../lib/wire/lines.ts";
import type { Session } from "../lib/wire/session.ts";
import { play } from "./play.ts";

/** Reads lines until the peer closes; a fault is shown in angle brackets. */
function* lines(maxBytes: number, queue = new ByteQueue()): Session<null, readonly string[]> {
  const found: string[] = [];
  for (;;) {
    const line = yield* readLine(queue, maxBytes);
    if (line === null) return found;
    found.push(typeof line === "string" ? `<${line}>` : decodeLatin1(line));
    if (line === "endless") return found;
  }
}

function linesOf(chunks: readonly Uint8Array[], maxBytes: number): readonly string[] | undefined {
  return play(lines(maxBytes), chunks, null).outcome;
}

const MAX = 16;
const table: readonly (readonly [input: string, lines: readonly string[]])[] = [
  ["", []],
  ["\r\n", [""]],
  ["NOOP\r\nQUIT\r\n", ["NOOP", "QUIT"]],
  ["NOOP\r\nQUIT", ["NOOP"]],
  ["\n", ["<bareLf>"]],
  ["NOOP\nQUIT\r\n", ["<bareLf>", "QUIT"]],
  ["NO\rOP\r\nQUIT\r\n", ["<bareCr>", "QUIT"]],
  ["NOOP\r\r\nQUIT\r\n", ["<bareCr>", "QUIT"]],
  ["\r\r\n", ["<bareCr>"]],
  ["NOOP\r", []],
  ["NUL\0\xff\r\n", ["NUL\0\xff"]],
  ["12345678901234\r\nA\r\n", ["12345678901234", "A"]],
  ["123456789012345\r\nA\r\n", ["<overlong>", "A"]],
  ["123456789012345\nA\r\n", ["<bareLf>", "A"]],
  ["1234567890123456\nA\r\n", ["<overlong>", "A"]],
  [`${"x".repeat(100)}\r\nA\r\n`, ["<overlong>", "A"]],
  [`${"x".repeat(100)}\rx\nA\r\n`, ["<overlong>", "A"]],
  ["x".repeat(100), []],
];

for (const [input, expected] of table) {
  Deno.test(`readLine reads ${JSON.stringify(input.slice(0, 24))} at every cut`, () => {
    const bytes = Uint8Array.from(input, (each) => each.charCodeAt(0));
    assert.deepEqual(linesOf([bytes], MAX), expected);
    assert.deepEqual(linesOf([...bytes].map((byte) => new Uint8Array([byte])), MAX), expected);
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(linesOf([bytes.subarray(0, cut), bytes.subarray(cut)], MAX), expected);
    }
  });
}

Deno.test("readLine finds the same lines wherever the chunks are cut", () => {
  const text = check.array(check.constantFrom("a", "b", "\r\n", "\r\n", "\r", "\n", "cccccccc"), {
    maxLength: 80,
  });
  const cuts = check.array(check.nat(200), { maxLength: 20 });
  check.assert(check.property(text, cuts, (pieces, cuts) => {
    const bytes = encode(pieces.join(""));
    const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
      .sort((a, b) => a - b);
    const chunks = places.slice(1).map((place, at) => bytes.subarray(places[at], place));
    assert.deepEqual(concat(chunks), bytes);
    assert.deepEqual(linesOf(chunks, MAX), linesOf([bytes], MAX));
  }));
});

Deno.test("readLine gives up a line without an end, and holds no more than one chunk of it", () => {
  const queue = new ByteQueue();
  const chunk = new Uint8Array(1024 * 1024).fill(120);
  const count = DISCARD_BYTES_MAX / chunk.length + 1;
  const played = play(lines(512, queue), Array.from({ length: count + 5 }, () => chunk), null);
  assert.deepEqual(played.outcome, ["<endless>"]);
  assert.equal(played.chunksRead, count);
  assert.equal(queue.length, 0);
});

Deno.test("hasLine sees a line that waits whole", () => {
  const queue = new ByteQueue();
  queue.push(encode("NOOP\r"));
  assert.ok(!hasLine(queue));
  queue.push(encode("\n"));
  assert.ok(hasLine(queue));
});
