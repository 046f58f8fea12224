/** Faults that befall machines, at moments from the seed; and what brings a server back. */
import type { FaultKind } from "./faults.ts";
import type { Prng } from "./prng.ts";
import type { ServerNode, Sim } from "./sim.ts";

export interface ChaosOptions {
  readonly servers: readonly ServerNode[];
  /** Names of all machines between which the network may be cut. */
  readonly machines: readonly string[];
  /** Those of them that are servers of others. */
  readonly foreigners?: readonly string[];
  /** When the faults end, in virtual milliseconds since the beginning. */
  readonly untilMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/** Each kind befalls the system at most so often in one seed. */
const TIMES_MAX = 8;
/** Deaths come within so many effects of their moment, in the middle of what happens next. */
const EFFECTS_MAX = 80;

/** From now on things go wrong; from `untilMs` on all is well, and every server runs. */
export function startChaos(sim: Sim, options: ChaosOptions): void {
  const { servers, machines, foreigners = [], untilMs } = options;
  sim.faults.begin();
  for (const node of servers) node.onDeath(() => comeBack(sim, node));

  function plan(kind: FaultKind, strike: (prng: Prng, node: ServerNode) => void): void {
    const prng = sim.random(`chaos ${kind}`);
    for (let times = prng.between(1, TIMES_MAX); times > 0; times--) {
      sim.at(untilMs * prng.fraction(), () => {
        const node = prng.pick(servers);
        if (sim.faults.has(kind)) strike(prng, node);
      });
    }
  }

  plan("crash", (prng, node) => node.crashAfter(prng.below(EFFECTS_MAX), "process"));
  plan("power", (prng, node) => node.crashAfter(prng.below(EFFECTS_MAX), "power"));
  plan("restart", (_, node) => void restart(sim, node));
  plan("partition", (prng) => {
    const [one, other] = prng.shuffled(machines);
    if (one === undefined || other === undefined) return;
    sim.faults.count("partition");
    sim.partition(one, other, prng.between(1, 60) * MINUTE_MS * prng.fraction());
  });
  plan("outage", (prng) => {
    if (foreigners.length === 0) return;
    sim.faults.count("outage");
    const gone = prng.pick(foreigners);
    const ms = 120 * MINUTE_MS * prng.fraction();
    for (const other of machines) if (other !== gone) sim.partition(gone, other, ms);
  });
  plan("clock", (prng, node) => {
    sim.faults.count("clock");
    const errorMs = Math.floor((prng.fraction() - 0.5) * 240 * MINUTE_MS);
    sim.trace(node.name, `its clock is wrong by ${errorMs} ms`);
    node.setClockError(errorMs);
  });
  plan("diskFull", (prng, node) => {
    sim.faults.count("diskFull");
    sim.trace(node.name, "its disk is full");
    node.disk.fill(true);
    sim.at(sim.now() + prng.between(1, 30) * MINUTE_MS, () => node.disk.fill(false));
  });
  sim.at(untilMs, () => {
    sim.calm();
    for (const node of servers) {
      node.crashAfter(Infinity, "process");
      node.disk.fill(false);
      node.setClockError(0);
    }
  });
}

async function restart(sim: Sim, node: ServerNode): Promise<void> {
  if (node.running === null) return;
  sim.faults.count("restart");
  try {
    await node.stop();
  } catch {
    return; // it died meanwhile, and comes back like everything that dies
  }
  comeBack(sim, node);
}

/** As a service manager does: again and again, until it runs. */
function comeBack(sim: Sim, node: ServerNode): void {
  const prng = sim.random(`come back ${node.name} ${sim.now()}`);
  const waitMs = prng.chance(0.3) ? prng.between(1, 30) * MINUTE_MS : prng.between(1, 5000);
  sim.at(sim.now() + waitMs, () => {
    if (node.running !== null) return;
    node.start().catch((error) => {
      sim.trace(node.name, `does not start: ${error}`);
      comeBack(sim, node);
    });
  });
}
