/**
 * `deno run -A tests/bench/search.ts [MESSAGES]`: what SEARCH costs in a mailbox of 10 000 messages
 * of 4 KiB, without an index and with one; and in Dovecot, where that and Postfix are installed
 * (as root). Each figure is the better one of two.
 */
import { administer } from "../../lib/app/admin.ts";
import { openSearchIndex } from "../../lib/app/search_keeper.ts";
import { type RunningServer, startServer } from "../../lib/app/server.ts";
import { makeConfig } from "../../lib/config.ts";
import { SILENT } from "../../lib/log.ts";
import { denoWorld } from "../../lib/net/deno.ts";
import { openSqliteStore } from "../../lib/store/sqlite.ts";
import type { TextIndex } from "../../lib/store/text_index.ts";
import { canRun, temporaryFolder, until } from "../support.ts";
import { startPostfixDovecot } from "../interop/postfix.ts";

const MESSAGES = Number(Deno.args[0] ?? 10_000);
const TEXT_CHARACTERS = 3_700;
const APPENDED_AT_ONCE = 100;
const RUNS = 2;

let seed = 12_345;
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
  return seed / 0x7fffffff;
}

/** Words of the syllables that English has most often; the first are met far more than the last. */
const SYLLABLES =
  ("the an er in re on at en nd ti es or te of ed is it al ar st to nt ng se ha as " +
    "ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur").split(" ");
const WORDS = Array.from({ length: 20_000 }, () => {
  const syllables = Array.from({ length: 1 + Math.floor(random() * 4) }, syllable);
  return syllables.join("");
});

function syllable(): string {
  return SYLLABLES[Math.floor(random() * SYLLABLES.length)]!;
}

function word(): string {
  return WORDS[Math.floor(random() ** 3 * WORDS.length)]!;
}

function text(characters: number): string {
  let written = "";
  for (let line = ""; written.length + line.length < characters;) {
    line += `${word()} `;
    if (line.length < 70) continue;
    written += `${line}\r\n`;
    line = "";
  }
  return written;
}

function message(number: number): string {
  const rare = number % 1_000 === 7 ? "a zebra and a quokka" : "";
  return [
    `Received: from mx${number}.example.org by abc.com; Mon, 2 Feb 2026 10:00:00 +0000`,
    `From: ${word()} <${word()}@xyz.com>`,
    "To: alice@abc.com",
    `Subject: ${word()} ${word()} ${word()} ${word()}`,
    "Date: Mon, 2 Feb 2026 10:00:00 +0000",
    `Message-ID: <${number}.${word()}@xyz.com>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    `${text(TEXT_CHARACTERS)}${rare}`,
    "",
  ].join("\r\n");
}

/** One connection that has logged in. */
async function logIn(port: number, user: string) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(64 * 1024);
  let count = 0;
  async function hear(tag: string): Promise<string> {
    for (let heard = "";;) {
      const end = heard.lastIndexOf(`\r\n${tag}`);
      if (heard.startsWith(tag) || (end !== -1 && heard.endsWith("\r\n"))) return heard;
      const bytes = await connection.read(buffer);
      if (bytes === null) throw new Error(`the connection was closed behind ${heard.slice(-200)}`);
      heard += new TextDecoder().decode(buffer.subarray(0, bytes));
    }
  }
  async function say(command: string): Promise<string> {
    const tag = `a${++count} `;
    const bytes = new TextEncoder().encode(`${tag}${command}\r\n`);
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    const answer = await hear(tag);
    if (!answer.includes(`${tag}OK`)) throw new Error(`${command.slice(0, 80)}: ${answer}`);
    return answer;
  }
  await connection.read(buffer);
  await say(`LOGIN ${user} secret`);
  return { say, close: () => connection.close() };
}

type Client = Awaited<ReturnType<typeof logIn>>;

async function fill(client: Client, messages: readonly string[]): Promise<void> {
  for (let at = 0; at < messages.length; at += APPENDED_AT_ONCE) {
    const some = messages.slice(at, at + APPENDED_AT_ONCE);
    // Dovecot 2.3 takes several, too (RFC 3502).
    await client.say(`APPEND INBOX${some.map((each) => ` {${each.length}+}\r\n${each}`).join("")}`);
  }
}

const SEARCHES = [
  "UNSEEN",
  "SINCE 1-Jan-2026",
  "LARGER 4000",
  "FROM zebra",
  `SUBJECT ${WORDS[900]}`,
  "HEADER Message-ID <77.",
  "BODY quokka",
  "TEXT quokka",
  `TEXT ${WORDS[900]}`,
  "TEXT the",
];

interface Measured {
  readonly ms: number;
  readonly found: number;
}

async function measure(client: Client): Promise<readonly Measured[]> {
  await client.say("SELECT INBOX");
  const results: Measured[] = [];
  for (const search of SEARCHES) {
    const times: number[] = [];
    let found = 0;
    for (let run = 0; run < RUNS; run++) {
      const begun = performance.now();
      const answer = await client.say(`SEARCH ${search}`);
      times.push(performance.now() - begun);
      found = /^\* SEARCH(.*)\r\n/.exec(answer)![1]!.split(" ").length - 1;
    }
    results.push({ ms: Math.min(...times), found });
  }
  return results;
}

/** The longest time for which nobody else had a turn. */
function watchTurns(): () => number {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

const messages = Array.from({ length: MESSAGES }, (_, number) => message(number));
await using folder = await temporaryFolder();
const world = denoWorld();
const directory = `${folder.path}/data`;
await using store = await openSqliteStore({ directory, turn: world.clock.turn });
await administer(
  { world, store, domain: "abc.com" },
  { do: "user add", name: "alice", password: "secret" },
);

function start(index: TextIndex | null): RunningServer {
  const config = makeConfig({ domains: ["abc.com"], ports: { imap: 0 } });
  return startServer({ config, world, store, log: SILENT, identity: null, index });
}

async function withServer<T>(
  index: TextIndex | null,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const server = start(index);
  const client = await logIn(
    server.listening.find(({ service }) => service === "imap")!.port,
    "alice",
  );
  try {
    return await use(client);
  } finally {
    client.close();
    await server.stop();
  }
}

const read = await withServer(null, async (client) => {
  await fill(client, messages);
  const longest = watchTurns();
  const measured = await measure(client);
  console.log(`longest pause while everything is read: ${longest().toFixed(0)} ms`);
  return measured;
});

using index = openSearchIndex(directory);
const indexed = await withServer(index, async (client) => {
  const [account] = store.users.list();
  const inbox = await store.mail.mailbox(account!.id, "INBOX");
  await client.say("SELECT INBOX");
  await client.say("SEARCH TEXT quokka");
  const begun = performance.now();
  const longest = watchTurns();
  const isDone = () => index.progress(inbox!.uidValidity)?.through === MESSAGES;
  await until("everything is indexed", isDone, 600_000);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`indexed in ${seconds.toFixed(1)} s, longest pause ${longest().toFixed(0)} ms`);
  await until("it is in order", () => !index.tidy(), 60_000);
  const turns = watchTurns();
  const measured = await measure(client);
  console.log(`longest pause with the index: ${turns().toFixed(0)} ms`);
  return measured;
});
const sizeOf = (name: string) => Deno.statSync(`${directory}/${name}`).size;
const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
const indexBytes = sizeOf("search.db") + sizeOf("search.db-wal");
console.log(`mail ${mebibytes(sizeOf("smtpd.db"))}, index ${mebibytes(indexBytes)}`);

async function measureDovecot(): Promise<readonly Measured[] | null> {
  if (!canRun || Deno.uid() !== 0) return null;
  await using other = await temporaryFolder();
  await using peers = await startPostfixDovecot(other.path);
  const client = await logIn(peers.imapPort, "carol");
  await fill(client, messages);
  const measured = await measure(client);
  client.close();
  return measured;
}

const dovecot = await measureDovecot();
for (const [at, search] of SEARCHES.entries()) {
  const columns = [read[at], indexed[at], dovecot?.[at]].map((each) =>
    each === undefined ? "" : `${each.ms.toFixed(each.ms < 10 ? 1 : 0)} ms (${each.found})`
  );
  console.log(`| ${[`SEARCH ${search}`, ...columns].join(" | ")} |`);
}
