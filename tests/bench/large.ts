/** Row 4: messages of a mebibyte, beside the disk alone. */
import { temporaryFolder } from "../support.ts";
import type { Contender, Contest, Row, Setting } from "./contest.ts";
import { isWholeBench, smtpcBench } from "./loads.ts";
import { demandMailbox, startOurs, startSink } from "./peers.ts";

const BYTES = 1024 * 1024;
const RAW = "write and fdatasync";
const BY_DATA = "smtpd, DATA";
const BY_BDAT = "smtpd, BDAT";

export const LARGE: Row = { number: 4, title: "1 MiB delivered", contests: [large] };

async function large({ seconds }: Setting): Promise<Contest> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await temporaryFolder());
  const ours = parts.use(await startOurs());
  const sink = parts.use(await startSink());
  const messages = Math.max(10, Math.round(50 * seconds));
  let sent = 0;
  let residentKib = 0;
  const load = (name: string, port: number, ...flags: readonly string[]): Contender => ({
    name,
    async measure() {
      const { bytesPerSecond, accepted } = await smtpcBench(port, [
        ...["--to", "alice@abc.com", "--size", "1M", "--messages", `${messages}`, ...flags],
      ]);
      if (port === ours.port) sent += accepted;
      residentKib = Math.max(residentKib, await ours.resident());
      return bytesPerSecond / BYTES;
    },
  });
  const held = parts.move();
  return {
    title: "10 connections of smtpc bench",
    unit: "MiB/s",
    contenders: [
      { name: RAW, measure: () => Promise.resolve(rawRate(`${folder.path}/raw`, messages)) },
      load(BY_DATA, ours.port),
      load(BY_BDAT, ours.port, "--eight-bit"),
      load("smtp-sink, which keeps nothing", sink.port),
    ],
    goals: [
      { of: BY_DATA, to: RAW, atLeast: 0.7 },
      { of: BY_BDAT, to: RAW, atLeast: 0.7 },
    ],
    async verify() {
      const user = "alice@abc.com";
      const isWhole = isWholeBench(BYTES);
      const found = await demandMailbox(await ours.kept(), { user, count: sent, isWhole });
      return `${found}; the server's memory was ${Math.round(residentKib / 1024)} MiB`;
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

/** The same bytes one after the other, each synced before the next. */
function rawRate(path: string, messages: number): number {
  const bytes = crypto.getRandomValues(new Uint8Array(64 * 1024));
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const startedMs = performance.now();
  for (let message = 0; message < messages; message++) {
    for (let at = 0; at < BYTES;) at += file.writeSync(bytes);
    file.syncDataSync();
  }
  return (1000 * messages) / (performance.now() - startedMs);
}
