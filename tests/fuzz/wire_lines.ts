import assert from "$assert";
import { ByteQueue, decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { readLine } from "../../lib/wire/lines.ts";
import type { Session } from "../../lib/wire/session.ts";
import { play } from "../play.ts";
import type { FuzzTarget } from "./target.ts";

const LINE_BYTES_MAX = 40;

export const target: FuzzTarget = {
  name: "wire_lines",
  invariant:
    "the lines and faults that are read do not depend on how the bytes are cut into chunks, and " +
    "no line holds a CR, an LF or more bytes than allowed",
  seeds: [
    encode("EHLO abc.com\r\nMAIL FROM:<a@abc.com>\r\nQUIT\r\n"),
    encode("bare\nlines\rand\r\r\nmore\n\r"),
    encode(`${"x".repeat(LINE_BYTES_MAX - 2)}\r\n${"y".repeat(LINE_BYTES_MAX - 1)}\r\n`),
  ],
  run(input) {
    const whole = linesOf([input]);
    for (const line of whole) {
      assert.doesNotMatch(line, /[\r\n]/);
      assert.ok(line.length <= LINE_BYTES_MAX - 2);
    }
    assert.deepEqual(linesOf(cut(input, 1)), whole);
    assert.deepEqual(linesOf(cut(input, 7)), whole);
  },
};

function linesOf(chunks: readonly Uint8Array[]): readonly string[] {
  return play(readAll(), chunks, null).outcome!;
}

function* readAll(): Session<null, readonly string[]> {
  const queue = new ByteQueue();
  const lines: string[] = [];
  for (;;) {
    const line = yield* readLine(queue, LINE_BYTES_MAX);
    if (line === null) return lines;
    lines.push(typeof line === "string" ? `<${line}>` : decodeLatin1(line));
  }
}

function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
