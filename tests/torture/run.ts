/**
 * `deno task torture --kills N [--signal KILL|TERM] [--seconds N] [--full-disk] [--program FILE]`:
 * two servers under load, ended again and again. Exits with 1 when a promise is broken.
 */
import { parseArgs } from "node:util";
import { commandOf, temporaryFolder } from "../support.ts";
import { ignoringLimit, limitFiles, mountSmallDisk, type SmallDisk } from "./disk.ts";
import { torture, type TortureResult } from "./torture.ts";

/** Some fillings at least. */
const FULL_DISK_SECONDS = 20;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    "kills": { type: "string" },
    "signal": { type: "string", default: "KILL" },
    "seconds": { type: "string", default: "0" },
    "full-disk": { type: "boolean", default: false },
    "program": { type: "string" },
  },
});

const signal = values.signal === "TERM" ? "SIGTERM" : "SIGKILL";
const kills = numberOf("kills", values.kills ?? (values["full-disk"] ? "0" : "20"));
const seconds = numberOf("seconds", values.seconds);
await using folder = await temporaryFolder();
await using disk = values["full-disk"] ? await smallDisk() : null;
const command = values.program === undefined ? commandOf("smtpd") : [values.program] as const;
const result = await torture({
  command: disk === null ? command : ignoringLimit(command),
  folder: disk?.path ?? folder.path,
  kills,
  signal,
  seconds: disk === null ? seconds : Math.max(seconds, FULL_DISK_SECONDS),
  disk,
  tell: console.log,
});
if (disk !== null) console.log(`the full disk: ${disk.words}, ${result.fillings} times`);
report(result);
Deno.exitCode = result.faults.length === 0 ? 0 : 1;

async function smallDisk(): Promise<SmallDisk> {
  return await mountSmallDisk(`${folder.path}/disk`) ?? limitFiles(`${folder.path}/disk`);
}

function numberOf(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${name}: ${text} is not a number`);
  Deno.exit(1);
}

function report(result: TortureResult): void {
  for (const fault of result.faults) console.log(`FAULT ${fault}`);
  const later = [...result.putOff].map(([reply, count]) => `${reply} ${count} times`).join(", ");
  console.log(`${result.messages} messages tried in ${result.seconds} s; put off: ${later || "-"}`);
  console.log("a message counts once for each of its recipients:");
  console.log(
    `${result.kills} kills, ${result.accepted} messages accepted, ${result.arrived} arrived, ` +
      `${result.reported} reported, ${result.duplicatesAllowed} duplicates allowed, ` +
      `${result.lost} lost`,
  );
}
