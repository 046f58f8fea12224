/**
 * docs/limits.md says what the code does. Rows without a test are counted and printed; with
 * `deno test … tests/limits_test.ts -- --strict` they are failures.
 */
import assert from "$assert";
import { DEFAULT_SMTP_LIMITS } from "../lib/smtp/connection.ts";
import { DEFAULT_CLIENT_TIMEOUTS } from "../lib/smtp/client.ts";
import {
  constantsIn,
  figureIn,
  hasTest,
  type Limit,
  limitsIn,
  parseLimits,
  valuesInCode,
  valuesOf,
} from "./limits.ts";
import { canUseFiles } from "./support.ts";

const TOP = new URL("../", import.meta.url);

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, TOP));
}

Deno.test({
  name: "every figure in docs/limits.md is the one in the code",
  ignore: !canUseFiles,
  async fn() {
    const limits = parseLimits(await read("docs/limits.md"));
    assert.ok(limits.length > 50);
    const wrong: string[] = [];
    for (const { figure, constants } of limits) {
      for (const constant of constants) {
        const [said, done] = [valuesOf(figure), await valuesInCode(constant)];
        if (said.join() !== done.join()) wrong.push(`${constant}: ${said} there, ${done} in code`);
      }
    }
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "every test that docs/limits.md names is there",
  ignore: !canUseFiles,
  async fn() {
    const limits = parseLimits(await read("docs/limits.md"));
    const missing: string[] = [];
    for (const { what, test } of limits) {
      if (test === null || hasTest(await read(test.path), test.name)) continue;
      missing.push(`${what}: ${test.path} has no ${test.name}`);
    }
    assert.deepEqual(missing, []);
    const untested = limits.filter(({ test }) => test === null);
    for (const { what } of untested) console.log(`no test: ${what}`);
    console.log(`${untested.length} of ${limits.length} limits without a test`);
    if (Deno.args.includes("--strict")) assert.deepEqual(untested.map(({ what }) => what), []);
  },
});

Deno.test({
  name: "every constant that is called a maximum or a time is in docs/limits.md",
  ignore: !canUseFiles,
  async fn() {
    const listed = new Set(constantsIn(await read("docs/limits.md")));
    const expected = [
      ...fields("lib/smtp/connection.ts: DEFAULT_SMTP_LIMITS", DEFAULT_SMTP_LIMITS),
      ...fields("lib/smtp/client_timeouts.ts: DEFAULT_CLIENT_TIMEOUTS", DEFAULT_CLIENT_TIMEOUTS),
    ];
    for (const path of await sources("lib/")) {
      expected.push(...limitsIn(await read(path)).map((name) => `${path}: ${name}`));
    }
    assert.deepEqual(expected.filter((constant) => !listed.has(constant)), []);
  },
});

function fields(constant: string, value: object): readonly string[] {
  return Object.keys(value).map((field) => `${constant}.${field}`);
}

/** Without the client's command line, which no stranger uses. */
async function sources(folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, TOP))) {
    const path = `${folder}${name}`;
    if (path === "lib/cli") continue;
    if (isDirectory) paths.push(...await sources(`${path}/`));
    else if (name.endsWith(".ts")) paths.push(path);
  }
  return paths;
}

const row = (...cells: string[]) => `| ${cells.join(" | ")} |\n`;

Deno.test("rows are read with their constants and tests, and bad ones refused", () => {
  const head = row("limit", "default") + row("-----", "---");
  const good = row("a line", "1 KiB", "", "`500`", "`lib/a.ts: B`, `lib/c.ts: D.e`", "—");
  const limit: Limit = {
    what: "a line",
    figure: "1 KiB",
    constants: ["lib/a.ts: B", "lib/c.ts: D.e"],
    test: null,
  };
  assert.deepEqual(parseLimits(`# Head\n\n${head}${good}\nWords.\n`), [limit]);
  const tested = good.replace("—", "`tests/a_test.ts` a is b");
  assert.deepEqual(parseLimits(tested)[0]!.test, { path: "tests/a_test.ts", name: "a is b" });
  for (
    const bad of [
      row("a line", "1 KiB", "", "", "`lib/a.ts: B`", "—"),
      row("a line", "1 KiB", "", "`500`", "lib/a.ts", "—"),
      row("a line", "1 KiB", "", "`500`", "`lib/a.ts: B`", ""),
      row("a line", "1 KiB", "`500`", "`lib/a.ts: B`", "—"),
    ]
  ) assert.throws(() => parseLimits(bad), SyntaxError, bad);
});

Deno.test("figures are read with their units", () => {
  assert.deepEqual(valuesOf("1000"), [1000]);
  assert.deepEqual(valuesOf("2 MiB"), [2 * 1024 * 1024]);
  assert.deepEqual(valuesOf("1 s, 2 min"), [1000, 120_000]);
  for (const bad of ["", "many", "1 yard", "1,5 s"]) {
    assert.throws(() => valuesOf(bad), SyntaxError);
  }
});

Deno.test("a constant is worked out from its source, or refused", () => {
  const source = `
const UNIT = 1_000; // why
export const A_MAX: number = 2 * UNIT + 1;
const LIST_MS = [1, UNIT] as const;
const TEXT = encode("a");
const inner = 1;
`;
  assert.equal(figureIn(source, "A_MAX"), 2001);
  assert.deepEqual(figureIn(source, "LIST_MS"), [1, 1000]);
  assert.throws(() => figureIn(source, "TEXT"), /not a figure/);
  assert.throws(() => figureIn(source, "NONE_MAX"), /no constant/);
  assert.deepEqual(limitsIn(source), ["A_MAX", "LIST_MS"]);
});

Deno.test("a figure is read from a module where it exports it, and from its text where not", async () => {
  assert.deepEqual(await valuesInCode("lib/smtp/connection.ts: DEFAULT_SMTP_LIMITS.errorsMax"), [
    20,
  ]);
  assert.deepEqual(await valuesInCode("lib/config.ts: makeConfig.connectionsMax"), [1000]);
  await assert.rejects(valuesInCode("lib/config.ts: makeConfig.hostname"), /not a figure/);
  await assert.rejects(valuesInCode("lib/smtp/connection.ts: DEFAULT_SMTP_LIMITS.none"));
});

Deno.test("a test is found by its name, whatever stands in its blanks", () => {
  const source = 'Deno.test("one is one");\nDeno.test(`a user as <${sender}> is heard`);\n`${all}`';
  assert.ok(hasTest(source, "one is one"));
  assert.ok(hasTest(source, "a user as <bob> is heard"));
  for (const name of ["one is", "one is one more", "a user as bob is heard", "anything"]) {
    assert.equal(hasTest(source, name), false, name);
  }
});
