import assert from "$assert";
import { type CommandFault, readCommand } from "../../lib/imap/read_command.ts";
import type { RawCommand } from "../../lib/imap/parse.ts";
import { ByteQueue, encode } from "../../lib/wire/bytes.ts";
import { createRoom } from "../../lib/wire/room.ts";
import type { Session } from "../../lib/wire/session.ts";
import { play } from "../play.ts";
import type { FuzzTarget } from "./target.ts";

const COMMAND_BYTES_MAX = 60;
const LITERAL_BYTES_MAX = 80;

export const target: FuzzTarget = {
  name: "imap_read",
  invariant:
    "the commands and faults that are read, and what is asked for, do not depend on how the " +
    "bytes are cut into chunks, and none has more bytes than allowed",
  seeds: [
    "a NOOP\r\nb LOGIN {5}\r\nalice {3+}\r\na\r\n\r\nc NOOP\r\n",
    "a APPEND x {70}\r\n" + "x".repeat(70) + " ~{2+}\r\na\0\r\n",
    "a X {99+}\r\n" + "x".repeat(99) + " {3+}\r\nabc\r\nb NOOP\r\n",
    "a X {99}\r\nb NOOP\nc {1}\r\nx\rd\r\n",
  ].map(encode),
  run(input) {
    const whole = read([input]);
    for (const command of whole.found) {
      if ("fault" in command) continue;
      assert.equal(command.texts.length, command.literals.length + 1);
      const sizes = [
        ...command.texts.map(({ length }) => length),
        ...command.literals.map(({ bytes }) => bytes.length),
      ];
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert.ok(total <= COMMAND_BYTES_MAX + LITERAL_BYTES_MAX * command.literals.length);
    }
    assert.deepEqual(read(cut(input, 1)), whole);
    assert.deepEqual(read(cut(input, 7)), whole);
  },
};

type Found = RawCommand | CommandFault;

function read(chunks: readonly Uint8Array[]) {
  const { outcome, output } = play(readAll(), chunks, null);
  return { found: outcome!, output };
}

function* readAll(): Session<null, readonly Found[]> {
  const queue = new ByteQueue();
  const hold = createRoom(Infinity).hold();
  const found: Found[] = [];
  for (;;) {
    const command = yield* readCommand<null>(queue, {
      commandBytesMax: COMMAND_BYTES_MAX,
      literalBytesMax: () => LITERAL_BYTES_MAX,
      hold,
    });
    if (command === null) return found;
    found.push(command);
    if ("fault" in command && command.fault === "endless") return found;
  }
}

function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}
