/**
 * Durability is seen, not believed: under strace, a sync of the database's log lies between the
 * read that holds the end of the data and the write of its 250. (A `kill -9` cannot show a missing
 * sync, for what was written outlives the process.)
 */
import assert from "$assert";
import { canRun, commandOf, temporaryFolder, until } from "../support.ts";

const CLIENTS = 10;
const ROUNDS = 10;

Deno.test({
  name: "smtpd syncs before it says 250, for one message and for a group",
  ignore: !canRun,
  fn: async () => {
    const seen = await traceServer([]);
    assert.equal(seen.accepted.length, CLIENTS * ROUNDS + ROUNDS);
    assert.deepEqual(seen.accepted.filter((each) => !each.synced), []);
    // Grouped commits are what is hard to get right, so they must have happened.
    const together = seen.accepted.slice(ROUNDS);
    assert.ok(
      seen.syncs < seen.accepted.length,
      `${seen.syncs} syncs, ${together.length} messages`,
    );
  },
});

Deno.test({
  name: "smtpd without syncs is caught by the same look",
  ignore: !canRun,
  fn: async () => {
    const seen = await traceServer(["--unsafe-no-sync"]);
    assert.equal(seen.accepted.length, CLIENTS * ROUNDS + ROUNDS);
    assert.equal(seen.accepted.filter((each) => each.synced).length, 0);
  },
});

interface Seen {
  readonly accepted: readonly { readonly line: string; readonly synced: boolean }[];
  readonly syncs: number;
}

/**
 * Runs the server under strace, sends it messages one by one and then together, and reads the
 * trace.
 */
async function traceServer(flags: readonly string[]): Promise<Seen> {
  await using folder = await temporaryFolder();
  const tracePath = `${folder.path}/trace`;
  const strace = new Deno.Command("strace", {
    args: [
      ...["-f", "-y", "-s", "4096", "-o", tracePath],
      ...["-e", "trace=recvfrom,sendto,read,write,fsync,fdatasync"],
      ...commandOf("smtpd"),
      ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
      ...[
        "--data",
        `${folder.path}/data`,
        "--log-format",
        "json",
        "--log-level",
        "error",
        ...flags,
      ],
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    const port = await portOf(strace);
    for (let round = 0; round < ROUNDS; round++) await deliver(port, 1);
    await deliver(port, CLIENTS, ROUNDS);
  } finally {
    // strace itself ignores the signals that end others; the data directory knows the server's pid.
    Deno.kill(Number(await Deno.readTextFile(`${folder.path}/data/lock`)), "SIGTERM");
    await strace.status;
  }
  return readTrace(await Deno.readTextFile(tracePath));
}

async function portOf(child: Deno.ChildProcess): Promise<number> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const port = await until("the ready line", async () => {
    const { value, done } = await reader.read();
    if (done) throw new Error(`smtpd ended: ${text}`);
    text += value;
    return /"smtp":(\d+)/.exec(text)?.[1];
  }, 60_000);
  await reader.cancel();
  return Number(port);
}

/** `clients` at once; in each round all of them end their data in the same moment. */
async function deliver(port: number, clients: number, rounds = 1): Promise<void> {
  const connections = await Promise.all(Array.from({ length: clients }, () => greet(port)));
  for (let round = 0; round < rounds; round++) {
    await Promise.all(connections.map((connection) => connection.start()));
    await Promise.all(connections.map((connection) => connection.end()));
  }
  for (const connection of connections) connection.close();
}

async function greet(port: number) {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(8192);
  const say = async (text: string, expected: RegExp) => {
    await conn.write(new TextEncoder().encode(text));
    let answer = "";
    while (!expected.test(answer)) {
      const count = await conn.read(buffer);
      if (count === null) throw new Error(`closed after ${answer}`);
      answer += new TextDecoder().decode(buffer.subarray(0, count));
    }
  };
  await say("EHLO test.example\r\n", /^250 HELP\r\n/m);
  return {
    start: () =>
      say("MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@abc.com>\r\nDATA\r\n", /^354 .*\r\n/m),
    end: () => say("Subject: x\r\n\r\nText\r\n.\r\n", /^250 2\.0\.0 .*\r\n/m),
    close: () => conn.close(),
  };
}

/**
 * Reads what strace wrote. A call that another thread interrupts stands on two lines, `unfinished`
 * and `resumed`: a read and a sync count from where they end, a write from where it begins.
 */
function readTrace(text: string): Seen {
  const endOfData = new Map<string, number>();
  const syncs: { readonly from: number; readonly to: number }[] = [];
  const accepted: { line: string; synced: boolean }[] = [];
  const unfinished = new Map<string, { readonly call: string; readonly at: number }>();
  for (const [at, line] of text.split("\n").entries()) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    let call = rest;
    let from = at;
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { call: rest.slice(0, -"<unfinished ...>".length), at });
    } else if (rest.startsWith("<... ")) {
      const begun = unfinished.get(thread);
      if (begun === undefined) continue;
      call = begun.call + rest.replace(/^<\.\.\. \w+ resumed>/, "");
      from = begun.at;
    }
    const isWhole = !rest.endsWith("<unfinished ...>");
    const socket = /^(?:recvfrom|sendto|read|write)\(\d+<(\w+:\[[^\]]*\])>/.exec(call)?.[1];
    if (/^f(?:data)?sync\(\d+<[^>]*-wal>/.test(call) && isWhole) syncs.push({ from, to: at });
    else if (socket !== undefined && isWhole && call.includes("\\r\\n.\\r\\n")) {
      endOfData.set(socket, at);
    } else if (
      socket !== undefined && !rest.startsWith("<... ") && call.includes('"250 2.0.0 Acc')
    ) {
      const read = endOfData.get(socket) ?? Infinity;
      accepted.push({ line: call, synced: syncs.some((each) => each.from > read && each.to < at) });
    }
  }
  return { accepted, syncs: syncs.length };
}
