/**
 * What a scenario has in hand: machines in one simulated network, virtual time, and chance from one
 * seed. `simulate.ts` makes it, `run.ts` runs many of them.
 */
import type { RunningServer } from "../../lib/app/server.ts";
import type { ServerOptions, Service } from "../../lib/config.ts";
import type { Log } from "../../lib/log.ts";
import type { World } from "../../lib/net/world.ts";
import type { Entry, Mailbox, Queued, Store } from "../../lib/store/store.ts";
import type { SimDisk } from "./disk.ts";
import type { Zones } from "./dns.ts";
import type { Faults } from "./faults.ts";
import type { Prng } from "./prng.ts";
import type { Pages } from "./web.ts";

export interface Sim {
  readonly seed: number;
  /** How much is to be done; a failing seed is told with as little as still fails. */
  readonly scale: Scale;
  /** What goes wrong, and what has gone wrong. */
  readonly faults: Faults;
  /** Processes that died and connections that broke, in the order of time. */
  readonly interruptions: readonly Interruption[];
  /** What the name servers know. */
  readonly zones: Zones;
  /** What the web has. */
  readonly pages: Pages;
  /** A stream of chance of its own, the same for the same name. */
  random(name: string): Prng;
  /** A machine that the scenario itself makes use of: clients, foreign servers. */
  node(name: string): Node;
  /** A machine on which one of our servers runs, once it is started. */
  server(name: string, setup: ServerSetup): ServerNode;
  /** Virtual milliseconds since the beginning. */
  now(): number;
  /** Resolves so many virtual milliseconds later. */
  sleep(ms: number): Promise<void>;
  /** Lets something happen when so many virtual milliseconds have passed since the beginning. */
  at(ms: number, what: () => void): void;
  /** Nothing gets through between two machines, named here, for so long. */
  partition(one: string, other: string, ms: number): void;
  /** From now on nothing goes wrong any more; what is partitioned is joined again. */
  calm(): void;
  /** Counts something for the closing figures: `messages`, `reports`. */
  tally(what: string, count?: number): void;
  /** Something that must not be: the seed has failed, and goes on to its end. */
  complain(line: string): void;
  /** Writes a line into the trace. */
  trace(who: string, line: string): void;
}

/** After one of these a message may be there twice, for its sender cannot know. */
export interface Interruption {
  readonly what: "crash" | "stop" | "connection";
  /** The names of the machines concerned: one, or the two ends. */
  readonly nodes: readonly string[];
  readonly atMs: number;
}

/** Shares of the workload, from 0 to 1. */
export interface Scale {
  readonly users: number;
  readonly messages: number;
}

/** A scenario has failed when it throws, or leaves open what it should have closed. */
export type Scenario = (sim: Sim) => Promise<void>;

/** A machine. Its world is that of the process which runs on it now. */
export interface Node {
  readonly name: string;
  /** Its IP address; `connect` to its name leads there. */
  readonly address: string;
  readonly world: World;
}

export interface ServerSetup {
  /** Hosts and ports are those of the machine: see {@linkcode PORTS}. */
  readonly config: Omit<ServerOptions, "hosts" | "ports">;
  /** Accounts that are made at the start where they are missing: password by name. */
  readonly users: Readonly<Record<string, string>>;
  /** Whether it offers TLS. */
  readonly tls: boolean;
  /** Hears what its log says. */
  readonly onLog?: Log["info"];
  /** Hears that it goes on with a backup, and who has an account there. */
  readonly onRestored?: (accounts: readonly string[]) => void;
}

/** The services of each server, always on these ports. */
export const PORTS: Readonly<Partial<Record<Service, number>>> = {
  smtp: 25,
  submission: 587,
  lmtp: 24,
  pop3: 110,
  imap: 143,
};

/**
 * `process`: the system closes its connections; `power`: the others hear nothing. Either keeps
 * what was committed, and nothing else. `disk`: that is lost, too, and the next start goes on with
 * the last backup, as `smtpd restore` makes it.
 */
export type Death = "process" | "power" | "disk";

/** A machine with one of our servers. */
export interface ServerNode extends Node {
  /** The process that runs; `null` while none does. */
  readonly running: RunningProcess | null;
  /** With the next start. */
  setup: ServerSetup;
  readonly disk: SimDisk;
  /**
   * Starts the server on what the disk has.
   * @throws what the store or the server throws; then nothing runs.
   */
  start(): Promise<void>;
  /** As SIGTERM does. */
  stop(): Promise<void>;
  /**
   * Ends the process between two effects; everything that it awaits stays unanswered. Where none
   * runs, a disk is lost all the same. For that there has to be a backup.
   */
  crash(death: Death): void;
  /** The same, just before the effect that comes after so many others. */
  crashAfter(effects: number, death: Death): void;
  /** Calls back each time that the process has died; the last one who asked is called. */
  onDeath(callback: () => void): void;
  /** By so much the machine's wall clock goes wrong, from now on. */
  setClockError(ms: number): void;
  /** The truth in its store, for checkers. It has to be running. */
  snapshot(): Promise<Snapshot>;
}

export interface RunningProcess {
  readonly server: RunningServer;
  readonly store: Store;
}

/** Everything that is in a store. */
export interface Snapshot {
  readonly mailboxes: readonly MailboxSnapshot[];
  readonly queue: readonly Queued[];
  /** What `smtpd check` says now; empty when all is well. It takes longer than all the rest. */
  check(): Promise<readonly string[]>;
}

export interface MailboxSnapshot {
  readonly account: string;
  readonly mailbox: Mailbox;
  readonly entries: readonly (Entry & { readonly bytes: Uint8Array })[];
}
