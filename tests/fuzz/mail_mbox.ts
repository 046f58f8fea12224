import assert from "$assert";
import { createMboxSplitter, type MboxPiece } from "../../lib/mail/mbox.ts";
import { fromMbox, toMbox } from "../../lib/mail/mbox_message.ts";
import { concat, encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

const BYTES_MAX = 4096;

export const target: FuzzTarget = {
  name: "mail_mbox",
  invariant:
    "any bytes, cut anywhere, hold the same messages as whole, each at its From_ line, and each " +
    "is read from what is written of it as it was",
  seeds: [
    "From bob@xyz.com Tue Nov 24 16:00:00 2026\nSubject: a\nStatus: RO\nX-Status: AFTD\n\n" +
    ">From here\n>>From there\n\nFrom - Tue, 24 Nov 2026 16:00:00 +0100\n" +
    "X-Mozilla-Status: 000f\nX-Keywords: Work $Junk\n\nHi\n\n",
    "\r\nFrom 12@xxx Tue Nov 24 16:00:00 +0000 2026\r\n\r\nFrom me to you\r\n\r\n\r\n",
    "Subject: no mbox\n\nFrom a Tue Nov 24 16:00 EST 2026\n",
  ].map(encode),
  run(input) {
    const pieces = split([input]);
    const half = Math.floor(input.length / 2);
    assert.deepEqual(split([input.subarray(0, half), input.subarray(half)]), pieces);
    assert.deepEqual(split(Array.from(input, (byte) => Uint8Array.of(byte))), pieces);
    for (const piece of pieces) {
      if (piece.kind !== "message") continue;
      assert.deepEqual(input.subarray(piece.offset, piece.offset + 5), encode("From "));
      const message = fromMbox(piece.bytes);
      // What a CR without its LF becomes is not said anywhere, nor what a last line without an end.
      const isTame = !/\r(?!\n)|[^\n]$/.test(new TextDecoder("latin1").decode(message.content));
      if (!isTame) continue;
      const written = toMbox(message, Math.max(0, piece.receivedAt));
      const [again, ...others] = split([written], Infinity);
      if (again?.kind !== "message" || others.length > 0) throw new Error("it was split");
      assert.deepEqual(fromMbox(again.bytes).content, message.content);
    }
  },
};

/** All pieces; a chunk is another one's as soon as it was pushed. */
function split(chunks: readonly Uint8Array[], bytesMax = BYTES_MAX): readonly MboxPiece[] {
  const splitter = createMboxSplitter(bytesMax);
  const pieces = chunks.flatMap((chunk) => {
    const lent = concat([chunk, new Uint8Array(0)]);
    const found = splitter.push(lent);
    lent.fill(0);
    return found;
  });
  return [...pieces, ...splitter.end()];
}
