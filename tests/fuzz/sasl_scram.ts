import assert from "$assert";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { FAKE_TLS } from "../fake_tls.ts";
import { askScram, BOUND, RFC_7677, serveScram } from "../scram_support.ts";
import type { FuzzTarget } from "./target.ts";

const { clientFirst, serverFirst, clientFinal, serverFinal } = RFC_7677;

export const target: FuzzTarget = {
  name: "sasl_scram",
  invariant:
    "whatever messages come, neither end throws, whether the channel is bound or not; the " +
    "server's end gives its signature only for the one right proof, and the client's end is " +
    "content only with the one right signature",
  seeds: [
    encode(`${clientFirst}\n${clientFinal}\n`),
    encode(`${serverFirst}\n${serverFinal}`),
    encode(`${BOUND.clientFirst}\n${BOUND.clientFinal}\n`),
    encode(`${BOUND.clientFirst}\n${BOUND.otherFinal}\n`),
    encode(`${serverFirst}\n${BOUND.serverFinal}`),
    encode("y,a=a=2Cb,n=us=3Der,r=abc,x=1\nc=eSws,r=abc,p=AAAA\n"),
    encode("r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=4096,x=1\ne=other-error"),
  ],
  run(input) {
    const messages = decodeLatin1(input).split("\n")
      .map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0)));
    const texts = messages.map(decodeLatin1);
    for (const plus of [false, true]) {
      const right = plus ? BOUND : RFC_7677;
      const channel = { plus, binding: plus ? FAKE_TLS.binding : null };
      const { challenges, proven } = serveScram(messages, undefined, channel);
      assert.ok(challenges.length <= 2);
      // The one proof that is in the seeds; there is no way to make another.
      if (challenges.length === 2 && texts[0] !== "") assert.equal(texts[1], right.clientFinal);
      assert.ok(proven !== true || challenges.includes(right.serverFinal));
    }
    // Rounds are work: what asks for more than a few is another target's.
    if (texts.some((text) => /,i=[0-9]{5}/.test(text))) return;
    for (const binding of ["n", FAKE_TLS.binding!] as const) {
      const { end, responses } = askScram([...messages, null], undefined, undefined, binding);
      assert.equal(responses[0], binding === "n" ? clientFirst : BOUND.clientFirst);
      if (end === null) assert.ok(messages.length >= 2 && texts[1]!.startsWith("v="));
    }
  },
};
