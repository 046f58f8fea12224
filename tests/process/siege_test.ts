/** A server under siege, as a process of its own: whoever has a letter to send still can. */
import assert from "$assert";
import { canRun, temporaryFolder } from "../support.ts";
import { startSmtpd } from "./programs.ts";

const HOST = "127.0.0.1";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where slow clients stop, and go on byte by byte. */
const STAGES: readonly string[] = [
  "",
  "EH",
  "EHLO slow\r\nMAIL FR",
  "EHLO slow\r\nAUTH LOGIN\r\n",
  "EHLO slow\r\nMAIL FROM:<>\r\nRCPT TO:<alice@abc.com>\r\nDATA\r\nSubject: s",
  "EHLO slow\r\nMAIL FROM:<>\r\nRCPT TO:<alice@abc.com>\r\nBDAT 100000\r\nx",
];

/** What is sent as fast as it is taken. */
const FLOODS: readonly string[] = [
  "NOOP\r\n".repeat(500),
  "EHLO f\r\nRSET\r\nVRFY x\r\n".repeat(200),
  "EHLO f\r\nMAIL FROM:<>\r\n" + "RCPT TO:<nobody@abc.com>\r\n".repeat(500),
  "EHLO f\r\nAUTH PLAIN AGFsaWNlAHdyb25n\r\n".repeat(50),
  "x".repeat(1_000_000),
];

interface Siege {
  /** How many connections were made. */
  readonly connections: () => number;
  end(): Promise<void>;
}

interface SiegeOptions {
  /** So many connections trickle. */
  readonly slow: number;
  /** On so many others, which come again and again, there is a flood. */
  readonly fast: number;
  /** What each connection says first. */
  readonly hello: (kind: "slow" | "fast", at: number) => string;
}

async function besiege(port: number, { slow, fast, hello }: SiegeOptions): Promise<Siege> {
  let connections = 0;
  let over = false;
  const open = new Set<Deno.TcpConn>();
  const connect = async () => {
    const conn = await Deno.connect({ hostname: HOST, port });
    connections++;
    open.add(conn);
    return conn;
  };
  const trickle = async (said: string) => {
    const conn = await connect();
    void drain(conn);
    await write(conn, said).catch(() => {});
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await write(conn, "x").catch(() => {});
    }
  };
  const flood = async (said: string) => {
    while (!over) {
      const conn = await connect();
      const drained = drain(conn);
      await write(conn, said).catch(() => {});
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 300))]);
      open.delete(conn);
      conn.close();
    }
  };
  const slowOnes = Array.from(
    { length: slow },
    (_, at) => trickle(hello("slow", at) + STAGES[at % STAGES.length]!),
  );
  while (connections < slow) await new Promise((resolve) => setTimeout(resolve, 20));
  const fastOnes = Array.from(
    { length: fast },
    (_, at) => flood(hello("fast", at) + FLOODS[at % FLOODS.length]!),
  );
  const siege = Promise.allSettled([...slowOnes, ...fastOnes]);
  while (connections < slow + fast) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    connections: () => connections,
    async end() {
      over = true;
      for (const conn of open) conn.close();
      await siege;
    },
  };
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Reads to the end, whatever ends it. */
async function drain(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // It was closed on one of the sides.
  }
}

/**
 * One letter over a connection of its own, on which `hello` is said first; gives how long it took,
 * in milliseconds.
 */
async function sendLetter(port: number, hello: string): Promise<number> {
  const startedMs = performance.now();
  using conn = await Deno.connect({ hostname: HOST, port });
  await write(conn, hello);
  const buffer = new Uint8Array(4096);
  const hear = async (code: string) => {
    let text = "";
    while (!new RegExp(`^${code} .*\r\n$`, "m").test(text)) {
      const count = await conn.read(buffer);
      if (count === null) throw new Error(`the server left behind ${text}`);
      text += decoder.decode(buffer.subarray(0, count));
    }
  };
  await hear("220");
  for (
    const [line, code] of [
      ["EHLO friend.test", "250"],
      ["MAIL FROM:<carol@friend.test>", "250"],
      ["RCPT TO:<alice@abc.com>", "250"],
      ["DATA", "354"],
      ["Subject: Hello\r\n\r\nHello\r\n.", "250"],
      ["QUIT", "221"],
    ] as const
  ) {
    await write(conn, `${line}\r\n`);
    await hear(code);
  }
  return performance.now() - startedMs;
}

/** What a proxy says for a client with this address. */
function from(address: string): string {
  return `PROXY TCP4 ${address} 192.0.2.1 5000 25\r\n`;
}

/** One letter after the other under siege, none of which may wait for a second. */
async function lettersUnder(options: SiegeOptions, args: readonly string[], hello: string) {
  await using folder = await temporaryFolder();
  await using server = await startSmtpd([
    ...["--port", "0", "--domain", "abc.com", "--user", "alice:secret"],
    ...["--data", `${folder.path}/data`, ...args],
  ]);
  const port = server.ports.smtp!;
  await sendLetter(port, hello); // what the first one costs is not the question
  const [, , quietMs] = await sendLetters(port, hello, 5);
  const { tookMs, connections } = await under(port, options, () => sendLetters(port, hello, 15));
  console.log(`${connections} connections; a letter took ${tookMs.join(", ")} ms, of ${quietMs}`);
  assert.ok(connections >= options.slow + options.fast);
  // One of them may meet a busy machine; a server that is held up is slow for all. Where others
  // use the machine so much that a letter is slow in peace, no second can be kept to.
  assert.ok(tookMs[12]! < Math.max(1_000, 20 * quietMs!), `${tookMs}, of ${quietMs}`);
  return server.log();
}

/** What each of so many letters took, in milliseconds: the fastest first. */
async function sendLetters(port: number, hello: string, count: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let sent = 0; sent < count; sent++) tookMs.push(await sendLetter(port, hello));
  return tookMs.toSorted((one, other) => one - other).map(Math.round);
}

async function under(port: number, options: SiegeOptions, send: () => Promise<number[]>) {
  const siege = await besiege(port, options);
  try {
    return { tookMs: await send(), connections: siege.connections() };
  } finally {
    await siege.end();
  }
}

Deno.test({
  name: "two hundred slow clients and a flood: a letter still goes within a second",
  ignore: !canRun,
  sanitizeOps: false, // what the siege has under way when it ends is its own
  sanitizeResources: false,
  async fn() {
    await lettersUnder({ slow: 200, fast: 10, hello: () => "" }, [], "");
  },
});

Deno.test({
  name: "a siege at the limits of each address keeps no place from others",
  ignore: !canRun,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    // Four addresses hold all that they may, and one of them wants more; a fifth floods. What they
    // may hold together leaves ten places.
    const hello = (kind: "slow" | "fast", at: number) => {
      if (kind === "slow") return from(`203.0.113.${at % 4}`);
      return from(at % 2 === 0 ? "203.0.113.0" : "198.51.100.1");
    };
    const log = await lettersUnder(
      { slow: 200, fast: 10, hello },
      ["--trust", "127.0.0.1", "--max-connections", "260"],
      from("192.0.2.99"),
    );
    assert.match(log, /"event":"turned-away".*"peer":"203\.0\.113\.0".*"reason":"tooMany"/);
    assert.ok(log.split("\n").length < 1_000, "and the log is short");
  },
});
