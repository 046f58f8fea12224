import assert from "$assert";
import { decodeTransfer } from "../../lib/mail/decode.ts";
import { MIME_DEPTH_MAX, MIME_PARTS_MAX, parseMime, type Part } from "../../lib/mail/mime.ts";
import { encode } from "../../lib/wire/bytes.ts";
import { checkParts } from "../imap_support.ts";
import { MIME_SEEDS } from "./mime_seeds.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "mail_mime",
  invariant:
    "the parts of any message lie in each other in their order, have the lines of their bodies, " +
    "are not too many and not too deep, survive being kept as JSON, and do not grow by decoding",
  seeds: [
    ...MIME_SEEDS,
    encode(
      "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; " +
        "boundary=x--\r\n\r\n--x--\r\n\r\nin\r\n--x----\r\n--x\n\nContent-Type: message/rfc822" +
        "\r\n\r\nContent-Type: text/plain; a*0*=b'c'%20; a*1=d\r\n\r\n--x--\r\n",
    ),
    encode("Content-Transfer-Encoding: quoted-printable\r\n\r\na=3D=\r\n b \t\r\n=C3=A4="),
  ],
  run(input) {
    const root = parseMime(input);
    checkParts(root, input);
    assert.deepEqual(JSON.parse(JSON.stringify(root)), root);
    assert.ok(depthOf(root) <= MIME_DEPTH_MAX);
    const all = partsOf(root);
    assert.ok(all.length <= MIME_PARTS_MAX);
    for (const { bodyStart, end, encoding } of all) {
      const decoded = decodeTransfer(input.subarray(bodyStart, end), encoding);
      assert.ok(decoded === null || decoded.length <= end - bodyStart);
    }
  },
};

function depthOf({ children }: Part): number {
  return 1 + Math.max(0, ...children.map(depthOf));
}

function partsOf(part: Part): readonly Part[] {
  return [part, ...part.children.flatMap(partsOf)];
}
