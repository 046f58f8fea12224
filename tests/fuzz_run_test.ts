import assert from "$assert";
import { decode, encode } from "../lib/wire/bytes.ts";
import { readCorpus } from "./fuzz/corpus.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import { run } from "./fuzz/run.ts";
import type { FuzzTarget } from "./fuzz/target.ts";
import { targets } from "./fuzz/targets.ts";
import { canRun, canUseFiles } from "./support.ts";

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

Deno.test("fuzz finds what breaks an invariant, and shrinks it to what matters", async () => {
  const { runs, finding } = await fuzz(broken, { seed: 1, seconds: 10 });
  assert.ok(runs > 1);
  assert.equal(decode(finding!.input), "\n\n");
  assert.match(String(finding!.error), /two line feeds/);
});

Deno.test("fuzz makes the same inputs from the same seed, and others from another", async () => {
  const inputsOf = async (seed: number) => {
    const inputs: string[] = [];
    const target = { ...broken, run: (input: Uint8Array) => void inputs.push(decode(input)) };
    await fuzz(target, { seed, seconds: 10, runsMax: 200 });
    return inputs;
  };
  const inputs = await inputsOf(7);
  assert.deepEqual(await inputsOf(7), inputs);
  assert.notDeepEqual(await inputsOf(8), inputs);
  assert.equal(inputs[0], "one\r\ntwo\nthree\r\n");
});

Deno.test("fuzz counts a target that changes its input, or throws null, as it should", async () => {
  const careless = { ...broken, run: (input: Uint8Array) => void input.fill(0) };
  const { finding } = await fuzz(careless, { seed: 1, seconds: 1, runsMax: 50 });
  assert.equal(finding, null);
  const nothing: FuzzTarget = {
    ...broken,
    run() {
      throw null;
    },
  };
  const thrown = await fuzz(nothing, { seed: 1, seconds: 1 });
  assert.equal(thrown.finding!.input.length, 0);
  const rejecting = { ...broken, run: () => Promise.reject(new Error("later")) };
  assert.match(String((await fuzz(rejecting, { seed: 1, seconds: 1 })).finding!.error), /later/);
});

Deno.test({
  name: "the fuzz runner reports hex, text and seed, and fails when a target fails",
  ignore: !canUseFiles,
  async fn() {
    const { status, lines } = await runLines(["--seconds", "5", "--seed", "3"], [sound, broken]);
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
    const one = await runLines(["--seconds", "0.1", "--target", "sound"], [broken, sound]);
    assert.equal(one.status, 0);
    assert.equal(one.lines.at(-1), "1 passed, 0 failed");
    const none = await runLines(["--target", "missing"], [broken, sound]);
    assert.equal(none.status, 64);
    assert.match(none.lines[0]!, /broken,sound/);
  },
});

Deno.test({
  name: "the fuzz runner gives each target a process of its own with --all",
  ignore: !canRun,
  async fn() {
    const args = ["--all", "--target", "smtp_command", "--seconds", "0.5", "--seed", "3"];
    const { status, lines } = await runLines(args, targets);
    assert.equal(status, 0, lines.join("\n"));
    assert.equal(lines[0], "1 targets, 1 at once: --seconds 0.5 --seed 3");
    assert.match(lines[1]!, /^\[1 of 1, after \d+\.\d min\] smtp_command \(seed 3\): a line is/);
    assert.match(lines[2]!, /^ {2}held in \d+ runs$/);
    assert.match(lines[3]!, /^ {2}\d+ inputs ran what the corpus had not run$/);
    assert.deepEqual(lines.slice(4), ["1 passed, 0 failed"]);
    const missing = await runLines(["--all", "--jobs", "0"], targets);
    assert.equal(missing.status, 64);
  },
});

for (const target of targets) {
  Deno.test(`fuzz target ${target.name} holds for its seeds and a few hundred inputs`, async () => {
    const { runs, finding } = await fuzz(target, { seed: 20_261_124, seconds: 1, runsMax: 500 });
    assert.ok(runs > 0);
    if (finding !== null) throw finding.error;
  });

  Deno.test({
    name: `fuzz target ${target.name} holds for its corpus`,
    ignore: !canUseFiles,
    async fn() {
      for (const [at, input] of (await readCorpus(target.name)).entries()) {
        try {
          await target.run(input);
        } catch (error) {
          throw new Error(`tests/fuzz/corpus/${target.name}.txt, line ${at + 1}`, { cause: error });
        }
      }
    },
  });
}

Deno.test("every fuzz target has its own name, an invariant and a seed", () => {
  assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  for (const { name, invariant, seeds } of targets) {
    assert.match(name, /^[a-z0-9_]+$/);
    assert.ok(invariant.length > 20);
    assert.ok(seeds.length > 0);
  }
});
