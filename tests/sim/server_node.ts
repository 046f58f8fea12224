/** A machine on which one of our servers runs: the real code, on a disk that outlives it. */
import { administer } from "../../lib/app/admin.ts";
import { startServer } from "../../lib/app/server.ts";
import { makeConfig } from "../../lib/config.ts";
import type { Log, LogFields } from "../../lib/log.ts";
import type { World } from "../../lib/net/world.ts";
import { renew } from "../../lib/store/restore.ts";
import { sqliteStore } from "../../lib/store/sqlite.ts";
import type { Store } from "../../lib/store/store.ts";
import { copyDatabase } from "./copy_database.ts";
import { createDisk, Gone } from "./disk.ts";
import type { Zones } from "./dns.ts";
import type { Faults } from "./faults.ts";
import { createLife, type Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { Prng } from "./prng.ts";
import {
  type Death,
  type Interruption,
  PORTS,
  type RunningProcess,
  type ServerNode,
  type ServerSetup,
} from "./sim.ts";
import { snapshot } from "./snapshot.ts";
import type { Timeline } from "./timeline.ts";
import type { Pages } from "./web.ts";
import { slowStore } from "./slow_store.ts";
import { watchedStore } from "./watchers.ts";
import { simWorld } from "./world.ts";

/** What all machines of a simulation share. */
export interface Ground {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly faults: Faults;
  readonly zones: Zones;
  readonly pages: Pages;
  readonly random: (name: string) => Prng;
  /** `line` about a machine, for the trace. */
  readonly tell: (who: string, line: string) => void;
  /** See `Sim.interruptions`. */
  readonly interrupted: (what: Interruption["what"], ...nodes: readonly string[]) => void;
  /** Something that must not be: the seed has failed. */
  readonly complain: (line: string) => void;
}

/** A process, from its start to its end. */
interface Process extends RunningProcess {
  readonly life: Life;
  readonly world: World;
  /** How many wait for a change of its store. */
  readonly watchers: () => number;
}

export interface ServerMachine {
  readonly name: string;
  readonly address: string;
  readonly setup: ServerSetup;
}

export function serverNode(ground: Ground, { name, address, setup }: ServerMachine): ServerNode {
  const { timeline, network, faults, random, tell, interrupted } = ground;
  const prng = random(`server ${name}`);
  const disk = createDisk({ faults, prng, tell: (line) => tell(name, `disk ${line}`) });
  const state = { up: true, lost: false, restored: false, clockErrorMs: 0 };
  const machine = { name, address, isUp: () => state.up };
  let process: Process | null = null;
  let starting: Life | null = null;
  let stopping: Process | null = null;
  let whenDead = () => {};

  function worldOf(life: Life): World {
    const clockErrorMs = () => state.clockErrorMs;
    const { freeBytes } = disk;
    const about = (line: string) => tell(name, line);
    return simWorld({ ...ground, machine, life, prng, clockErrorMs, freeBytes, tell: about });
  }

  function die(death: Death): void {
    if (death === "disk") state.lost = true;
    const life = process?.life ?? starting;
    if (life === null || life === undefined || !life.isAlive()) return;
    tell(name, `dies (${death})`);
    interrupted("crash", name);
    // Who loses a disk counts that.
    if (death !== "disk") faults.count(death === "power" ? "power" : "crash");
    state.up = death === "process";
    process = null;
    starting = null;
    life.end();
    disk.recover();
    // Not within what is dying just now.
    timeline.after(0, whenDead);
  }

  network.join(machine);
  const node: ServerNode = {
    name,
    address,
    setup,
    disk,
    get world() {
      if (process === null) throw new Error(`no process runs on ${name}`);
      return process.world;
    },
    get running() {
      return process;
    },
    async start() {
      if (process !== null || starting !== null) throw new Error(`${name} runs already`);
      state.up = true;
      const life = starting = createLife(timeline);
      tell(name, "starts");
      try {
        const world = worldOf(life);
        if (state.lost) {
          await untilDeath(life, restoreDisk(ground, { node, life, world }));
          state.lost = false;
          state.restored = true;
        }
        const started = beginProcess(ground, { node, life, world });
        process = await untilDeath(life, started);
        if (state.restored) {
          node.setup.onRestored?.(process.store.users.list().map((account) => account.name));
        }
        state.restored = false;
      } catch (error) {
        if (life.isAlive()) {
          life.end();
          disk.recover();
        }
        throw error;
      } finally {
        if (starting === life) starting = null;
      }
    },
    async stop() {
      if (process === null || process === stopping) return;
      const ending = stopping = process;
      tell(name, "stops");
      interrupted("stop", name);
      await untilDeath(ending.life, endProcess(ground, node, ending));
      if (process === ending) process = null;
      checkEnd(ground, node, ending);
      ending.life.end();
      disk.recover();
    },
    crash: die,
    crashAfter(effects, death) {
      const life = process?.life ?? starting;
      life?.dieAfter(effects, () => die(death));
    },
    onDeath: (callback) => void (whenDead = callback),
    setClockError: (ms) => void (state.clockErrorMs = ms),
    async snapshot() {
      if (process === null) throw new Error(`no process runs on ${name}`);
      return await snapshot(process.store);
    },
  };
  return node;
}

/** Waits for something that a process does; it is never answered once the process is dead. */
function untilDeath<T>(life: Life, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = life.onDeath(() => reject(new Error("the process died meanwhile")));
    work.then(resolve, reject).finally(forget);
  });
}

async function beginProcess(ground: Ground, { node, life, world }: {
  readonly node: ServerNode;
  readonly life: Life;
  readonly world: World;
}): Promise<Process> {
  const { setup, disk, name } = node;
  // A commit takes its time, in which more comes that can go together.
  const turn = () => world.clock.sleep(disk.delayMs());
  const backup = () => backUp(ground, node, life);
  const store = { ...sqliteStore(disk.open(life), { turn }), backup };
  const config = makeConfig({ ...setup.config, hosts: [node.address], ports: PORTS });
  await ensureUsers({ store, world, domain: config.domains[0]! }, setup.users);
  const names = new Set([...config.domains, name]);
  const pair = { certificate: [...names].join(","), key: "" };
  const identity = setup.tls ? world.net.tlsIdentity([pair]) : null;
  const log = tracingLog(ground, node, life);
  const watched = watchedStore(slowStore(store, {
    faults: ground.faults,
    prng: ground.random(`reads ${name} ${ground.timeline.now()}`),
    clock: world.clock,
  }));
  const server = startServer({ config, world, store: watched.store, log, identity });
  return { server, store, life, world, watchers: watched.waiting };
}

/** `smtpd restore`, but for the files. Where it fails, the next start begins anew. */
async function restoreDisk(
  { tell }: Ground,
  { node, life, world }: {
    readonly node: ServerNode;
    readonly life: Life;
    readonly world: World;
  },
): Promise<void> {
  const { name, disk } = node;
  disk.restore();
  const { held } = await renew(disk.open(life), {
    path: "the backup",
    now: world.clock.now(),
    reason: "restored from a backup",
    turn: world.clock.turn,
  });
  tell(name, `has lost its disk and goes on with a backup, in which ${held} recipients wait`);
}

/** `smtpd backup`, but for the files: the copy is there when it was made to its end. */
async function backUp(
  { timeline, random }: Ground,
  { name, disk }: ServerNode,
  life: Life,
): Promise<void> {
  const atMs = timeline.now();
  const database = copyDatabase(disk.database);
  const copyingMs = BACKUP_MS_MAX * random(`backup ${name} ${atMs}`).fraction();
  await new Promise<void>((resolve) => void timeline.after(copyingMs, resolve));
  if (life.isAlive()) return disk.keep({ database, atMs });
  database.close();
  throw new Gone("the process is dead");
}

/** Large data takes a while to copy. */
const BACKUP_MS_MAX = 30_000;

async function ensureUsers(
  parts: { readonly store: Store; readonly world: World; readonly domain: string },
  users: ServerSetup["users"],
): Promise<void> {
  for (const [name, password] of Object.entries(users)) {
    const answer = await administer(parts, { do: "user add", name, password });
    if (!answer.ok && answer.kind !== "exists") throw new Error(answer.message);
  }
}

/** In good order; then nobody waits for the store any more, and no content is in memory. */
async function endProcess(
  { complain }: Ground,
  { name }: ServerNode,
  { server, store, watchers }: Process,
): Promise<void> {
  await server.stop();
  if (watchers() > 0) complain(`${name} has stopped, and ${watchers()} watchers are left`);
  const bytes = server.contentBytes();
  if (bytes > 0) complain(`${name} has stopped, and holds ${bytes} bytes of content`);
  await store[Symbol.asyncDispose]();
}

/** A server that was stopped in good order leaves nothing behind. */
function checkEnd({ network, complain }: Ground, { name }: ServerNode, { life }: Process): void {
  if (!life.isAlive()) return;
  const open = network.open().filter((each) => each.startsWith(`${name} `));
  for (const each of open) complain(`${name} has stopped, and left open: ${each}`);
  if (life.pending() > 0) {
    complain(`${name} has stopped, and ${life.pending()} timers are still set`);
  }
}

function tracingLog({ tell }: Ground, { name, setup }: ServerNode, life: Life): Log {
  const keep = (event: string, fields: LogFields = {}) => {
    if (!life.isAlive()) return;
    tell(name, `${event} ${JSON.stringify(fields)}`);
    setup.onLog?.(event, fields);
  };
  return { debug: keep, info: keep, warn: keep, error: keep };
}
