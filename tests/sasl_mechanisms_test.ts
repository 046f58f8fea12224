import assert from "$assert";
import * as check from "$check";
import { type SaslClient, saslClient } from "../lib/sasl/client.ts";
import {
  type MechanismName,
  mechanismOf,
  mechanismsOver,
  type SaslOutcome,
  saslServer,
} from "../lib/sasl/server.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { RFC_7677_WORK } from "./scram_support.ts";

/** What a server's side came to. */
interface Served {
  readonly outcome: SaslOutcome | "waits";
  readonly challenges: readonly string[];
  /** User and password that it wanted checked. */
  readonly checked: readonly string[];
}

/** Lets a server hear these responses; the password `right` is right. */
function serve(
  name: MechanismName,
  initial: Uint8Array | null,
  responses: readonly Uint8Array[],
  right = "right",
): Served {
  const challenges: string[] = [];
  const checked: string[] = [];
  const left = [...responses];
  const server = saslServer(name, initial, null);
  let step = server.next();
  while (!step.done) {
    if (step.value.ask === "password") {
      checked.push(step.value.user, step.value.password);
      step = server.next(step.value.password === right);
    } else if (step.value.ask === "response") {
      challenges.push(decode(step.value.challenge));
      const response = left.shift();
      if (response === undefined) return { outcome: "waits", challenges, checked };
      step = server.next(response);
    } else throw new Error(`it asks for ${step.value.ask}`);
  }
  return { outcome: step.value, challenges, checked };
}

/** What the client says to challenges that it does not look at. */
function responsesOf(exchange: SaslClient): readonly Uint8Array[] {
  const responses: Uint8Array[] = [];
  let step = exchange.next();
  while (!step.done) {
    if (step.value.ask !== "challenge") throw new Error(`it asks for ${step.value.ask}`);
    responses.push(step.value.response);
    step = exchange.next(new Uint8Array(0));
  }
  return responses;
}

Deno.test("saslClient logs in to saslServer by PLAIN and LOGIN, with and without an initial response", () => {
  const text = check.string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((text) => !text.includes("\0") && !text.includes("\ufffd"));
  check.assert(check.property(text, text, (user, password) => {
    for (const name of ["PLAIN", "LOGIN"] as const) {
      const mechanism = saslClient([name.toLowerCase()], { user, password }, null)!;
      assert.equal(mechanism.name, name);
      const responses = responsesOf(mechanism.exchange);
      const served = [serve(name, null, responses, password)];
      if (mechanism.initial) served.push(serve(name, responses[0]!, responses.slice(1), password));
      for (const { outcome, checked } of served) {
        assert.deepEqual(outcome, { result: "accepted", user });
        assert.deepEqual(checked, [user, password]);
      }
    }
  }));
});

Deno.test("saslClient takes the first mechanism that both have, and none where there is none", () => {
  const login = { user: "alice", password: "right" };
  assert.equal(saslClient(["LOGIN", "PLAIN"], login, null)?.name, "PLAIN");
  assert.equal(saslClient(["GSSAPI", "login"], login, null)?.name, "LOGIN");
  assert.equal(saslClient(["GSSAPI", "CRAM-MD5"], login, null), null);
  assert.equal(saslClient([], login, null), null);
  const offered = ["LOGIN", "PLAIN", "scram-sha-256"];
  assert.equal(saslClient(offered, { ...login, work: RFC_7677_WORK }, null)?.name, "SCRAM-SHA-256");
  // Without somebody to do the work, and where another one is wanted.
  assert.equal(saslClient(offered, login, null)?.name, "PLAIN");
  for (const mechanism of mechanismsOver(null)) {
    const chosen = saslClient(offered, { ...login, work: RFC_7677_WORK, mechanism }, null);
    assert.equal(chosen?.name, mechanism);
    assert.equal(saslClient([], { ...login, work: RFC_7677_WORK, mechanism }, null), null);
  }
  // A channel that can be bound, and one that cannot.
  const plus = [...offered, "SCRAM-SHA-256-PLUS"];
  const binding = new Uint8Array(32);
  const working = { ...login, work: RFC_7677_WORK };
  assert.equal(saslClient(plus, working, binding)?.name, "SCRAM-SHA-256-PLUS");
  assert.equal(saslClient(plus, working, null)?.name, "SCRAM-SHA-256");
  assert.equal(saslClient(plus, login, binding)?.name, "PLAIN");
});

Deno.test("mechanismOf knows what is offered, in any case", () => {
  assert.equal(mechanismOf("plain"), "PLAIN");
  assert.equal(mechanismOf("Login"), "LOGIN");
  for (const name of ["", "PLAI", "PLAINX", "CRAM-MD5", "__proto__"]) {
    assert.equal(mechanismOf(name), null);
  }
});

Deno.test("saslServer judges PLAIN by RFC 4616 §2", () => {
  const x255 = "x".repeat(255);
  const table: readonly (readonly [message: string, result: SaslOutcome["result"]])[] = [
    ["\0alice\0right", "accepted"],
    ["alice\0alice\0right", "accepted"],
    ["ALICE\0alice\0right", "accepted"],
    ["bob\0alice\0right", "denied"],
    // Whether acting for bob is allowed is not said to whoever does not know the password.
    ["bob\0alice\0wrong", "refused"],
    ["\0alice\0wrong", "refused"],
    ["", "malformed"],
    ["alice", "malformed"],
    ["alice\0right", "malformed"],
    ["\0\0right", "malformed"],
    ["\0alice\0", "malformed"],
    ["\0alice\0right\0", "malformed"],
    ["\0alice\0ri\ufffdght", "malformed"],
    [`${x255}\0${x255}\0${x255}`, "refused"],
    [`${x255}\0${x255}\0x${x255}`, "malformed"],
  ];
  for (const [message, result] of table) {
    for (const initial of [true, false]) {
      const bytes = encode(message);
      const served = initial ? serve("PLAIN", bytes, []) : serve("PLAIN", null, [bytes]);
      assert.equal(served.outcome !== "waits" && served.outcome.result, result, message);
      assert.deepEqual(served.challenges, initial ? [] : [""]);
      if (result === "malformed") assert.deepEqual(served.checked, []);
    }
  }
  assert.deepEqual(serve("PLAIN", Uint8Array.of(0, 97, 0, 0xff), []).outcome, {
    result: "malformed",
  });
});

Deno.test("saslServer asks for the user and the password in LOGIN", () => {
  const [alice, right, wrong, none] = ["alice", "right", "wrong", ""].map(encode);
  const asked = serve("LOGIN", null, [alice!, right!]);
  assert.deepEqual(asked.challenges, ["Username:", "Password:"]);
  assert.deepEqual(asked.outcome, { result: "accepted", user: "alice" });
  assert.deepEqual(serve("LOGIN", alice!, [right!]).challenges, ["Password:"]);
  assert.deepEqual(serve("LOGIN", null, [alice!, wrong!]).outcome, { result: "refused" });
  assert.equal(serve("LOGIN", null, [alice!]).outcome, "waits");
  for (const [user, password] of [[none, right], [alice, none], [Uint8Array.of(0xff), right]]) {
    const { outcome, checked } = serve("LOGIN", null, [user!, password!]);
    assert.deepEqual(outcome, { result: "malformed" });
    assert.deepEqual(checked, []);
  }
});
