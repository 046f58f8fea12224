/**
 * A load: messages over several connections at once, each of which is one client session that is
 * given job after job; as fast as the server takes them, or so many a second.
 */
import { NetError, type Transport } from "../net/world.ts";
import { drive } from "../net/drive.ts";
import { scramWork } from "../net/scram_work.ts";
import { type Attempt, smtpClient, type SmtpClientEnd, type SmtpJob } from "../smtp/client.ts";
import type { Extensions } from "../smtp/ehlo.ts";
import type { MaybePromise } from "../wire/session.ts";
import { clientTls, goesOnUnverified } from "./client_tls.ts";
import { EXIT, Failure } from "./fail.ts";
import { createTally, endText, type OpenTally, type Tally } from "./load_tally.ts";
import {
  connectTo,
  driveOptionsOf,
  endFailure,
  helloNameOf,
  type Outgoing,
  type SmtpAccess,
  timeoutsOf,
} from "./transfer.ts";

export interface Load {
  readonly connections: number;
  /** So many messages on one connection, then it is left for another one; `null`: all. */
  readonly perConnection: number | null;
  /** Messages a second, over all connections; `null`: as fast as they are taken. */
  readonly rate: number | null;
  /** Ends with so many; `null`: there is no end. */
  readonly messages: number | null;
  /** Nothing is begun after this time; `null`: there is no end. */
  readonly forMs: number | null;
  /** The message with this number, from 1 up; `null`: it cannot be sent, and is passed over. */
  readonly outgoing: (number: number) => MaybePromise<LoadMessage | null>;
  /** Is shown each connection before anything is said on it; may refuse by throwing. */
  readonly connected: (transport: Transport) => void;
  /** Is told on each connection what the server offers and calls itself; may refuse by throwing. */
  readonly welcomed?: (extensions: Extensions, serverName: string) => void;
  /** Is told what became of the message with this number. */
  readonly answered?: (number: number, attempts: readonly Attempt[]) => void;
  /** Is called whenever a message has got its answers. */
  readonly progress: (tally: Tally, elapsedMs: number) => void;
  /** Aborted when nothing more is to be begun. */
  readonly enough: AbortSignal;
}

/** One message, and whether it goes to all of its recipients or to none. */
export type LoadMessage = Outgoing & { readonly allOrNothing?: boolean };

/** What came of a load, and how long it took. */
export interface LoadResult {
  readonly tally: Tally;
  readonly elapsedMs: number;
}

/** In a row, and without a message between them: then the server is gone. */
export const FRUITLESS_CONNECTIONS_MAX = 20;
/** A server that does not let us in is not asked again at once. */
const AGAIN_AFTER_MS = 100;

/**
 * Puts the load on a server, up to its end. What the server refuses is counted.
 * @throws {Failure} where nobody is there, the login is refused, or many connections in a row did
 * nothing
 */
export async function runLoad(access: SmtpAccess, load: Load): Promise<LoadResult> {
  const desk = new Desk(access, load);
  const ended = Array.from({ length: load.connections }, () => keepBusy(desk));
  // Whoever fails ends the others, too; what they have begun they bring to its end.
  for (const each of ended) each.catch(() => desk.stop.abort());
  const settled = await Promise.allSettled(ended);
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return { tally: desk.tally, elapsedMs: desk.elapsedMs() };
}

/** One connection after the other, for as long as there is something to send. */
async function keepBusy(desk: Desk): Promise<void> {
  while (!desk.isOver()) {
    const before = desk.tally.accepted + desk.tally.failed;
    const failure = await talk(desk);
    const hasWorked = desk.tally.accepted + desk.tally.failed > before;
    if (failure === null || hasWorked) desk.fruitless = 0;
    if (failure === null) continue;
    // Nobody is there, or the password is wrong: to try again would change nothing.
    const isHopeless = desk.tally.opened === 0 || failure.status === EXIT.loginRefused;
    const isFruitless = !hasWorked && ++desk.fruitless >= FRUITLESS_CONNECTIONS_MAX;
    if (isHopeless || isFruitless) throw failure;
    await desk.wait(AGAIN_AFTER_MS);
  }
}

/** One connection to its end; gives why it did nothing, where that is so. */
async function talk(desk: Desk): Promise<Failure | null> {
  const { access, tally } = desk;
  let transport: Transport;
  try {
    transport = await connectTo(access);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { cause } = error;
    tally.lost(cause instanceof NetError ? cause.kind : error.message);
    return error;
  }
  try {
    desk.load.connected(transport);
  } catch (error) {
    transport.close();
    throw error;
  }
  tally.connected();
  const { verifies } = desk;
  const end = await converse(desk, transport);
  if (end.end === "done" || (verifies && isMended(desk, transport, end))) return null;
  if (end.end === "noChunking") {
    desk.withoutChunking = true;
    return null;
  }
  tally.lost(endText(end));
  return endFailure(end, access);
}

function converse(desk: Desk, transport: Transport): Promise<SmtpClientEnd> {
  const { access, verifies, withoutChunking } = desk;
  const jobs = new Jobs(desk);
  const session = smtpClient<Jobs>({
    helloName: helloNameOf(access, transport),
    login: access.login === null ? null : { ...access.login, work: scramWork(access.world) },
    tls: clientTls(access, transport, verifies),
    timeouts: timeoutsOf(access.timeoutMs, access.finalTimeoutMs),
    protocol: access.protocol ?? "smtp",
    withoutChunking,
    traced: access.trace !== undefined,
  });
  return drive(session, transport, jobs, driveOptionsOf(access));
}

/** Whether the next connection will do better, because it does not verify the server. */
function isMended(desk: Desk, transport: Transport, end: SmtpClientEnd): boolean {
  if (end.end !== "tlsFailed") return false;
  const { access } = desk;
  // Others may have found that out meanwhile, and the person is told once.
  desk.verifies &&= !goesOnUnverified(access, transport, {
    why: end.why,
    hasLogin: access.login !== null,
  });
  return !desk.verifies;
}

/** A message that is to be sent. */
interface Taken {
  readonly number: number;
  /** When that was to be; on the clock that never goes back. */
  readonly dueMs: number;
}

/** What all connections share. */
class Desk {
  readonly access: SmtpAccess;
  readonly load: Load;
  readonly tally: OpenTally = createTally();
  readonly stop = new AbortController();
  verifies = true;
  withoutChunking = false;
  /** Connections in a row that did nothing. */
  fruitless = 0;
  readonly #startedMs: number;
  readonly #signal: AbortSignal;
  #handedOut = 0;
  readonly #givenBack: Taken[] = [];

  constructor(access: SmtpAccess, load: Load) {
    this.access = access;
    this.load = load;
    this.#startedMs = access.world.clock.monotonicMs();
    this.#signal = AbortSignal.any([load.enough, this.stop.signal]);
  }

  nowMs(): number {
    return this.access.world.clock.monotonicMs();
  }

  elapsedMs(): number {
    return this.nowMs() - this.#startedMs;
  }

  isOver(): boolean {
    const { messages, forMs } = this.load;
    if (this.#signal.aborted) return true;
    if (this.#handedOut === messages) return this.#givenBack.length === 0;
    return this.#dueAfterMs() >= (forMs ?? Infinity);
  }

  /** The next message; `null` when there are no more. */
  take(): Taken | null {
    if (this.isOver()) return null;
    return this.#givenBack.pop() ?? {
      dueMs: this.#startedMs + this.#dueAfterMs(),
      number: ++this.#handedOut,
    };
  }

  /** For another connection. */
  giveBack(taken: Taken): void {
    this.#givenBack.push(taken);
  }

  /** Waits, unless it is over before; false then. */
  async wait(ms: number): Promise<boolean> {
    try {
      await this.access.world.clock.sleep(ms, this.#signal);
      return true;
    } catch {
      return false; // nothing else ends a sleep
    }
  }

  /** With a rate, a message is due at its time, however late those before it are. */
  #dueAfterMs(): number {
    const { rate } = this.load;
    return rate === null ? this.elapsedMs() : (this.#handedOut * 1000) / rate;
  }
}

/** What one connection is given to do. */
class Jobs {
  readonly #desk: Desk;
  #begun = 0;
  #taken: Taken | null = null;
  /** When the content was asked for last, which is when its end was sent. */
  #readMs = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  next(): MaybePromise<SmtpJob | null> {
    if (this.#begun === this.#desk.load.perConnection) return null;
    const taken = this.#taken = this.#desk.take();
    if (taken === null) return null;
    this.#begun++;
    const earlyMs = taken.dueMs - this.#desk.nowMs();
    if (earlyMs <= 0) return this.#job(taken);
    return this.#desk.wait(earlyMs).then((inTime) => inTime ? this.#job(taken) : null);
  }

  ready(extensions: Extensions, serverName: string): void {
    this.#desk.load.welcomed?.(extensions, serverName);
  }

  now(): number {
    return this.#desk.access.world.clock.now();
  }

  done(job: SmtpJob, attempts: readonly Attempt[]): void {
    const taken = this.#taken!;
    if ((isParting(attempts) && this.#begun > 1) || isMisled(attempts)) {
      return this.#desk.giveBack(taken);
    }
    const nowMs = this.#desk.nowMs();
    this.#desk.tally.answered({
      attempts,
      bytes: job.do === "send" ? job.content.size : 0,
      wholeMs: nowMs - taken.dueMs,
      finalMs: nowMs - this.#readMs,
    });
    this.#desk.load.answered?.(taken.number, attempts);
    this.#desk.load.progress(this.#desk.tally, this.#desk.elapsedMs());
  }

  #job({ number }: Taken): MaybePromise<SmtpJob | null> {
    const message = this.#desk.load.outgoing(number);
    if (message instanceof Promise) return message.then((found) => this.#jobOf(found));
    return this.#jobOf(message);
  }

  #jobOf(message: LoadMessage | null): MaybePromise<SmtpJob | null> {
    if (message === null) {
      this.#begun--;
      return this.next();
    }
    const { content, ...outgoing } = message;
    return {
      ...outgoing,
      do: "send",
      content: {
        size: content.size,
        slice: (from, to) => {
          this.#readMs = this.#desk.nowMs();
          return content.slice(from, to);
        },
      },
    };
  }
}

/**
 * RFC 5321 §3.8: a server may have enough of a connection, and says so at the next command. Some
 * leave without a word.
 */
function isParting(attempts: readonly Attempt[]): boolean {
  return attempts.every(({ at, reply }) => at === "mail" && (reply === null || reply.code === 421));
}

/** RFC 3030: the server offers BDAT and does not know it. By DATA it may take the message. */
function isMisled(attempts: readonly Attempt[]): boolean {
  return attempts.every(({ at, reply, result }) =>
    at === "data" && result === "deferred" && reply !== null && reply.code >= 500
  );
}
