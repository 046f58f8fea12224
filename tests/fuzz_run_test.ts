import assert from "$assert";
import { parseHeader } from "../lib/mail/header.ts";
import { decode, encode } from "../lib/wire/bytes.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import { fuzzGuided } from "./fuzz/guided.ts";
import { corpusOf, run } from "./fuzz/run.ts";
import type { FuzzTarget } from "./fuzz/target.ts";
import { targets } from "./fuzz/targets.ts";
import { canUseFiles } from "./support.ts";

/** Fails on purpose: what watches the watchers. */
const broken: FuzzTarget = {
  name: "broken",
  invariant: "no input holds two line feeds after each other",
  seeds: [encode("one\r\ntwo\nthree\r\n")],
  run(input) {
    if (decode(input).includes("\n\n")) throw new Error("two line feeds");
  },
};

const sound: FuzzTarget = { ...broken, name: "sound", run() {} };

async function runLines(args: readonly string[], all: readonly FuzzTarget[]) {
  const lines: string[] = [];
  const status = await run(args, all, (line) => lines.push(line));
  return { status, lines };
}

Deno.test("fuzz finds what breaks an invariant, and shrinks it to what matters", () => {
  const { runs, finding } = fuzz(broken, { seed: 1, seconds: 10 });
  assert.ok(runs > 1);
  assert.equal(decode(finding!.input), "\n\n");
  assert.match(String(finding!.error), /two line feeds/);
});

Deno.test("fuzz makes the same inputs from the same seed, and others from another", () => {
  const inputsOf = (seed: number) => {
    const inputs: string[] = [];
    const target = { ...broken, run: (input: Uint8Array) => void inputs.push(decode(input)) };
    fuzz(target, { seed, seconds: 10, runsMax: 200 });
    return inputs;
  };
  assert.deepEqual(inputsOf(7), inputsOf(7));
  assert.notDeepEqual(inputsOf(7), inputsOf(8));
  assert.equal(inputsOf(7)[0], "one\r\ntwo\nthree\r\n");
});

Deno.test("guided fuzzing goes on from what has reached something new", {
  // What V8 counts is not for everybody.
  ignore: !canUseFiles,
}, async () => {
  const target: FuzzTarget = {
    ...broken,
    seeds: [encode("x")],
    run(input) {
      // A header's colon, its end and then a field: one after the other, each is a step.
      const header = parseHeader(input);
      if (header.fields.length > 2 && header.bodyStart > header.end) {
        throw new Error("three fields");
      }
    },
  };
  const found = await fuzzGuided(target, { seed: 1, seconds: 20 });
  assert.match(String(found.finding?.error), /three fields/);
  assert.ok(found.reached.length > 0);
  const held = await fuzzGuided(sound, { seed: 1, seconds: 0.1 });
  assert.equal(held.finding, null);
});

Deno.test("fuzz counts a target that changes its input, or throws null, as it should", () => {
  const careless = { ...broken, run: (input: Uint8Array) => void input.fill(0) };
  const { finding } = fuzz(careless, { seed: 1, seconds: 1, runsMax: 50 });
  assert.equal(finding, null);
  const nothing: FuzzTarget = {
    ...broken,
    run() {
      throw null;
    },
  };
  assert.equal(fuzz(nothing, { seed: 1, seconds: 1 }).finding!.input.length, 0);
});

Deno.test({
  name: "the fuzz runner reports hex, text and seed, and fails when a target fails",
  ignore: !canUseFiles,
  async fn() {
    const { status, lines } = await runLines(["--seconds", "5", "--seed", "3", "--blind"], [
      sound,
      broken,
    ]);
    assert.equal(status, 1);
    assert.equal(lines[0], `sound (seed 3): ${sound.invariant}`);
    assert.match(lines[1]!, /^ {2}held in \d+ runs$/);
    assert.match(lines[3]!, /^ {2}BROKEN in run \d+, with 2 bytes:$/);
    assert.equal(lines[4], "  hex  0a0a");
    assert.equal(lines[5], '  text "\\n\\n"');
    assert.equal(lines.at(-1), "1 passed, 1 failed");
  },
});

Deno.test({
  name: "the fuzz runner runs one target by name, and refuses a name that does not exist",
  ignore: !canUseFiles,
  async fn() {
    const one = await runLines(["--seconds", "0.1", "--target", "sound", "--blind"], [
      broken,
      sound,
    ]);
    assert.equal(one.status, 0);
    assert.equal(one.lines.at(-1), "1 passed, 0 failed");
    const none = await runLines(["--target", "missing"], [broken, sound]);
    assert.equal(none.status, 64);
    assert.match(none.lines[0]!, /broken,sound/);
  },
});

for (const target of targets) {
  Deno.test(`fuzz target ${target.name} holds for its seeds and a few hundred inputs`, async () => {
    const corpus = canUseFiles ? await corpusOf(target.name) : [];
    const runsMax = 500 + corpus.length;
    const { runs, finding } = fuzz(target, { seed: 20_261_124, seconds: 2, runsMax, corpus });
    assert.ok(runs > 0);
    if (finding !== null) throw finding.error;
  });
}

Deno.test("every fuzz target has its own name, an invariant and a seed", () => {
  assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  for (const { name, invariant, seeds } of targets) {
    assert.match(name, /^[a-z0-9_]+$/);
    assert.ok(invariant.length > 20);
    assert.ok(seeds !== undefined && seeds.length > 0);
  }
});
