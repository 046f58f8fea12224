/**
 * `deno task mutants [--only TEXT] [--jobs N]`: shows that the tests can fail. Each row of
 * `tests/mutants.ts` breaks one thing in a copy of the project, and the test that guards it has to
 * notice. The last line counts; nothing in the project itself is changed.
 */
import { parseArgs } from "$fmt";
import { MUTANTS } from "../tests/mutants.ts";
import type { Mutant } from "../tests/mutants/mutant.ts";

export interface MutantsOptions {
  /** The folder of the project; it is only read. */
  readonly top: string;
  readonly mutants: readonly Mutant[];
  /** How many tests run at once. */
  readonly jobs: number;
  /** Called for each mutant as soon as it is judged. */
  readonly report: (mutant: Mutant, verdict: Verdict) => void;
}

/**
 * `caught`: the test failed, as it should. `survived`: it passed. `stale`: the text is not there
 * exactly once. `broken`: the test says nothing, for it does not load, does not end, is not there,
 * or fails without the mutant too.
 */
export interface Verdict {
  readonly result: "caught" | "survived" | "stale" | "broken";
  /** For people; empty when it was caught. */
  readonly detail: string;
}

/** Judges each mutant, in any order. Needs permission to read, write and run Deno. */
export async function runMutants(options: MutantsOptions): Promise<void> {
  const trees = await makeTrees(options.top, options.jobs);
  try {
    const files = [...new Set(options.mutants.map(({ test }) => test.file))];
    const healthy = new Map<string, TestRun>();
    await spread(trees, files, async (tree, file) => {
      healthy.set(file, await runTest(tree, { file }));
    });
    await spread(trees, options.mutants, async (tree, mutant) => {
      options.report(mutant, await judge(tree, mutant, healthy.get(mutant.test.file)!));
    });
  } finally {
    await Promise.all(trees.map((tree) => Deno.remove(tree, { recursive: true })));
  }
}

/** Says why a mutant cannot be applied to the text of its file; `null` when it can. */
export function staleness(
  { find, replace }: Pick<Mutant, "find" | "replace">,
  text: string,
): string | null {
  const times = text.split(find).length - 1;
  if (times !== 1) return `the text to change is there ${times} times, and not once`;
  return find === replace ? "the change changes nothing" : null;
}

async function judge(tree: string, mutant: Mutant, healthy: TestRun): Promise<Verdict> {
  const path = `${tree}/${mutant.file}`;
  const text = await readIfThere(path);
  if (text === null) return { result: "stale", detail: `there is no ${mutant.file}` };
  const stale = staleness(mutant, text);
  if (stale !== null) return { result: "stale", detail: stale };
  const unfit = whyUnfit(mutant, healthy);
  if (unfit !== null) return { result: "broken", detail: unfit };
  try {
    await Deno.writeTextFile(path, text.replace(mutant.find, () => mutant.replace));
    return verdictOf(mutant, await runTest(tree, mutant.test));
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

/** A test that fails anyway, or is not there, would prove nothing. */
function whyUnfit({ test }: Mutant, healthy: TestRun): string | null {
  if (healthy.end !== "passed") {
    return `${test.file} does not pass without the mutant\n${healthy.output}`;
  }
  const there = test.name === undefined || healthy.passed.has(test.name);
  return there ? null : `${test.file} has no test "${test.name}" that runs`;
}

function verdictOf({ test }: Mutant, run: TestRun): Verdict {
  const failed = test.name === undefined ? run.failed.size > 0 : run.failed.has(test.name);
  if (failed) return { result: "caught", detail: "" };
  if (run.end === "passed") {
    return { result: "survived", detail: `${test.file} passes: ${test.name ?? "all of it"}` };
  }
  const how = run.end === "endless" ? `does not end in ${TEST_TIMEOUT_MS / 1000} s` : "breaks";
  return { result: "broken", detail: `${test.file} ${how} outside of the test\n${run.output}` };
}

interface TestRun {
  readonly end: "passed" | "failed" | "endless";
  /** Names of tests; a file that does not load has none. */
  readonly passed: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** The last lines of what was printed. */
  readonly output: string;
}

/** The slowest file takes some seconds, and several run at once. */
const TEST_TIMEOUT_MS = 180_000;
const OUTPUT_LINES = 12;

async function runTest(tree: string, test: Mutant["test"]): Promise<TestRun> {
  const report = `${tree}/report.xml`;
  const filter = test.name === undefined ? [] : ["--filter", test.name];
  const child = new Deno.Command(Deno.execPath(), {
    // Types are not looked at: a mutant that only the compiler refuses was not caught by a test.
    args: ["test", "--no-check", "--allow-all", `--junit-path=${report}`, ...filter, test.file],
    cwd: tree,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let endless = false;
  const timer = setTimeout(() => {
    endless = true;
    child.kill("SIGKILL");
  }, TEST_TIMEOUT_MS);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const cases = casesIn(await readIfThere(report) ?? "");
  if (!endless) await Deno.remove(report).catch(() => {}); // a file that does not load has none
  const names = (how: TestCase["how"]) =>
    new Set(cases.filter((each) => each.how === how).map(({ name }) => name));
  const text = new TextDecoder();
  return {
    end: endless ? "endless" : success ? "passed" : "failed",
    passed: names("passed"),
    failed: names("failed"),
    output: lastLines(`${text.decode(stdout)}\n${text.decode(stderr)}`),
  };
}

interface TestCase {
  readonly name: string;
  readonly how: "passed" | "failed" | "skipped";
}

/** Reads the report that Deno writes in the form of JUnit. */
function casesIn(xml: string): readonly TestCase[] {
  const cases = xml.matchAll(/<testcase name="([^"]*)"[^>]*>(.*?)<\/testcase>/gs);
  return [...cases].map(([, name, inside]) => ({
    name: unescapeXml(name!),
    how: inside!.includes("<failure")
      ? "failed"
      : inside!.includes("<skipped")
      ? "skipped"
      : "passed",
  }));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

function unescapeXml(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity]!);
}

function lastLines(text: string): string {
  return text.split("\n").filter((line) => line.trim() !== "").slice(-OUTPUT_LINES).join("\n");
}

/** Does all the work, each piece in a tree that nobody else uses meanwhile. */
export async function spread<T>(
  trees: readonly string[],
  work: readonly T[],
  run: (tree: string, piece: T) => Promise<void>,
): Promise<void> {
  const waiting = [...work];
  await Promise.all(trees.map(async (tree) => {
    for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
      await run(tree, piece);
    }
  }));
}

/** What the tests need of the project. The packages are large, and nobody changes them: a link. */
const FOLDERS = ["lib", "tests", "scripts", "docs"];
const FILES = /\.(ts|json|lock|md)$/;
const PACKAGES = "node_modules";

/** Copies of the project that a mutant can be put into; the caller removes them. */
export async function makeTrees(top: string, count: number): Promise<readonly string[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const tree = await Deno.makeTempDir({ prefix: "smtpd-mutants-" });
    await copy(
      top,
      tree,
      ({ name, isDirectory }) => isDirectory ? FOLDERS.includes(name) : FILES.test(name),
    );
    if (await isThere(`${top}/${PACKAGES}`)) {
      await Deno.symlink(`${top}/${PACKAGES}`, `${tree}/${PACKAGES}`);
    }
    return tree;
  }));
}

async function copy(
  from: string,
  to: string,
  wanted: (entry: Deno.DirEntry) => boolean = () => true,
): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (!wanted(entry)) continue;
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copy(source, target);
    else await Deno.copyFile(source, target);
  }
}

async function readIfThere(path: string): Promise<string | null> {
  return await isThere(path) ? await Deno.readTextFile(path) : null;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: { only: { type: "string", default: "" }, jobs: { type: "string", default: "2" } },
  });
  const mutants = MUTANTS.filter(({ name }) => name.includes(values.only));
  const jobs = Number(values.jobs);
  if (mutants.length === 0 || !(Number.isInteger(jobs) && jobs > 0)) {
    console.error(
      `usage: deno task mutants [--only TEXT] [--jobs N]; no name has "${values.only}"`,
    );
    return 64;
  }
  const counts = { passed: 0, failed: 0 };
  await runMutants({
    top: new URL("..", import.meta.url).pathname.replace(/\/$/, ""),
    mutants,
    jobs: Math.min(jobs, mutants.length),
    report(mutant, { result, detail }) {
      counts[result === "caught" ? "passed" : "failed"]++;
      console.log(`${result.padEnd(8)} ${mutant.name}`);
      if (result !== "caught") console.log(`  ${mutant.file}: ${mutant.why}\n  ${detail}`);
    },
  });
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
