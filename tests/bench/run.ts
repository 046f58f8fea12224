/**
 * `deno task bench [--only N] [--runs N] [--seconds N] [--quick]`: our server beside others, on the
 * same disk and in turns. A whole run writes its table to docs/performance.md; `--only` takes some
 * rows (`1,4`, or the name of one of the other measurements) and writes nothing.
 */
import { parseArgs } from "$fmt";
import { hold, Missing, type Outcome, type Row, type Setting } from "./contest.ts";
import { machineText } from "./machine.ts";
import { ROWS, SCRIPTS } from "./rows.ts";
import { type RowOutcome, tableOf, textOf, verifiedOf } from "./table.ts";

const DOCUMENT = new URL("../../docs/performance.md", import.meta.url);
const BEGIN = "<!-- the table of `deno task bench` begins -->";
const END = "<!-- and ends -->";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
  },
});

const setting: Setting = {
  runs: Number(flags.runs),
  seconds: Number(flags.seconds),
  quick: flags.quick,
};
if (!(setting.runs >= 1 && setting.seconds > 0)) {
  throw new Error("--runs and --seconds are numbers");
}

const only = flags.only?.split(",") ?? null;
const rows = ROWS.filter(({ number }) => only?.includes(String(number)) ?? true);
const scripts = SCRIPTS.filter(({ names }) => names.some((name) => only?.includes(name)));
if (rows.length + scripts.length === 0) throw new Error(`there is no row ${flags.only}`);

const outcomes: RowOutcome[] = [];
for (const row of rows) outcomes.push(await run(row));
for (const { file } of scripts) await runScript(file);
if (only === null) await write(outcomes);

async function run({ number, title, contests }: Row): Promise<RowOutcome> {
  console.log(`${number}: ${title}`);
  const found: { outcomes: Outcome[]; missing: string[] } = { outcomes: [], missing: [] };
  for (const open of contests) {
    try {
      await using contest = await open(setting);
      const outcome = await hold(contest, setting.runs);
      console.log(textOf(outcome));
      found.outcomes.push(outcome);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      console.log(`  not run: ${error.message}`);
      found.missing.push(error.message);
    }
  }
  return { number, title, ...found };
}

async function runScript(file: string): Promise<void> {
  const script = new URL(file, import.meta.url).pathname;
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script],
    stdin: "null",
  }).spawn().status;
  if (code !== 0) throw new Error(`${file} ended with status ${code}`);
}

/** Puts the table between its marks, laid out as the formatter wants it. */
async function write(outcomes: readonly RowOutcome[]): Promise<void> {
  const before = await Deno.readTextFile(DOCUMENT);
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`the marks are not in ${DOCUMENT.pathname}`);
  const command = ["deno task bench", ...Deno.args].join(" ");
  const section = [
    `\`${command}\` on ${await machineText()}.`,
    tableOf(outcomes),
    "What was counted was looked for afterwards:",
    verifiedOf(outcomes),
  ].join("\n\n");
  const text = `${before.slice(0, begin + BEGIN.length)}\n\n${section}\n\n${before.slice(end)}`;
  await Deno.writeTextFile(DOCUMENT, text);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", DOCUMENT.pathname] }).output();
}
