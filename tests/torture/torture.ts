/**
 * Two real servers under load, ended at random moments and started again; then they are left in
 * peace, and everything that was answered 250 has to be where it belongs.
 */
import { fillDisk, type SmallDisk } from "./disk.ts";
import { ALICE, BOB, createNumbers, type Side } from "./letters.ts";
import { type Copy, keepReading, type ReaderOptions, readOnce } from "./reader.ts";
import { keepSending, type Sent } from "./sender.ts";
import { type Command, createServer, freePort, type Server } from "./servers.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface TortureOptions {
  readonly command: Command;
  /** Holds the data of both servers. */
  readonly folder: string;
  /** How many endings there are, of both servers together; 0 with `disk` only. */
  readonly kills: number;
  readonly signal: "SIGKILL" | "SIGTERM";
  /** How long the load lasts at least. */
  readonly seconds: number;
  /** The small disk that `folder` lies on; it is filled again and again. `null`: it is not. */
  readonly disk: SmallDisk | null;
  /** Told how it goes. */
  readonly tell: (line: string) => void;
}

export interface TortureResult extends Verdict {
  readonly kills: number;
  readonly messages: number;
  /** How often the disk was full. */
  readonly fillings: number;
  /** Replies that asked clients to come again later, like `452 4.3.1`, by number. */
  readonly putOff: ReadonlyMap<string, number>;
  readonly seconds: number;
}

const SENDERS = 12;
/** A server lives so long before it is ended: from just after its start to some work done. */
const LIFE_MS_MIN = 50;
const LIFE_MS_SPREAD = 1_200;
/** This share of starts is cut short, somewhere between the first instruction and some work. */
const IN_VAIN = 1 / 10;
const IN_VAIN_MS = 1_000;
/** While the load lasts, what waits is tried again and again, so that endings meet deliveries. */
const NUDGE_MS = 700;
/** In peace, all that waits has to arrive within this. */
const SETTLE_MS = 120_000;

/** What goes on in one run. */
interface Run {
  readonly servers: readonly Server[];
  readonly readers: readonly ReaderOptions[];
  readonly endings: number[];
  readonly options: TortureOptions;
}

export async function torture(options: TortureOptions): Promise<TortureResult> {
  const startedMs = performance.now();
  const ledger: Sent[] = [];
  const copies = new Map<string, Copy>();
  const putOff = new Map<string, number>();
  const faults: string[] = [];
  const ports = { abc: freePort(), xyz: freePort() };
  const run = prepare(options, ports, copies, (text) => faults.push(text));
  let over = false;
  const numbers = createNumbers();
  let fillings = 0;
  try {
    await Promise.all(run.servers.map((server) => server.start()));
    const load = [
      ...Array.from(
        { length: SENDERS },
        () => keepSending({ ports, over: () => over, numbers, ledger, putOff }),
      ),
      ...run.readers.map((reader) => keepReading(reader, () => over)),
      keepNudging(run, () => over),
    ];
    const full = options.disk === null ? 0 : fillDisk(options.disk, () => over);
    await Promise.race([endAgainAndAgain(run, startedMs, () => over), ...load]);
    over = true;
    await Promise.all(load);
    fillings = await full;
    if (!await settle(run)) faults.push("the queues are not empty, long after all was in peace");
  } finally {
    over = true;
    await Promise.all(run.servers.map((server) => server.end("SIGTERM")));
  }
  const verdict = judge(ledger, copies.values(), run.endings);
  return {
    ...verdict,
    faults: [...faults, ...verdict.faults],
    kills: run.endings.length,
    messages: ledger.length,
    fillings,
    putOff,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  };
}

function prepare(
  options: TortureOptions,
  ports: Readonly<Record<Side, number>>,
  copies: Map<string, Copy>,
  complain: (text: string) => void,
): Run {
  const { folder, command, disk } = options;
  const sides: readonly Side[] = ["abc", "xyz"];
  const pop3 = { abc: freePort(), xyz: freePort() };
  const flags = disk?.flags ?? [];
  return {
    options,
    endings: [],
    servers: sides.map((side) =>
      createServer({
        side,
        directory: `${folder}/${side}`,
        ports,
        pop3Port: pop3[side],
        command,
        flags,
        complain,
      })
    ),
    readers: [
      { owner: ALICE, port: pop3.abc, copies, complain },
      { owner: BOB, port: pop3.xyz, copies, complain },
    ],
  };
}

/** Each server by itself, so that now one is away, now the other, and now both. */
async function endAgainAndAgain(
  run: Run,
  startedMs: number,
  over: () => boolean,
): Promise<void> {
  const { options, servers, endings } = run;
  await Promise.all(servers.map(async (server) => {
    while (!over() && endings.length < options.kills) {
      await pause(LIFE_MS_MIN + Math.random() * LIFE_MS_SPREAD);
      if (endings.length >= options.kills) break;
      endings.push(Date.now());
      await server.end(options.signal);
      if (endings.length % 20 === 0) options.tell(`${endings.length} of ${options.kills} kills`);
      if (Math.random() < IN_VAIN) await server.startInVain(Math.random() * IN_VAIN_MS);
      await server.start();
    }
  }));
  const leftMs = options.seconds * 1000 - (performance.now() - startedMs);
  if (leftMs > 0) await pause(leftMs);
}

async function keepNudging({ servers }: Run, over: () => boolean): Promise<void> {
  while (!over()) {
    await pause(NUDGE_MS);
    await Promise.all(servers.map((server) => server.nudge()));
  }
}

/** Until nothing waits in either queue, and everything is read; whether that came to pass. */
async function settle({ servers, readers }: Run): Promise<boolean> {
  const endMs = performance.now() + SETTLE_MS;
  while (performance.now() < endMs) {
    const waiting = await Promise.all(servers.map((server) => server.nudge()));
    // A report may be on its way while the queues are looked at: they are empty when both were so
    // before and after the mailboxes were read.
    const read = await Promise.all(readers.map(readOnce));
    const again = await Promise.all(servers.map((server) => server.nudge()));
    if ([...waiting, ...again].every((count) => count === 0) && read.every(Boolean)) {
      return (await Promise.all(readers.map(readOnce))).every(Boolean);
    }
    await pause(200);
  }
  return false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
