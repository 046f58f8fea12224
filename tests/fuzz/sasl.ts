import assert from "$assert";
import { decodeBase64, encodeBase64 } from "../../lib/sasl/base64.ts";
import { MECHANISMS, type SaslServer, saslServer } from "../../lib/sasl/server.ts";
import { decodeLatin1, encode } from "../../lib/wire/bytes.ts";
import { FAKE_TLS } from "../fake_tls.ts";
import { BOUND, rfc7677Start } from "../scram_support.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "sasl",
  invariant:
    "whatever responses come, every mechanism ends the same with an initial response as without, " +
    "asks for one password at most and never for an empty one, accepts only after the right one, " +
    "and throws nothing; base64 decodes to what has its length, or to nothing",
  seeds: [
    encode("\0alice\0secret"),
    encode("alice\0alice\0secret"),
    encode("alice\nsecret"),
    encode("\n"),
    encode("AGFsaWNlAHNlY3JldA=="),
    encode(`${BOUND.clientFirst}\n${BOUND.clientFinal}\n`),
  ],
  run(input) {
    const text = decodeLatin1(input);
    const bytes = decodeBase64(text);
    if (bytes !== null) assert.equal(encodeBase64(bytes).length, text.length);
    const responses = text.split("\n").map((line) => Uint8Array.from(line, (c) => c.charCodeAt(0)));
    for (const name of MECHANISMS) {
      for (const right of [true, false]) {
        const without = serve(saslServer(name, null, FAKE_TLS.binding), responses, right);
        const [first, ...others] = responses;
        assert.deepEqual(serve(saslServer(name, first!, FAKE_TLS.binding), others, right), without);
      }
    }
  },
};

function serve(server: SaslServer, responses: readonly Uint8Array[], right: boolean) {
  const checked: string[] = [];
  let heard = 0;
  let step = server.next();
  while (!step.done) {
    if (step.value.ask === "password") {
      const { user, password } = step.value;
      assert.ok(user !== "" && password !== "");
      checked.push(user, password);
      step = server.next(right);
    } else if (step.value.ask === "secret") {
      step = server.next(rfc7677Start(step.value.user));
    } else if (step.value.ask === "proven") {
      // A right proof does not come about by chance, only by the seed.
      checked.push(step.value.user, step.value.right ? "right" : "wrong");
      step = server.next(step.value.right && right);
    } else {
      const response = responses[heard++];
      if (response === undefined) return { result: "waits", checked };
      step = server.next(response);
    }
  }
  const { result } = step.value;
  assert.ok(checked.length <= 2);
  if (result === "accepted") assert.ok(right && checked.length === 2);
  return { result, checked };
}
