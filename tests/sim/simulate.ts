/** Runs one scenario with one seed, from the beginning to the end of everything it has begun. */
import { createHash } from "node:crypto";
import type { Zones } from "./dns.ts";
import { createFaults, type FaultKind, type FaultRates } from "./faults.ts";
import { Gone } from "./disk.ts";
import { createLife } from "./life.ts";
import { createNetwork } from "./network.ts";
import { createPrng } from "./prng.ts";
import { type Ground, serverNode } from "./server_node.ts";
import type { Interruption, Node, Scale, Scenario, ServerNode, ServerSetup, Sim } from "./sim.ts";
import { createTimeline, type Timeline } from "./timeline.ts";
import type { Pages } from "./web.ts";
import { simWorld } from "./world.ts";

export interface SimulateOptions {
  readonly seed: number;
  /** Kinds of faults that are left out. */
  readonly without?: ReadonlySet<FaultKind>;
  readonly scale?: Scale;
  /** For tests of the simulation itself; see {@linkcode createFaults}. */
  readonly rates?: FaultRates;
}

/** What became of one seed. */
export interface Simulated {
  readonly seed: number;
  /** What must not be; empty when the seed has passed. */
  readonly failures: readonly string[];
  /** Everything that happened, a line each. */
  readonly trace: readonly string[];
  /** SHA-256 of the trace, in hex: the same for the same seed and the same code. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly faults: ReadonlyMap<string, number>;
  /** What the scenario has counted. */
  readonly tallies: ReadonlyMap<string, number>;
}

/** A scenario that needs more than that does not end. */
const EVENTS_MAX = 1_000_000;
const VIRTUAL_MS_MAX = 60 * 24 * 3_600_000;

/** Runs it; never rejects because of what the scenario did. */
export async function simulate(scenario: Scenario, options: SimulateOptions): Promise<Simulated> {
  const { sim, end, outcome } = createSimulation(options);
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    // The code of a dead process runs on to its next `await`, where nobody is left who would hear.
    if (!(event.reason instanceof Gone)) sim.complain(`nobody heard: ${describe(event.reason)}`);
  };
  addEventListener("unhandledrejection", onRejection);
  try {
    await end(scenario(sim));
  } finally {
    removeEventListener("unhandledrejection", onRejection);
  }
  return outcome();
}

interface Simulation {
  readonly sim: Sim;
  /** Lets time pass until the scenario has ended, then ends everything else. */
  end(scenario: Promise<void>): Promise<void>;
  outcome(): Simulated;
}

function createSimulation(options: SimulateOptions): Simulation {
  const { seed, without = new Set(), scale = FULL, rates } = options;
  const random = (name: string) => createPrng(seed, name);
  const timeline = createTimeline(random("timeline"));
  const faults = createFaults({ random, without, ...(rates === undefined ? {} : { rates }) });
  const trace: string[] = [];
  const failures: string[] = [];
  const tallies = new Map<string, number>();
  const tell = (who: string, line: string) =>
    void trace.push(`${(timeline.now() / 1000).toFixed(3)} ${who} ${line}`);
  const interruptions: Interruption[] = [];
  const interrupted: Ground["interrupted"] = (what, ...nodes) =>
    void interruptions.push({ what, nodes, atMs: timeline.now() });
  const network = createNetwork({
    timeline,
    faults,
    prng: random("network"),
    tell: (line) => tell("net", line),
    broke(one, other) {
      tell("net", `${one} ${other} lose a connection`);
      interrupted("connection", one, other);
    },
  });
  const complain = (line: string) => {
    tell("FAILURE", line);
    failures.push(line);
  };
  const zones: Zones = new Map();
  const pages: Pages = new Map();
  const ground: Ground = {
    timeline,
    network,
    faults,
    zones,
    pages,
    random,
    tell,
    interrupted,
    complain,
  };
  const machines = createMachines(ground);
  const sim: Sim = {
    seed,
    scale,
    faults,
    interruptions,
    zones,
    pages,
    random,
    node: machines.node,
    server: machines.server,
    now: timeline.now,
    sleep: (ms) => new Promise((resolve) => void timeline.after(ms, resolve)),
    at: (ms, what) => void timeline.after(ms - timeline.now(), what),
    partition(one, other, ms) {
      tell("net", `${one} ${other} are cut off for ${Math.round(ms)} ms`);
      network.partition(one, other, ms);
    },
    calm() {
      tell("net", "from now on all is well");
      faults.end();
      network.heal();
    },
    tally: (what, count = 1) => void tallies.set(what, (tallies.get(what) ?? 0) + count),
    complain,
    trace: tell,
  };
  let events = 0;

  /** Lets events happen until there is nothing more to wait for. */
  async function pass(isDone: () => boolean): Promise<boolean> {
    for (; !isDone(); events++) {
      if (events >= EVENTS_MAX || timeline.now() > VIRTUAL_MS_MAX) return false;
      if (!await timeline.step()) return isDone();
    }
    return true;
  }

  async function settle(what: string, work: Promise<void>): Promise<void> {
    let done = false;
    work.catch((error) => complain(`${what}: ${describe(error)}`)).finally(() => done = true);
    if (!await pass(() => done)) complain(`${what} does not end: ${stuck(timeline)}`);
  }

  return {
    sim,
    async end(scenario) {
      await settle("the scenario", scenario);
      sim.calm();
      await settle("stopping", machines.stop());
      if (!await pass(() => timeline.pending() === 0)) complain("something goes on for ever");
      for (const open of network.open()) complain(`left open: ${open}`);
      machines.close();
    },
    outcome: () => ({
      seed,
      failures,
      trace,
      hash: createHash("sha256").update(trace.join("\n")).digest("hex"),
      virtualMs: timeline.now(),
      events,
      faults: faults.counts,
      tallies,
    }),
  };
}

const FULL: Scale = { users: 1, messages: 1 };

interface Machines {
  node(name: string): Node;
  server(name: string, setup: ServerSetup): ServerNode;
  /** Stops every server that runs. */
  stop(): Promise<void>;
  close(): void;
}

function createMachines(ground: Ground): Machines {
  const { timeline, network, random, zones, tell } = ground;
  const servers: ServerNode[] = [];
  let count = 0;

  function addressFor(name: string): string {
    const address = `10.0.${++count >> 8}.${count & 255}`;
    zones.set(name, [{ type: "A", address }]);
    return address;
  }

  return {
    node(name) {
      const life = createLife(timeline);
      const machine = { name, address: addressFor(name), isUp: () => true };
      network.join(machine);
      const prng = random(`node ${name}`);
      const right = { clockErrorMs: () => 0, freeBytes: () => null };
      const about = (line: string) => tell(name, line);
      const world = simWorld({ ...ground, machine, life, prng, ...right, tell: about });
      return { ...machine, world };
    },
    server(name, setup) {
      const node = serverNode(ground, { name, address: addressFor(name), setup });
      servers.push(node);
      return node;
    },
    async stop() {
      await Promise.all(servers.map((node) => node.stop()));
    },
    close() {
      for (const { disk } of servers) disk.close();
    },
  };
}

function stuck(timeline: Timeline): string {
  return timeline.pending() === 0 ? "nothing is left that could happen" : "it goes on and on";
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
