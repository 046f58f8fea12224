import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { modelChunked } from "../smtp_chunks_model.ts";
import { latin1, pieces, SMALL_LIMITS, talk } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const LIMITS = { ...SMALL_LIMITS, messageBytesMax: 1500 };
const TO_BOB = "EHLO x\r\nMAIL FROM:<alice@abc.com>\r\nRCPT TO:<bob@xyz.com>\r\n";

export const target: FuzzTarget = {
  name: "smtp_bdat",
  invariant:
    "any content, in any chunks, cut anywhere, arrives by BDAT as it is, or is refused for the " +
    "reason that a reader of one byte after the other finds; nothing in it is read as a command",
  seeds: [
    "\x05Subject: x\r\n\r\nHello\r\n.\r\nQUIT\r\n",
    "\x01a\r\n",
    "\x03a\n.\nb\r\n",
    "\x02a\r.\rb",
    `\xff${"x".repeat(998)}\r\n.${"y".repeat(499)}`,
    `\x40${"x".repeat(999)}\r\n\n`,
  ].map(encode),
  /** The first byte is the size of the chunks. */
  run(input) {
    const content = input.subarray(1, 1 + 2 * LIMITS.messageBytesMax);
    const size = Math.max(1, input[0] ?? 1);
    const expected = modelChunked(decodeLatin1(content), LIMITS.messageBytesMax);
    const wire = latin1(wireOf(pieces(content, size)));
    for (const cut of [[wire], pieces(wire, 1), pieces(wire, 7)]) {
      const { backend, lines } = talk(cut.map(decodeLatin1), { limits: LIMITS });
      const taken = backend.messages.map((message) => message.content);
      assert.deepEqual(taken, isFault(expected) ? [] : [expected]);
      assert.equal(lines.at(-1), "221 2.0.0 abc.com says goodbye");
    }
  },
};

function isFault(expected: string): boolean {
  return ["<bareCr>", "<bareLf>", "<overlong>", "<tooBig>"].includes(expected);
}

function wireOf(chunks: readonly Uint8Array[]): string {
  const bdat = chunks.map((chunk) => `BDAT ${chunk.length}\r\n${decodeLatin1(chunk)}`);
  return `${TO_BOB}${bdat.join("")}BDAT 0 LAST\r\nQUIT\r\n`;
}
