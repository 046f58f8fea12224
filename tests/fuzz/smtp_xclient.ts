import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { play } from "../play.ts";
import { fakeSmtp, pieces, serverSession } from "../smtp_support.ts";
import { XCLIENT_TRANSCRIPTS } from "../transcripts/smtp_xclient.ts";
import { seedsFrom } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";

/** What the peer of the conversation has at first, and nobody whom a proxy names. */
const PROXY = "127.0.0.1";

export const target: FuzzTarget = {
  name: "smtp_xclient",
  invariant:
    "whatever a trusted proxy says, cut anywhere, gets the same well-formed replies, each " +
    "conversation that was opened is closed, and whoever is not trusted and was named says " +
    "XCLIENT in vain",
  seeds: [
    "EHLO x\r\nXCLIENT NAME=a.b ADDR=192.0.2.9 PORT=25 PROTO=ESMTP HELO=a.b LOGIN=alice\r\n",
    "XCLIENT ADDR=IPV6:2001:db8::9\r\nEHLO x\r\nMAIL FROM:<>\r\nXCLIENT LOGIN=alice\r\n",
    "XCLIENT HELO=[UNAVAILABLE] LOGIN=alice\r\nXCLIENT ADDR=[TEMPUNAVAIL]\r\nEHLO x\r\n",
    "XCLIENT LOGIN=nobody\r\nXCLIENT NAME=a+2Bb\r\nEHLO x\r\nXPOP3\r\n",
  ].map(encode).concat(seedsFrom("server", XCLIENT_TRANSCRIPTS)),
  run(input) {
    const whole = talk([input]);
    assert.deepEqual(talk(pieces(input, 1)), whole);
    assert.deepEqual(talk(pieces(input, 7)), whole);
  },
};

function talk(chunks: readonly Uint8Array[]) {
  const backend = fakeSmtp();
  const forward = { plainAuth: false, mayForward: () => false };
  const played = play(serverSession({ forward }), chunks, backend, { end: "close" });
  const text = decodeLatin1(played.output);
  assert.match(text, /^(?:(?:([2-5]\d\d)-[ -~]{0,506}\r\n(?=\1))*[2-5]\d\d [ -~]{0,506}\r\n)+$/);
  const { opened, closed } = backend.counts();
  assert.equal(closed, opened);
  // The address changes once, from the proxy's to another.
  const named = backend.hellos.map(({ peer }) => peer.address).filter((each) => each !== PROXY);
  assert.ok(new Set(named).size <= 1);
  return { text, messages: backend.messages };
}
