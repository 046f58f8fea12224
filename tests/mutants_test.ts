/** Every mutant can still be applied, and the runner tells each way in which one can go wrong. */
import assert from "$assert";
import { runMutants, staleness, type Verdict } from "../scripts/mutants.ts";
import { MUTANTS } from "./mutants.ts";
import { SIM_MUTANTS } from "./mutants/simulated.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { canRun, canUseFiles, temporaryFolder } from "./support.ts";

Deno.test("every mutant has a name of its own", () => {
  const names = [...MUTANTS, ...SIM_MUTANTS].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test({
  name: "the text of every mutant is in its file once",
  ignore: !canUseFiles,
  async fn() {
    const stale: string[] = [];
    for (const mutant of [...MUTANTS, ...SIM_MUTANTS]) {
      const text = await Deno.readTextFile(new URL(`../${mutant.file}`, import.meta.url));
      const why = staleness(mutant, text);
      if (why !== null) stale.push(`${mutant.name}: ${why}`);
    }
    assert.deepEqual(stale, []);
  },
});

/** A project with a function, and a test of it that looks at one sum only. */
const PROJECT: Readonly<Record<string, string>> = {
  "deno.json": "{}",
  "lib/add.ts": "export function add(a: number, b: number): number {\n  return a + b;\n}\n",
  "tests/add_test.ts": `import { add } from "../lib/add.ts";
    Deno.test('sums are "right" & small', () => {
      if (add(1, 3) !== 4) throw new Error("wrong");
    });
    Deno.test("sums exist", () => {
      if (add(1, 1) === undefined) throw new Error("none");
    });`,
  "tests/bad_test.ts": 'Deno.test("fails anyway", () => { throw new Error("always"); });',
};

const SUM: Mutant = {
  name: "",
  file: "lib/add.ts",
  find: "a + b",
  replace: "a - b",
  test: { file: "tests/add_test.ts" },
  why: "",
};
const RIGHT = { file: "tests/add_test.ts", name: 'sums are "right" & small' };

const expected: readonly (readonly [Mutant, Verdict["result"], detail: RegExp])[] = [
  [SUM, "caught", /^$/],
  [{ ...SUM, test: RIGHT }, "caught", /^$/],
  // Types are not what a test is about.
  [{ ...SUM, replace: '"4"' }, "caught", /^$/],
  [{ ...SUM, replace: "b + a" }, "survived", /^tests\/add_test\.ts passes: all of it$/],
  [{ ...SUM, replace: "b + a", test: RIGHT }, "survived", /passes: sums are "right" & small$/],
  [{ ...SUM, test: { ...RIGHT, name: "sums exist" } }, "survived", /passes: sums exist$/],
  [{ ...SUM, find: "a * b" }, "stale", /there 0 times/],
  [{ ...SUM, find: "a" }, "stale", /there \d+ times/],
  [{ ...SUM, file: "lib/gone.ts" }, "stale", /there is no lib\/gone\.ts/],
  [{ ...SUM, replace: "a + b" }, "stale", /changes nothing/],
  [{ ...SUM, replace: "a + (" }, "broken", /breaks outside of the test[^]*Expression expected/],
  [{ ...SUM, find: "export ", replace: "" }, "broken", /breaks outside of the test/],
  [{ ...SUM, test: { ...RIGHT, name: "sums" } }, "broken", /has no test "sums" that runs/],
  [{ ...SUM, test: { file: "tests/bad_test.ts" } }, "broken", /does not pass without the mutant/],
  [{ ...SUM, test: { file: "tests/gone_test.ts" } }, "broken", /does not pass without the mutant/],
];

Deno.test({
  name: "the runner tells who was caught, who survived, what is stale and what proves nothing",
  ignore: !canRun,
  async fn() {
    await using folder = await temporaryFolder();
    for (const [path, text] of Object.entries(PROJECT)) {
      const file = `${folder.path}/${path}`;
      await Deno.mkdir(file.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    const verdicts = new Map<Mutant, Verdict>();
    await runMutants({
      top: folder.path,
      mutants: expected.map(([mutant]) => mutant),
      jobs: 2,
      report: (mutant, verdict) => verdicts.set(mutant, verdict),
    });
    for (const [mutant, result, detail] of expected) {
      const told = verdicts.get(mutant)!;
      assert.equal(told.result, result, `${JSON.stringify(mutant)}: ${told.detail}`);
      assert.match(told.detail, detail);
    }
    const text = await Deno.readTextFile(`${folder.path}/lib/add.ts`);
    assert.equal(text, PROJECT["lib/add.ts"], "the project itself is left alone");
  },
});
