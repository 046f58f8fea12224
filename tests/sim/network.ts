/** The network between simulated machines: addresses, listeners, delays, partitions. */
import { type Endpoint, endpointText } from "../../lib/endpoint.ts";
import {
  type ConnectOptions,
  type Listener,
  type Net,
  NetError,
  type Transport,
} from "../../lib/net/world.ts";
import { fakeIdentity } from "../fake_tls.ts";
import type { Faults } from "./faults.ts";
import { type Life, never } from "./life.ts";
import type { Prng } from "./prng.ts";
import type { Timeline } from "./timeline.ts";
import { connect, type End, type Path, type Place } from "./transport.ts";

/** What the network has to know about a machine. */
export interface Machine {
  readonly name: string;
  readonly address: string;
  isUp(): boolean;
}

export interface Network {
  /** Gives a machine its place: by its address, and by its name. */
  join(machine: Machine): void;
  /** The network as one process on a machine has it. */
  netOf(machine: Machine, life: Life): Net;
  /** Nothing gets through between two machines for so long. */
  partition(one: string, other: string, ms: number): void;
  /** All partitions are over. */
  heal(): void;
  /** The ends that nobody has closed: `abc.com 10.0.0.1:25 to 10.0.0.2:40000`. */
  open(): readonly string[];
}

export interface NetworkOptions {
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly faults: Faults;
  readonly tell: (line: string) => void;
  /** A connection between these two machines broke. */
  readonly broke: (one: string, other: string) => void;
}

/** A listener's side that the network puts new connections into. */
interface Listening extends Listener {
  readonly place: Place;
  accept(transport: Transport): void;
}

interface Parts extends NetworkOptions {
  readonly machines: Map<string, Machine>;
  readonly listening: Map<string, Listening>;
  readonly ends: Map<End, string>;
  nextPort(): number;
  pathBetween(one: Machine, other: Machine): Path;
}

export function createNetwork(options: NetworkOptions): Network {
  const { timeline } = options;
  const blocked = new Map<string, number>();
  const latencies = new Map<string, number>();
  let lastPort = 40_000;
  const parts: Parts = {
    ...options,
    machines: new Map(),
    listening: new Map(),
    ends: new Map(),
    nextPort: () => ++lastPort,
    pathBetween: (one, other) => pathBetween(options, { one, other, blocked, latencies }),
  };
  return {
    join(machine) {
      parts.machines.set(machine.name, machine).set(machine.address, machine);
    },
    netOf: (machine, life) => netOf(parts, machine, life),
    partition(one, other, ms) {
      blocked.set(pairOf(one, other), timeline.now() + ms);
    },
    heal: () => blocked.clear(),
    open() {
      for (const end of [...parts.ends.keys()]) if (!end.isOpen()) parts.ends.delete(end);
      return [...parts.ends.values()];
    },
  };
}

function pairOf(one: string, other: string): string {
  return [one, other].toSorted().join(" and ");
}

function pathBetween(
  { timeline, prng, faults, tell, broke }: NetworkOptions,
  { one, other, blocked, latencies }: {
    readonly one: Machine;
    readonly other: Machine;
    readonly blocked: ReadonlyMap<string, number>;
    readonly latencies: Map<string, number>;
  },
): Path {
  const pair = pairOf(one.name, other.name);
  // From one room to the other side of the world.
  const latencyMs = latencies.get(pair) ?? 0.2 * 1000 ** prng.fraction();
  latencies.set(pair, latencyMs);
  return {
    timeline,
    prng,
    faults,
    delayMs() {
      const slowMs = faults.strikes("slowLink") ? 5000 * prng.fraction() : 0;
      return latencyMs * (1 + prng.fraction()) + slowMs;
    },
    blockedMs: () => Math.max(0, (blocked.get(pair) ?? 0) - timeline.now()),
    tell,
    broke: () => broke(one.name, other.name),
  };
}

function netOf(parts: Parts, machine: Machine, life: Life): Net {
  function listen(at: Endpoint): Listener {
    if (!life.act()) throw new NetError("other", "the process is dead");
    if (at.host !== machine.address) {
      throw new NetError("notOurs", `${machine.name} does not have the address ${at.host}`);
    }
    const local = at.port === 0 ? { ...at, port: parts.nextPort() } : at;
    const key = endpointText(local);
    if (parts.listening.has(key)) throw new NetError("inUse", `${key} is in use`);
    const place = { name: machine.name, life, at: local, isUp: machine.isUp };
    const listener = createListener(place, () => parts.listening.delete(key));
    parts.listening.set(key, listener);
    life.onDeath(() => parts.listening.delete(key));
    return listener;
  }
  return {
    listen,
    connect: (to, options) => connectFrom(parts, { machine, life, to, options }),
    listenPath: (path) => listen({ host: machine.address, port: pathPort(path) }),
    connectPath: (path) =>
      connectFrom(parts, {
        machine,
        life,
        to: { host: machine.address, port: pathPort(path) },
        options: { timeoutMs: 1000 },
      }),
    tlsIdentity: fakeIdentity,
  };
}

/** A Unix socket is a port that no server has. */
function pathPort(path: string): number {
  return 50_000 + path.length;
}

async function connectFrom(parts: Parts, { machine, life, to, options }: {
  readonly machine: Machine;
  readonly life: Life;
  readonly to: Endpoint;
  readonly options: ConnectOptions;
}): Promise<Transport> {
  if (!life.act()) return await never();
  options.signal?.throwIfAborted();
  // An address at which nobody is does not answer; a name that nobody has is none.
  const isAddress = /^[\d.]+$/.test(to.host);
  const nobody = { name: to.host, address: to.host, isUp: () => false };
  const there = parts.machines.get(to.host) ?? (isAddress ? nobody : undefined);
  if (there === undefined) throw new NetError("unknownHost", `there is no host ${to.host}`);
  const path = parts.pathBetween(machine, there);
  const outcome = Promise.withResolvers<Transport>();
  let waiting = true;
  const end = (settle: () => void) => {
    if (!waiting) return;
    waiting = false;
    late.cancel();
    options.signal?.removeEventListener("abort", onAbort);
    settle();
  };
  const late = life.after(
    options.timeoutMs,
    () => end(() => outcome.reject(new NetError("timeout", `no answer from ${endpointText(to)}`))),
  );
  const onAbort = () => end(() => outcome.reject(options.signal!.reason));
  options.signal?.addEventListener("abort", onAbort);
  knock(parts, { machine, life, there, path, port: to.port }, {
    isWaited: () => waiting && life.isAlive(),
    answered: (transport) => end(() => outcome.resolve(transport)),
    refused: () =>
      end(() => outcome.reject(new NetError("refused", `nobody listens on ${endpointText(to)}`))),
  });
  return await outcome.promise;
}

interface Caller {
  isWaited(): boolean;
  answered(transport: Transport): void;
  refused(): void;
}

/** The first packet goes there, and an answer comes back, or not. */
function knock(
  parts: Parts,
  { machine, life, there, path, port }: {
    readonly machine: Machine;
    readonly life: Life;
    readonly there: Machine;
    readonly path: Path;
    readonly port: number;
  },
  caller: Caller,
): void {
  const { timeline, faults } = parts;
  const route = `${machine.name} > ${there.name}:${port}`;
  if (faults.strikes("hang")) return path.tell(`${route} is not answered`);
  const refuses = faults.strikes("refuse");
  timeline.after(path.blockedMs() + path.delayMs(), () => {
    if (!there.isUp() || !caller.isWaited()) return;
    const listener = parts.listening.get(endpointText({ host: there.address, port }));
    if (refuses || listener === undefined) {
      path.tell(`${route} is refused`);
      timeline.after(path.delayMs(), caller.refused);
      return;
    }
    path.tell(`${route} connects`);
    const at = { host: machine.address, port: parts.nextPort() };
    const mine = { name: machine.name, life, at, isUp: machine.isUp };
    const [near, far] = connect(path, mine, listener.place);
    parts.ends.set(far, nameOf(there, far));
    listener.accept(far.transport);
    timeline.after(path.delayMs(), () => {
      if (!caller.isWaited()) return near.transport.close();
      // Whoever gives up before has nothing that it could close.
      parts.ends.set(near, nameOf(machine, near));
      caller.answered(near.transport);
    });
  });
}

function nameOf({ name }: Machine, { transport }: End): string {
  return `${name} ${endpointText(transport.local)} to ${endpointText(transport.remote)}`;
}

function createListener(place: Place, onClose: () => void): Listening {
  const waiting: Transport[] = [];
  let wake = () => {};
  let closed = false;
  return {
    place,
    local: place.at,
    accept(transport) {
      waiting.push(transport);
      wake();
    },
    close() {
      closed = true;
      onClose();
      // Those that nobody has accepted yet go with it.
      for (const transport of waiting.splice(0)) transport.close();
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (!closed) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}
