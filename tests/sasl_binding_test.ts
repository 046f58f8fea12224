/** SCRAM-SHA-256-PLUS: a login that is bound to its channel (RFC 5802 §6, RFC 5929). */
import assert from "$assert";
import * as check from "$check";
import { saslClient } from "../lib/sasl/client.ts";
import { type ChannelBinding, mechanismsOver } from "../lib/sasl/mechanism.ts";
import type { ScramBinding } from "../lib/sasl/scram_client.ts";
import type { ScramChannel } from "../lib/sasl/scram_server.ts";
import { encode, equal } from "../lib/wire/bytes.ts";
import { FAKE_TLS } from "./fake_tls.ts";
import { askScram, BOUND, derive, RFC_7677, RFC_7677_WORK, serveScram } from "./scram_support.ts";

const BINDING = encode("the certificate, hashed");

Deno.test("both ends bind the exchange to their channel, and notice when it is not one", () => {
  const plus = { plus: true, binding: BINDING };
  const converse = (mine: ScramBinding, channel: ScramChannel) => {
    const first = askScram([], undefined, undefined, mine).responses;
    const { challenges } = serveScram(first, undefined, channel);
    const proof = askScram(challenges, undefined, undefined, mine).responses;
    const verified = serveScram(proof, undefined, channel);
    const done = askScram([...verified.challenges, null], undefined, undefined, mine);
    return serveScram(done.responses, undefined, channel);
  };
  assert.deepEqual(converse(BINDING, plus).outcome, { result: "accepted", user: "user" });
  // Whoever stands in between has another certificate.
  assert.equal(converse(encode("another certificate"), plus).proven, false);
  assert.equal(converse("n", { plus: false, binding: BINDING }).proven, true);
  assert.equal(converse("y", { plus: false, binding: null }).proven, true);
  // RFC 5802 §6: -PLUS was announced, and somebody has taken it away.
  const stripped = converse("y", { plus: false, binding: BINDING });
  assert.deepEqual(stripped, { outcome: { result: "refused" }, challenges: [], proven: null });
  for (
    const [mine, channel] of [
      ["n", plus],
      ["y", plus],
      [BINDING, { plus: false, binding: BINDING }],
      [BINDING, { plus: true, binding: null }],
    ] as const
  ) assert.deepEqual(converse(mine, channel).outcome, { result: "malformed" });
  const other = "p=tls-exporter,,n=user,r=abc";
  assert.deepEqual(serveScram([other], undefined, plus).outcome, { result: "refused" });
});

Deno.test("both ends agree over the same channel, and over no other", () => {
  const { binding } = FAKE_TLS;
  const { clientFirst, serverFirst, clientFinal, serverFinal, otherFinal } = BOUND;
  const plus = { plus: true, binding };
  assert.deepEqual(serveScram([clientFirst, clientFinal, ""], undefined, plus), {
    outcome: { result: "accepted", user: "user" },
    challenges: [serverFirst, serverFinal],
    proven: true,
  });
  assert.deepEqual(askScram([serverFirst, serverFinal, null], undefined, undefined, binding!), {
    end: null,
    responses: [clientFirst, clientFinal, ""],
  });
  assert.equal(serveScram([clientFirst, otherFinal, ""], undefined, plus).proven, false);
  const channel = check.option(check.uint8Array({ minLength: 1, maxLength: 64 }), { nil: null });
  // Often the same, as it is where nobody stands in between.
  const channels = check.oneof(
    channel.map((each) => [each, each] as const),
    check.tuple(channel, channel),
  );
  check.assert(
    check.property(channels, check.boolean(), ([mine, yours], isStripped) => {
      // What the server announces over its channel, unless somebody takes the -PLUS out.
      const offered = mechanismsOver(yours)
        .filter((name) => !isStripped || name !== "SCRAM-SHA-256-PLUS");
      const outcome = logInOver({ mine, yours, offered });
      const isSame = mine !== null && yours !== null && equal(mine, yours);
      const isBound = mine !== null && yours !== null && !isStripped;
      // Who can bind the channel hears of every change; who cannot, logs in all the same.
      const accepted = mine === null || yours === null || (isBound && isSame);
      assert.equal(outcome === "accepted", accepted, outcome);
    }),
    { numRuns: 60 },
  );
});

/** What a login comes to between ends that see these channels, where these are offered. */
function logInOver({ mine, yours, offered }: {
  readonly mine: ChannelBinding;
  readonly yours: ChannelBinding;
  readonly offered: readonly string[];
}): string {
  const login = { user: "user", password: "pencil", work: RFC_7677_WORK };
  const { name, exchange } = saslClient(offered, login, mine)!;
  const heard: Uint8Array[] = [];
  let step = exchange.next();
  for (;;) {
    if (step.done) return step.value?.fault ?? "accepted";
    const asked = step.value;
    if (asked.ask === "nonce") step = exchange.next(RFC_7677.clientNonce);
    else if (asked.ask === "derive") {
      step = exchange.next(derive(asked.password, asked.salt, asked.iterations));
    } else {
      heard.push(asked.response);
      const plus = name === "SCRAM-SHA-256-PLUS";
      const { outcome, challenges } = serveScram(heard, undefined, { plus, binding: yours });
      if (outcome !== "waits" && outcome.result !== "accepted") return outcome.result;
      step = exchange.next(outcome === "waits" ? encode(challenges.at(-1)!) : null);
    }
  }
}
