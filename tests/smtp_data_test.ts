import assert from "$assert";
import * as check from "$check";
import type { DataFault } from "../lib/smtp/content.ts";
import { decodeLatin1 } from "../lib/wire/bytes.ts";
import { dotStuffer } from "../lib/wire/dots.ts";
import { modelRead, played, read } from "./smtp_data_model.ts";
import { bytewise, cutAt, latin1 } from "./smtp_support.ts";

const BYTES_MAX = 4000;

Deno.test("readData ends content at CRLF.CRLF and takes stuffed dots out, at every cut", () => {
  const table: readonly (readonly [wire: string, content: string])[] = [
    [".\r\n", ""],
    ["\r\n.\r\n", "\r\n"],
    ["a\r\n.\r\n", "a\r\n"],
    ["a\r\n..\r\n.\r\n", "a\r\n.\r\n"],
    ["..\r\n.\r\n", ".\r\n"],
    ["...a\r\n.\r\n", "..a\r\n"],
    [".a\r\n.\r\n", "a\r\n"],
    ["a.\r\n.\r\n", "a.\r\n"],
    ["a\0b\xff\r\n.\r\n", "a\0b\xff\r\n"],
  ];
  for (const [wire, content] of table) everyCut(wire, content);
});

Deno.test("readData refuses whatever another server could take for the end, and reads on", () => {
  // Each is a way to smuggle a second message: some server or other has ended the content there.
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
    ["\n\n.\r\n", "bareLf"],
  ];
  for (const [variant, fault] of table) everyCut(`a${variant}b\r\n.\r\n`, `<${fault}>`);
});

Deno.test("readData takes NUL for content, so that it neither hides an end nor makes one", () => {
  for (const variant of ["\r\n\0.\r\n", "\r\n.\0\r\n", "\0\r\n.\0\r\n"]) {
    everyCut(`a${variant}b\r\n.\r\n`, `a${variant.replace("\n.", "\n")}b\r\n`);
  }
  for (const variant of ["\r\0\n.\r\n", "\n\0.\r\n", "\r\n.\r\0\n"]) {
    everyCut(`a${variant}b\r\n.\r\n`, "<bareLf>");
  }
});

Deno.test("readData reports the first fault, whatever comes behind it", () => {
  everyCut("a\nb\rc\r\n.\r\n", "<bareLf>");
  everyCut("b\rc\r\na\n\r\n.\r\n", "<bareCr>");
  everyCut(`${`${"x".repeat(998)}\r\n`.repeat(5)}a\n\r\n.\r\n`, "<tooBig>", { everyByte: false });
  everyCut(`a\n${`${"x".repeat(998)}\r\n`.repeat(5)}.\r\n`, "<bareLf>", { everyByte: false });
});

Deno.test("readData takes lines of 1000 bytes, not counting a stuffed dot", () => {
  const x998 = "x".repeat(998);
  const table: readonly (readonly [wire: string, content: string])[] = [
    [`${x998}\r\n`, `${x998}\r\n`],
    [`..${x998.slice(1)}\r\n`, `.${x998.slice(1)}\r\n`],
    [`x${x998}\r\n`, "<overlong>"],
    [`..${x998}\r\n`, "<overlong>"],
    [`xx${x998}\r\n`, "<overlong>"],
    [`x${x998}\n\r\n`, "<bareLf>"],
    [`xx${x998}\n\r\n`, "<bareLf>"],
    [`xxx${x998}\n\r\n`, "<overlong>"],
    [`${x998.repeat(3)}\r.\r\n`, "<overlong>"],
    [`a\r${x998.repeat(3)}\r\n`, "<overlong>"],
  ];
  for (const [wire, content] of table) everyCut(`${wire}.\r\n`, content, { everyByte: false });
});

Deno.test("readData takes content up to its limit, and throws more away up to its end", () => {
  for (const size of [1, 3, 9, 10]) {
    const content = `${"x".repeat(size - 1)}\r\n`;
    everyCut(`${content}.\r\n`, content, { bytesMax: size + 1 });
    everyCut(`${content}.\r\n`, size > 5 ? "<tooBig>" : "<flood>", { bytesMax: size });
  }
  everyCut("..\r\n..\r\n.\r\n", ".\r\n.\r\n", { bytesMax: 6 });
  everyCut("..\r\n..\r\n.\r\n", "<flood>", { bytesMax: 5 });
  everyCut(".\r\n", "", { bytesMax: 0 });
});

Deno.test("readData gives up content of more than twice its limit, with its end or without", () => {
  everyCut("123456\r\n12345678\r\n.\r\n", "<flood>", { bytesMax: 10 });
  const endless = played([latin1("123456789\r\n"), ...bytewise(latin1("x".repeat(100)))], 10);
  assert.equal(endless.outcome, "flood");
  assert.equal(endless.chunksRead, 1 + 10);
});

Deno.test("readData gives null when the peer closes before the end", () => {
  for (const wire of ["", "a", "a\r\n", "a\r\n.", "a\r\n.\r", "a\n", "a\n\r\n.\r", ".\n"]) {
    assert.equal(played([latin1(wire)], BYTES_MAX).outcome, null, JSON.stringify(wire));
  }
});

Deno.test("readData gives the peer more time for each 16 KiB, and for nothing less", () => {
  const line = latin1(`${"x".repeat(998)}\r\n`);
  const chunks = Array.from({ length: 50 }, () => line);
  const { deadlinesMs } = played([...chunks, latin1(".\r\n")], 1024 * 1024);
  assert.deepEqual(deadlinesMs, [7, 7, 7]);
});

Deno.test("readData gives stuffed content back, wherever the wire is cut", () => {
  const line = check.array(check.constantFrom(".", "..", "a", "\0", "\xff"), { maxLength: 6 });
  const lines = check.array(line.map((parts) => `${parts.join("")}\r\n`), { maxLength: 12 });
  check.assert(check.property(lines, check.array(check.nat(200)), (lines, cuts) => {
    const content = latin1(lines.join(""));
    const stuffer = dotStuffer();
    const wire = [decodeLatin1(stuffer.push(content)), decodeLatin1(stuffer.end()), "QUIT\r\n"];
    assert.deepEqual(read(cutAt(latin1(wire.join("")), cuts), BYTES_MAX), {
      content: lines.join(""),
      rest: "QUIT\r\n",
    });
  }));
});

Deno.test("readData agrees with a reader that looks at one byte at a time", () => {
  const piece = check.constantFrom("\r\n", "\r\n", "\r\n.", ".", "\r", "\n", "a", "bbbb", "\0");
  const wire = check.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
  const bytesMax = check.integer({ min: 0, max: 60 });
  check.assert(
    check.property(wire, check.array(check.nat(99)), bytesMax, (wire, cuts, bytesMax) => {
      assert.deepEqual(read(cutAt(latin1(wire), cuts), bytesMax), modelRead(wire, bytesMax));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readData agrees with that reader on lines near the longest", () => {
  const length = check.integer({ min: 996, max: 1003 });
  const line = check.record({
    start: check.constantFrom("", ".", "..", "\r"),
    length,
    end: check.constantFrom("\r\n", "\r\n", "\n", "\r", "\r\r\n"),
  }).map(({ start, length, end }) => start + "x".repeat(length - start.length - end.length) + end);
  const wire = check.array(line, { maxLength: 3 }).map((lines) => `${lines.join("")}\r\n.\r\nNOOP`);
  check.assert(check.property(wire, check.array(check.nat(3100)), (wire, cuts) => {
    assert.deepEqual(read(cutAt(latin1(wire), cuts), BYTES_MAX), modelRead(wire, BYTES_MAX));
  }));
});

/** Reads `wire` whole, byte by byte, and in two pieces, with a command behind it. */
function everyCut(
  wire: string,
  content: string,
  options: { bytesMax?: number; everyByte?: boolean } = {},
): void {
  const { bytesMax = BYTES_MAX, everyByte = true } = options;
  const bytes = latin1(`${wire}NOOP\r\n`);
  const twoPieces = everyByte ? Array.from(bytes, (_, at) => cutAt(bytes, [at])) : [];
  for (const chunks of [[bytes], bytewise(bytes), ...twoPieces]) {
    const got = read(chunks, bytesMax);
    assert.equal(got.content, content, JSON.stringify(wire.slice(0, 40)));
    if (content !== "<flood>") assert.equal(got.rest, "NOOP\r\n");
  }
}
