import assert from "$assert";
import * as check from "$check";
import { chunkReader, readChunk } from "../lib/smtp/chunks.ts";
import type { DataFault } from "../lib/smtp/content.ts";
import { createRoom } from "../lib/wire/room.ts";
import { ByteQueue, decodeLatin1 } from "../lib/wire/bytes.ts";
import type { Session } from "../lib/wire/session.ts";
import { play } from "./play.ts";
import { modelChunked, readChunked } from "./smtp_chunks_model.ts";
import { bytewise, cutAt, latin1, pieces } from "./smtp_support.ts";

const BYTES_MAX = 4000;

Deno.test("chunkReader refuses whatever the next reader of the content could take for its end", () => {
  const table: readonly (readonly [variant: string, fault: DataFault])[] = [
    ["\n.\n", "bareLf"],
    ["\n.\r\n", "bareLf"],
    ["\r.\r", "bareCr"],
    ["\r.\r\n", "bareCr"],
    ["\r\n.\n", "bareLf"],
    ["\r\n.\r", "bareCr"],
    ["\r\n.\r\r\n", "bareCr"],
    ["\r\r\n.\r\r\n", "bareCr"],
    ["\n\r.\r\n", "bareLf"],
    ["\r\0\n.\r\n", "bareCr"],
  ];
  for (const [variant, fault] of table) everyCut(`a${variant}b\r\n`, `<${fault}>`);
  everyCut("a\r", "<bareCr>");
  everyCut("\n", "<bareLf>");
});

Deno.test("chunkReader takes dots and NUL for content", () => {
  for (
    const content of ["", "\r\n", "\r\n.\r\n", ".\r\n", "..\r\n.", "a\0\xff\r\n", "a\r\n\0.\r\n"]
  ) {
    everyCut(content, content.endsWith("\n") || content === "" ? content : `${content}\r\n`);
  }
});

Deno.test("chunkReader takes lines of 1000 bytes, and content up to its limit", () => {
  const line = `${"x".repeat(998)}\r\n`;
  everyCut(line.repeat(4), line.repeat(4));
  everyCut(`x${line}`, "<overlong>");
  everyCut("x".repeat(998), line);
  everyCut("x".repeat(999), "<overlong>");
  everyCut("x".repeat(1001), "<overlong>");
  everyCut(`${line.repeat(4)}x`, "<tooBig>");
  // The CRLF that is put behind counts too.
  everyCut("123", "123\r\n", 5);
  everyCut("1234", "<tooBig>", 5);
});

Deno.test("chunkReader keeps every byte, in whatever chunks and pieces it comes", () => {
  const line = check.array(check.constantFrom(".", "a", "\0", "\xff", "BDAT 1 LAST"), {
    maxLength: 6,
  });
  const content = check.array(line.map((parts) => `${parts.join("")}\r\n`), { maxLength: 12 })
    .map((lines) => lines.join(""));
  check.assert(check.property(content, check.array(check.nat(300)), (content, cuts) => {
    assert.equal(readChunked(cutAt(latin1(content), cuts), BYTES_MAX), content);
  }));
});

Deno.test("chunkReader agrees with a reader that looks at one byte at a time", () => {
  const piece = check.constantFrom("\r\n", "\r\n", ".", "\r", "\n", "a", "bbbb", "\0");
  const text = check.array(piece, { maxLength: 60 }).map((parts) => parts.join(""));
  const near = check.integer({ min: 994, max: 1003 }).map((length) => "x".repeat(length));
  const content = check.oneof(text, check.tuple(text, near, text).map((parts) => parts.join("")));
  const bytesMax = check.oneof(check.nat(60), check.constant(BYTES_MAX));
  check.assert(
    check.property(content, check.array(check.nat(1100)), bytesMax, (content, cuts, bytesMax) => {
      const model = modelChunked(content, bytesMax);
      assert.equal(readChunked(cutAt(latin1(content), cuts), bytesMax), model);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readChunk takes so many bytes and no more, at every cut", () => {
  const wire = latin1("RSET\r\nNOOP\r\n");
  for (let size = 0; size <= 6; size++) {
    for (let cut = 0; cut <= wire.length; cut++) {
      const { outcome, chunksRead } = play(reading(size), cutAt(wire, [cut]), null);
      const rest = outcome!.rest + cutAt(wire, [cut]).slice(chunksRead).map(decodeLatin1).join("");
      assert.equal(outcome!.content + rest, decodeLatin1(wire));
      assert.equal(outcome!.content.length, size);
    }
  }
});

Deno.test("readChunk says when the peer closes before the end", () => {
  assert.equal(play(reading(7), [latin1("123456")], null).outcome, null);
  assert.equal(play(reading(1), [], null).outcome, null);
});

Deno.test("readChunk gives the peer more time for each 16 KiB, and for nothing less", () => {
  const size = 50_000;
  const chunks = pieces(latin1(`${"x".repeat(998)}\r\n`.repeat(50)), 1000);
  assert.deepEqual(play(reading(size), chunks, null).deadlinesMs, [7, 7]);
});

function* reading(size: number): Session<null, { content: string; rest: string } | null> {
  const queue = new ByteQueue();
  const taken: string[] = [];
  const reader = {
    ...chunkReader(BYTES_MAX, createRoom(0).hold()),
    push: (bytes: Uint8Array) => void taken.push(decodeLatin1(bytes)),
  };
  const whole = yield* readChunk<null>(queue, size, { reader, blockTimeoutMs: 7 });
  return whole ? { content: taken.join(""), rest: decodeLatin1(queue.peek()) } : null;
}

/** Reads `content` whole, byte by byte, and in two pieces. */
function everyCut(content: string, expected: string, bytesMax = BYTES_MAX): void {
  const bytes = latin1(content);
  const twoPieces = bytes.length > 100 ? [] : Array.from(bytes, (_, at) => cutAt(bytes, [at]));
  for (const cut of [[bytes], bytewise(bytes), ...twoPieces]) {
    assert.equal(readChunked(cut, bytesMax), expected, JSON.stringify(content.slice(0, 40)));
  }
}
