/**
 * `deno run -A tests/bench/imap.ts [--messages N] [--runs N] [--only TEXT]`, as root: what clients
 * of IMAP and POP3 wait for, beside Dovecot, in a mailbox of 10 000 messages of 4 KiB. Both servers
 * have to answer the same; runs alternate, and medians are compared.
 */
import assert from "$assert";
import { parseArgs } from "$fmt";
import { temporaryFolder } from "../support.ts";
import { type Row, ROWS, type Stage } from "./imap_rows.ts";
import { talkImap } from "./mail_client.ts";
import { type MailServer, startDovecot, startOurs } from "./mail_servers.ts";
import { fill, letter } from "./mailbox.ts";

const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "10000" },
    runs: { type: "string", default: "5" },
    only: { type: "string", default: "" },
  },
});
const messages = Number(options.messages);
/** What a search finds is known sooner behind it, for it makes an index: so much time has that. */
const INDEXED_WITHIN_MS = 60_000;

/** How long each server took, the first one ours. */
type Times = readonly (readonly number[])[];

async function stageOf(server: MailServer): Promise<Stage> {
  const client = await talkImap(server.imapPort, "carol");
  await fill(client, "INBOX", Array.from({ length: messages }, (_, at) => letter(at)));
  await client.say("SELECT INBOX");
  return { server, client, messages };
}

async function once(row: Row, stage: Stage) {
  await row.before?.(stage);
  const begunMs = performance.now();
  const answer = await row.run(stage);
  const ms = performance.now() - begunMs;
  await row.after?.(stage);
  return { ms, proof: row.proof(answer) };
}

/** The first run of each fills what servers keep, and is not counted; all give the same. */
async function measure(row: Row, stages: readonly Stage[]): Promise<Times> {
  const times: number[][] = stages.map(() => []);
  const [expected] = await Promise.all(stages.map(async (stage) => (await once(row, stage)).proof));
  for (let run = 0; run < Number(options.runs); run++) {
    for (const [at, stage] of stages.entries()) {
      const { ms, proof } = await once(row, stage);
      // As text: what differs in ten thousand lines would take minutes to be shown.
      const isSame = JSON.stringify(proof) === JSON.stringify(expected);
      assert.ok(isSame, `${stage.server.name} answers ${row.name} otherwise`);
      times[at]!.push(ms);
    }
  }
  return times;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}

function inWords(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** Until searching is as fast as it gets. */
async function untilIndexed({ client }: Stage): Promise<void> {
  const begunMs = performance.now();
  for (let slowestMs = 0; performance.now() - begunMs < INDEXED_WITHIN_MS;) {
    const saidMs = performance.now();
    await client.say("SEARCH TEXT zebra");
    const tookMs = performance.now() - saidMs;
    if (tookMs < slowestMs / 20) return;
    slowestMs = Math.max(slowestMs, tookMs);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

await using folders = new AsyncDisposableStack();
const folder = async () => folders.use(await temporaryFolder()).path;
await using ours = await startOurs(await folder());
await using dovecot = await startDovecot(await folder());
const stages = [await stageOf(ours), await stageOf(dovecot)];
console.log(`| ${messages} messages | smtpd | Dovecot | ratio |`);
console.log("| --- | --- | --- | --- |");
for (const row of ROWS.filter(({ name }) => name.includes(options.only))) {
  if (row.name.startsWith("SEARCH")) await untilIndexed(stages[0]!);
  const [mine, theirs] = (await measure(row, stages)).map(median) as [number, number];
  const ratio = (theirs / mine).toFixed(2);
  console.log(`| ${[row.name, inWords(mine), inWords(theirs), ratio].join(" | ")} |`);
}
for (const { client } of stages) client.close();
