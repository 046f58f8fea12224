/**
 * A load of readers: on each of several connections at once, one round after the other, each of
 * which reads all of a mailbox.
 */
import { endpointText } from "../endpoint.ts";
import type { Transport } from "../net/world.ts";
import { EXIT, Failure } from "./fail.ts";
import { createLatencies, type Latencies } from "./latencies.ts";
import { createErrorKinds, type LoadError } from "./load_tally.ts";
import type { Mailbox } from "./mailbox.ts";
import { type ReaderAccess, readMailbox, type ReadStep } from "./reader.ts";

export type ReadProtocol = "pop3" | "imap";

export interface ReadLoad {
  readonly protocol: ReadProtocol;
  readonly connections: number;
  /** Ends with so many; `null`: there is no end. */
  readonly rounds: number | null;
  /** Nothing is asked for after this time; `null`: there is no end. */
  readonly forMs: number | null;
  /** Is shown each connection before anything is said on it; may refuse by throwing. */
  readonly connected: (transport: Transport) => void;
  /** Is called behind each message. */
  readonly progress: (tally: ReadTally, elapsedMs: number) => void;
  /** Aborted when nothing more is to be asked for. */
  readonly enough: AbortSignal;
}

export interface ReadTally {
  /** Rounds that came to their end. */
  readonly rounds: number;
  /** Rounds that the server, or the network, has ended. */
  readonly failed: number;
  /** Messages that were downloaded, also in rounds that were not whole. */
  readonly messages: number;
  /** Of these messages. */
  readonly bytes: number;
  /** How long each kind of step took, in the order in which they were first done. */
  readonly steps: ReadonlyMap<ReadStep, Latencies>;
  /** Why rounds failed, most frequent first. */
  errors(): readonly LoadError[];
}

/** What came of a load, and how long it took. */
export interface ReadLoadResult {
  readonly tally: ReadTally;
  readonly elapsedMs: number;
}

/** In a row, without a whole one between them: then there is no point in going on. */
export const FRUITLESS_ROUNDS_MAX = 20;
/** A server that does not let us in is not asked again at once. */
const AGAIN_AFTER_MS = 100;

/**
 * Reads up to the end of the load. Rounds that fail are counted.
 * @throws {Failure} where nobody is there, the login is refused, another protocol answers, or many
 * rounds in a row have failed
 */
export async function runReadLoad(access: ReaderAccess, load: ReadLoad): Promise<ReadLoadResult> {
  const desk = openDesk(access, load);
  const ended = Array.from({ length: load.connections }, async () => {
    while (desk.takeRound()) await desk.tryRound();
  });
  // Whoever fails ends the others, too; each of them takes its leave.
  for (const each of ended) each.catch(() => desk.stop.abort());
  const settled = await Promise.allSettled(ended);
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return { tally: desk.tally, elapsedMs: desk.elapsedMs() };
}

/** What all connections share. */
function openDesk(access: ReaderAccess, load: ReadLoad) {
  const { clock } = access.world;
  const startedMs = clock.monotonicMs();
  const stop = new AbortController();
  const signal = AbortSignal.any([load.enough, stop.signal]);
  const steps = new Map<ReadStep, Latencies>();
  const errors = createErrorKinds();
  const tally = { rounds: 0, failed: 0, messages: 0, bytes: 0, steps, errors: errors.list };
  const state = { begun: 0, opened: 0, fruitless: 0, verifies: true };

  const elapsedMs = () => clock.monotonicMs() - startedMs;
  const isOver = () => signal.aborted || elapsedMs() >= (load.forMs ?? Infinity);

  function took(step: ReadStep, ms: number): void {
    const latencies = steps.get(step) ?? createLatencies();
    steps.set(step, latencies);
    latencies.add(ms);
  }

  function accessNow(): ReaderAccess {
    return {
      ...access,
      readOnly: true,
      verifies: state.verifies,
      tls: {
        ...access.tls,
        // A person is told once, and the next rounds do not try again what failed.
        warn(sentence) {
          if (state.verifies) access.tls.warn?.(sentence);
          state.verifies = false;
        },
      },
      connected(transport) {
        load.connected(transport);
        state.opened++;
      },
      took,
    };
  }

  /** Gives whether it came to its end. */
  async function readAll(mailbox: Mailbox): Promise<boolean> {
    demandProtocol(mailbox, access, load.protocol);
    const messages = await mailbox.list();
    if (mailbox.more !== null) {
      for await (const _ of mailbox.headers(messages)) if (isOver()) return false;
    }
    for (const message of messages) {
      if (isOver()) return false;
      const content = await mailbox.retrieve(message);
      if (content === null) continue;
      tally.messages++;
      tally.bytes += content.length;
      load.progress(tally, elapsedMs());
    }
    return true;
  }

  return {
    tally,
    stop,
    elapsedMs,
    /** Whether there is another round to be begun; it counts as begun then. */
    takeRound(): boolean {
      if (isOver() || state.begun === load.rounds) return false;
      state.begun++;
      return true;
    },
    /** @throws {Failure} where there is no point in another one */
    async tryRound(): Promise<void> {
      try {
        if (await readMailbox(accessNow(), readAll)) tally.rounds++;
        state.fruitless = 0;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const isHopeless = state.opened === 0 || error.status === EXIT.loginRefused ||
          error.status === EXIT.usage;
        if (isHopeless || ++state.fruitless >= FRUITLESS_ROUNDS_MAX) throw error;
        tally.failed++;
        errors.note({ at: "round", code: null, text: error.message });
        // Nothing else ends a sleep than the end of the load.
        await clock.sleep(AGAIN_AFTER_MS, signal).catch(() => {});
      }
    },
  };
}

/** Figures under the name of another protocol would mislead. @throws {Failure} `usage` */
function demandProtocol(mailbox: Mailbox, { to }: ReaderAccess, wanted: ReadProtocol): void {
  const spoken = mailbox.more === null ? "pop3" : "imap";
  if (spoken === wanted) return;
  const where = endpointText(to);
  throw new Failure(
    EXIT.usage,
    `${where} speaks ${spoken.toUpperCase()}: --${spoken} measures it`,
  );
}
