/**
 * Promise 1: when `accept` resolves, the message is on the disk. Killing the process would show
 * nothing, because the system still writes what it has; so the calls to the system are watched.
 */
import assert from "$assert";
import { canRun, temporaryFolder } from "./support.ts";

/** strace is a tool of Linux; where it is missing the test is left out. */
const canTrace = canRun && await works("strace", ["-V"]);

async function works(program: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: [...args] }).output()).success;
  } catch {
    return false;
  }
}

/** The store at work, with marks on standard output before and after one `accept`. */
function scriptOf(directory: string, synchronous: "full" | "off"): string {
  const moduleOf = (name: string) => new URL(`../lib/${name}`, import.meta.url).href;
  return `
    const { openSqliteStore } = await import("${moduleOf("store/sqlite.ts")}");
    const { bodyOf } = await import("${moduleOf("mail/body.ts")}");
    const store = await openSqliteStore({
      directory: ${JSON.stringify(directory)},
      synchronous: "${synchronous}",
      turn: () => Promise.resolve(),
    });
    const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
    say("BEFORE\\n");
    await store.accept({
      id: "m1",
      acceptedAt: 1,
      envelope: { sender: null, body: "7BIT" },
      content: bodyOf(new TextEncoder().encode("NEEDLE")),
      deliveries: [{
        to: "queue",
        hop: "xyz.com",
        recipient: { address: { local: "bob", domain: "xyz.com" } },
        dueAt: 1,
      }],
    });
    say("AFTER\\n");
    Deno.exit();`;
}

/** The system calls between the two marks: what was written to the log, and what was synced. */
async function callsOf(synchronous: "full" | "off"): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  const trace = `${folder.path}/trace`;
  const calls = "trace=write,pwrite64,pwritev,fsync,fdatasync";
  const { success } = await new Deno.Command("strace", {
    args: ["-f", "-y", "-s", "8000", "-e", calls, "-o", trace, Deno.execPath(), "eval"]
      .concat(scriptOf(`${folder.path}/data`, synchronous)),
  }).output();
  assert.ok(success);
  const lines = (await Deno.readTextFile(trace)).split("\n");
  const [before, after] = ["BEFORE", "AFTER"].map((text) => {
    const at = lines.findIndex((line) => line.includes(`"${text}\\n"`));
    assert.ok(at >= 0, `the mark ${text} is in the trace`);
    return at;
  });
  return lines.slice(before, after);
}

function isWrite(line: string): boolean {
  return /pwrite.*smtpd\.db-wal>.*NEEDLE/.test(line);
}

function isSync(line: string): boolean {
  return /\b(fsync|fdatasync)\(\d+<[^>]*smtpd\.db-wal>/.test(line);
}

Deno.test("accept resolves only when the message is synced", { ignore: !canTrace }, async () => {
  const calls = await callsOf("full");
  const written = calls.findLastIndex(isWrite);
  assert.ok(written >= 0, "the message is written before accept resolves");
  assert.ok(calls.slice(written).some(isSync), "and synced after that");
});

Deno.test("a store that does not sync would be noticed", { ignore: !canTrace }, async () => {
  const calls = await callsOf("off");
  assert.ok(calls.some(isWrite));
  assert.deepEqual(calls.filter(isSync), []);
});
