/** In a file of its own, for what other tests have run before is not told apart any more. */
import assert from "$assert";
import { parseCommand } from "../lib/pop3/command.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { ProtocolError } from "../lib/wire/error.ts";
import { gainOf, joined, startCoverage } from "./fuzz/coverage.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import { shrink } from "./fuzz/shrink.ts";
import type { FuzzTarget } from "./fuzz/target.ts";

const canCount = (await Deno.permissions.query({ name: "sys" })).state === "granted";

const target: FuzzTarget = {
  name: "commands",
  invariant: "any line is a command or a ProtocolError",
  seeds: [encode("QUIT")],
  run(input) {
    try {
      parseCommand(input);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  },
};

Deno.test({
  name: "fuzz with coverage keeps the inputs that run what none before them has run",
  ignore: !canCount,
  async fn() {
    await using coverage = await startCoverage();
    const { fresh } = await fuzz(target, { seed: 1, seconds: 20, runsMax: 3000, coverage });
    assert.ok(fresh.length > 1 && fresh.length < 40, `${fresh.length} inputs`);
    assert.ok(fresh.every((input) => decode(input) !== "QUIT"));
    const corpus = [encode("RETR 1"), encode("RETR x"), encode("NOOP")];
    const again = await fuzz(target, { seed: 1, seconds: 20, runsMax: 3000, coverage, corpus });
    assert.ok(again.fresh.length < fresh.length);
  },
});

Deno.test("gainOf tells what is new, function by function and character by character", () => {
  const known = new Map([["a", Uint8Array.of(1, 0, 0)]]);
  const taken = new Map([["a", Uint8Array.of(1, 1, 0)], ["b", Uint8Array.of(0, 1)]]);
  const gain = new Map([["a", Uint8Array.of(0, 1, 0)], ["b", Uint8Array.of(0, 1)]]);
  assert.deepEqual(gainOf(known, taken), gain);
  const both = joined(known, taken);
  assert.deepEqual(both, taken);
  assert.equal(gainOf(both, taken).size, 0);
  assert.equal(gainOf(both, known).size, 0);
});

Deno.test("shrink leaves what matters, and stops after so many runs", async () => {
  const holds = (candidate: Uint8Array) => Promise.resolve(decode(candidate).includes("x.y"));
  const text = `${"long ".repeat(100)}x.y${" tail".repeat(100)}`;
  assert.equal(decode(await shrink(encode(text), holds, 5000)), "x.y");
  let runs = 0;
  const counted = (candidate: Uint8Array) => {
    runs++;
    return holds(candidate);
  };
  await shrink(encode(text), counted, 10);
  assert.equal(runs, 10);
});
