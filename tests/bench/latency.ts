/**
 * Row 7: how long the answer to a message takes where half of what can be done is asked for; and
 * how long others wait for theirs where the disk is slow.
 */
import { temporaryFolder } from "../support.ts";
import type { Contest, Row, Setting } from "./contest.ts";
import { isWholeBench, type Report, smtpcBench } from "./loads.ts";
import { demandMailbox, demandProgram, startOurs } from "./peers.ts";

const BYTES = 4096;

export const LATENCY: Row = {
  number: 7,
  title: "p99 of answers",
  contests: [latency, besideSlowSyncs],
};

async function latency({ seconds }: Setting): Promise<Contest> {
  const ours = await startOurs();
  let sent = 0;
  const load = async (...flags: readonly string[]): Promise<Report> => {
    const report = await smtpcBench(ours.port, [
      ...["--to", "alice@abc.com", "--size", `${BYTES}`, ...flags],
    ]);
    sent += report.accepted;
    return report;
  };
  const length = ["--seconds", `${Math.max(1, Math.round(seconds))}`];
  await load(...length);
  const most = (await load(...length)).messagesPerSecond;
  const rate = Math.max(1, Math.round(most / 2));
  return {
    title: `from the dot to 250, 10 connections, ${rate} messages/s, half of the most`,
    unit: "ms",
    contenders: [{
      name: "smtpd",
      measure: async () => (await load(...length, "--rate", `${rate}`)).finalMs.p99,
    }],
    goals: [{ of: "smtpd", atMost: 10 }],
    verify: async () =>
      await demandMailbox(await ours.kept(), {
        user: "alice@abc.com",
        count: sent,
        isWhole: isWholeBench(BYTES),
      }),
    [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose](),
  };
}

const SYNC_MS = 10;
const NOOP_EVERY_MS = 5;

/** strace holds the server's syncs up; a client that only says NOOP stands for everybody else. */
async function besideSlowSyncs({ seconds }: Setting): Promise<Contest> {
  demandProgram("strace");
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await temporaryFolder());
  const calls = "fsync,fdatasync";
  const ours = parts.use(
    await startOurs({
      under: [
        ...["strace", "--follow-forks", "--seccomp-bpf", "-o", `${folder.path}/trace`] as const,
        ...["-e", `trace=${calls}`, "-e", `inject=${calls}:delay_exit=${SYNC_MS * 1000}`],
      ],
    }),
  );
  const length = ["--seconds", `${Math.max(2, Math.round(seconds))}`];
  const held = parts.move();
  return {
    title: `to NOOP, while 10 connections send and each sync takes ${SYNC_MS} ms more`,
    unit: "ms",
    contenders: [{
      name: "smtpd",
      async measure() {
        const stop = new AbortController();
        const waits = answersOfNoop(ours.port, stop.signal);
        await smtpcBench(ours.port, ["--to", "alice@abc.com", "--size", `${BYTES}`, ...length]);
        stop.abort();
        return p99Of(await waits);
      },
    }],
    goals: [{ of: "smtpd", atMost: 20 }],
    async verify() {
      const trace = await Deno.readTextFile(`${folder.path}/trace`);
      const count = trace.match(/\(DELAYED\)$/gm)?.length ?? 0;
      if (count === 0) throw new Error("no sync was held up");
      return `${count} syncs were held up`;
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

/** How long each took, in milliseconds. */
async function answersOfNoop(port: number, signal: AbortSignal): Promise<readonly number[]> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const buffer = new Uint8Array(1024);
  await conn.read(buffer);
  const waits: number[] = [];
  while (!signal.aborted) {
    const saidMs = performance.now();
    await conn.write(new TextEncoder().encode("NOOP\r\n"));
    await conn.read(buffer);
    waits.push(performance.now() - saidMs);
    await new Promise((resolve) => setTimeout(resolve, NOOP_EVERY_MS));
  }
  return waits;
}

function p99Of(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * 0.99)]!;
}
