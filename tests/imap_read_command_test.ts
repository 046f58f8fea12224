import assert from "$assert";
import {
  type CommandFault,
  type CommandLimits,
  LITERALS_BYTES_MAX,
  LITERALS_MAX,
  readCommand,
  UNASKED_BYTES_MAX,
} from "../lib/imap/read_command.ts";
import type { RawCommand } from "../lib/imap/parse.ts";
import { ByteQueue, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { createRoom } from "../lib/wire/room.ts";
import type { Session } from "../lib/wire/session.ts";
import { latin1 } from "./imap_support.ts";
import { play } from "./play.ts";

const LIMITS: CommandLimits = {
  commandBytesMax: 60,
  literalBytesMax: (line: string) => line.startsWith("a APPEND") ? 100 : 0,
  hold: createRoom(Infinity).hold(),
};

/** Reads until the peer closes; commands and faults as one line each. */
function* commands(limits = LIMITS): Session<null, readonly string[]> {
  const queue = new ByteQueue();
  const found: string[] = [];
  for (;;) {
    const command = yield* readCommand<null>(queue, limits);
    if (command === null) return found;
    found.push(shown(command));
    if ("fault" in command && command.fault === "endless") return found;
  }
}

function shown(command: RawCommand | CommandFault): string {
  if ("fault" in command) return `<${command.fault} ${command.tag}>`;
  const { texts, literals } = command;
  return texts.map((text, at) => {
    const literal = literals[at];
    if (literal === undefined) return text;
    return `${text}${literal.binary ? "~" : ""}{${decodeLatin1(literal.bytes)}}`;
  }).join("");
}

function read(...chunks: readonly Uint8Array[]) {
  const { outcome, output } = play(commands(), chunks, null);
  return { found: outcome!, asked: decodeLatin1(output).split("+ go on\r\n").length - 1 };
}

const TABLE: readonly (readonly [input: string, found: readonly string[], asked: number])[] = [
  ["", [], 0],
  ["a NOOP\r\nb NOOP\r\n", ["a NOOP", "b NOOP"], 0],
  ["a LOGIN {5}\r\nalice {2}\r\n\r\n\r\n", ["a LOGIN {alice} {\r\n}"], 2],
  ["a LOGIN {5+}\r\nalice x\r\nb NOOP\r\n", ["a LOGIN {alice} x", "b NOOP"], 0],
  ["a LOGIN {0}\r\n {0+}\r\n\r\n", ["a LOGIN {} {}"], 1],
  ["a APPEND x ~{3}\r\na\0b\r\n", ["a APPEND x ~{a\0b}"], 1],
  ["a SEARCH {4}\r\n{9}\r x\r\n", ["a SEARCH {{9}\r} x"], 1],
  // Refused before it is sent: the client goes on with another command.
  ["a LOGIN {61}\r\nb NOOP\r\n", ["<tooBig a>", "b NOOP"], 0],
  [`a APPEND x {100}\r\n${"x".repeat(100)}\r\n`, [`a APPEND x {${"x".repeat(100)}}`], 1],
  ["a APPEND x {101}\r\nb NOOP\r\n", ["<tooBig a>", "b NOOP"], 0],
  // RFC 7888 §4: what comes unasked is read to its end, with the rest of the command.
  [`a LOGIN {61+}\r\n${"x".repeat(61)} y\r\nb NOOP\r\n`, ["<tooBig a>", "b NOOP"], 0],
  [
    `a LOGIN {61+}\r\n${"x".repeat(61)} {3+}\r\nx\r\n more\r\nb NOOP\r\n`,
    ["<tooBig a>", "b NOOP"],
    0,
  ],
  [`a LOGIN {61+}\r\n${"x".repeat(61)} {3}\r\nb NOOP\r\n`, ["<tooBig a>", "b NOOP"], 0],
  // Lines and literals count together.
  [`a LOGIN {20+}\r\n${"x".repeat(20)} {30+}\r\n${"y".repeat(30)}\r\n`, ["<tooBig a>"], 0],
  [`a LOGIN {20+}\r\n${"x".repeat(20)} ${"y".repeat(30)}\r\nb\r\n`, ["<overlong a>", "b"], 0],
  [`a ${"x".repeat(60)}\r\nb NOOP\r\n`, ["<overlong null>", "b NOOP"], 0],
  ["a NOOP\nb NOOP\r\n", ["<bareLf null>", "b NOOP"], 0],
  ["a LOGIN {1}\r\nx\n", ["<bareLf a>"], 1],
  // No announcements.
  ["a X {1} \r\n", ["a X {1} "], 0],
  ["a X {}\r\n", ["a X {}"], 0],
  ["a X {1234567890123456}\r\n", ["a X {1234567890123456}"], 0],
  // The peer goes in the middle.
  ["a LOGIN {5}\r\nali", [], 1],
  ["a LOGIN {5}\r\nalice", [], 1],
  ["a LOGIN {99+}\r\nali", [], 0],
];

Deno.test("readCommand finds the same commands wherever the bytes are cut", () => {
  for (const [input, found, asked] of TABLE) {
    const bytes = latin1(input);
    assert.deepEqual(read(bytes), { found, asked }, input);
    assert.deepEqual(read(...[...bytes].map((byte) => Uint8Array.of(byte))), { found, asked });
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(read(bytes.subarray(0, cut), bytes.subarray(cut)), { found, asked });
    }
  }
});

Deno.test("a command has so many literals at most", () => {
  const limits = { ...LIMITS, commandBytesMax: 1_000_000, literalBytesMax: () => 0 };
  const command = (count: number) => encode(`a X${" {1+}\r\na".repeat(count)}\r\n`);
  const read = (count: number) => play(commands(limits), [command(count)], null).outcome!;
  assert.match(read(LITERALS_MAX)[0]!, /^a X \{a\} \{a\}/);
  assert.deepEqual(read(LITERALS_MAX + 1), ["<tooBig a>"]);
});

Deno.test("all literals of a command together have so many bytes, the first one as many as it may", () => {
  const limits = {
    ...LIMITS,
    commandBytesMax: 1_000,
    literalBytesMax: () => LITERALS_BYTES_MAX + 1,
  };
  const half = new Uint8Array(LITERALS_BYTES_MAX / 2).fill(97);
  const second = (bytes: number) => [
    encode(`a APPEND x {${half.length}+}\r\n`),
    half,
    encode(` {${bytes}}\r\n`),
  ];
  const asks = (...chunks: readonly Uint8Array[]) =>
    decodeLatin1(play(commands(limits), chunks, null).output);
  assert.equal(asks(...second(half.length)), "+ go on\r\n");
  assert.equal(asks(...second(half.length + 1)), "");
  assert.equal(asks(encode(`a APPEND x {${LITERALS_BYTES_MAX + 1}}\r\n`)), "+ go on\r\n");
});

Deno.test("literals that come unasked are thrown away up to a size, all together", () => {
  const limits = { ...LIMITS, commandBytesMax: 1_000, literalBytesMax: () => 0 };
  const chunk = new Uint8Array(UNASKED_BYTES_MAX / 2).fill(97);
  const read = (...chunks: readonly Uint8Array[]) => play(commands(limits), chunks, null).outcome!;
  const first = [encode(`a X {${chunk.length}+}\r\n`), chunk];
  const end = encode("\r\nb NOOP\r\n");
  const second = (size: number) => encode(` {${size}+}\r\n`);
  assert.deepEqual(read(...first, second(chunk.length), chunk, end), ["<tooBig a>", "b NOOP"]);
  assert.deepEqual(read(...first, second(chunk.length + 1)), ["<endless a>"]);
});

Deno.test("what stands behind a literal that is thrown away has no more than 64 KiB", () => {
  const read = (length: number) => {
    const rest = `${"x".repeat(length - 7)} {3+}\r\n`;
    const input = encode(`a X {99+}\r\n${"x".repeat(99)}${rest}b\r\n\r\n`);
    return play(commands(), [input], null).outcome!;
  };
  assert.deepEqual(read(64 * 1024), ["<tooBig a>"]);
  assert.deepEqual(read(64 * 1024 + 1), ["<tooBig a>", "b", ""]);
});
