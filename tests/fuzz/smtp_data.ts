import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { modelRead, read } from "../smtp_data_model.ts";
import { pieces } from "../smtp_support.ts";
import type { FuzzTarget } from "./target.ts";

const BYTES_MAX = 1500;

export const target: FuzzTarget = {
  name: "smtp_data",
  invariant:
    "content behind DATA, cut anywhere, is read as by a reader that looks at one byte after the " +
    "other: the same content or fault, and the same bytes left behind the end",
  seeds: [
    "Subject: x\r\n\r\nHello\r\n..\r\n.\r\nQUIT\r\n",
    ".\r\n",
    "a\n.\nb\r\n.\r\n",
    "a\r.\rb\r\n.\r\n",
    "a\r\n.\nb\r\n.\rc\r\n.\r\r\n.\r\n",
    `${"x".repeat(998)}\r\n.${"y".repeat(499)}\r\n.\r\n`,
    `.${"x".repeat(999)}\r\n\n.\r\n`,
    `${"x".repeat(998)}\r\n`.repeat(4),
  ].map(encode),
  run(input) {
    const model = modelRead(decodeLatin1(input), BYTES_MAX);
    for (const chunks of [[input], pieces(input, 1), pieces(input, 7)]) {
      assert.deepEqual(read(chunks, BYTES_MAX), model);
    }
  },
};
