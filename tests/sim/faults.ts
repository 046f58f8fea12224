/** What can go wrong in a simulation, how often it does, and how often it did. */
import type { Prng } from "./prng.ts";

/** Each kind with what it does; the table of docs/simulation.md. */
export const FAULTS = {
  slowLink: "what is sent takes up to some seconds",
  cutChunk: "what was sent at once arrives in pieces, cut at any byte",
  reset: "a connection breaks, at any byte, with what was on its way",
  refuse: "an attempt to connect is refused",
  hang: "an attempt to connect is never answered",
  partition: "nothing gets through between two machines for a while",
  outage: "a foreign server cannot be reached for up to two hours, so that its mail waits",
  tls: "a TLS handshake fails, or is never answered",
  dnsSlow: "a question about a name is answered late, or never",
  dnsFailed: "a name server fails (SERVFAIL)",
  dnsLie: "a name server gives an address at which nobody is",
  web: "a page of the web is not to be had",
  crash: "a process ends between two of its effects",
  power: "a machine loses its power between two effects of its process",
  restart: "a server is stopped and started again",
  clock: "a machine's wall clock jumps by up to two hours",
  diskRefuses: "a transaction cannot be begun, or not be committed",
  readSlow: "what is read from a mailbox is old when it comes",
  diskFull: "the disk is full for a while",
  diskSlow: "a commit takes up to some seconds",
  hold: "the operator holds a message that waits, and lets it go later",
  retry: "the operator has a message tried at once, or a domain's, or all that waits",
  drop: "the operator drops a message that waits",
  check: "the operator looks whether the store of a running server is sound; it has to be",
  backup: "the operator copies the data of a running server",
  restore: "a disk is lost, and its server goes on with the last backup",
} as const satisfies Readonly<Record<string, string>>;

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];

export interface Faults {
  /** Whether this one happens now, with a probability that depends on the seed. */
  strikes(kind: FaultKind): boolean;
  /** Whether this seed has faults of the kind, and it is their time. */
  has(kind: FaultKind): boolean;
  /** Counts one that somebody else let happen. */
  count(kind: FaultKind): void;
  /** Before that nothing goes wrong, */
  begin(): void;
  /** nor after it. */
  end(): void;
  /** How many there were of each kind. */
  readonly counts: ReadonlyMap<FaultKind, number>;
}

export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

export interface FaultsOptions {
  readonly random: (name: string) => Prng;
  /** Kinds that do not happen, whatever the seed says. */
  readonly without: ReadonlySet<FaultKind>;
  /** In place of what the seed says: kinds that do happen, each with its probability. */
  readonly rates?: FaultRates;
}

/** Every other kind is left out, so that no seed is all noise, and some are all quiet. */
export function createFaults({ random, without, rates: given }: FaultsOptions): Faults {
  const rates = new Map<FaultKind, number>();
  const streams = new Map<FaultKind, Prng>();
  const counts = new Map<FaultKind, number>();
  let active = false;
  for (const kind of FAULT_KINDS) {
    const stream = random(`fault ${kind}`);
    const drawn = stream.chance(0.5) ? 0 : rateFrom(stream, kind);
    const rate = given === undefined ? drawn : given[kind] ?? 0;
    if (rate > 0 && !without.has(kind)) rates.set(kind, rate);
    streams.set(kind, stream);
  }
  const count = (kind: FaultKind) => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const has = (kind: FaultKind) => active && rates.has(kind);
  return {
    counts,
    has,
    count,
    strikes(kind) {
      // Drawn in any case: what others do not need must not move what comes later.
      const lot = streams.get(kind)!.fraction();
      if (!has(kind) || lot >= rates.get(kind)!) return false;
      count(kind);
      return true;
    },
    begin: () => void (active = true),
    end: () => void (active = false),
  };
}

/** What befalls single packets, of which a message needs some dozens. */
const OF_PACKETS: readonly FaultKind[] = ["slowLink", "cutChunk", "reset"];

/** Between hardly ever and all the time, as far as what they befall can bear it. */
function rateFrom(prng: Prng, kind: FaultKind): number {
  const often = OF_PACKETS.includes(kind) ? 0.1 : 0.4;
  return often / 100 ** prng.fraction();
}
