/**
 * Performs a session's effects over a transport.
 *
 * Replies are gathered and sent together: before a read (the session reads only when nothing that
 * it could handle is left), before it waits for anything else, above 64 KiB, and where the session
 * says so. A deadline, a lost connection and a shutdown are thrown into the session where it waits.
 */
import { concat } from "../wire/bytes.ts";
import {
  type Effect,
  Interrupted,
  type InterruptReason,
  type Session,
  type TlsInfo,
  type TlsRequest,
  type TraceFrom,
} from "../wire/session.ts";
import { deflated } from "./deflate.ts";
import { type Alarm, type Clock, NetError, type Transport } from "./world.ts";

export interface DriveOptions {
  readonly clock: Clock;
  /**
   * Aborted when the program is about to stop: interrupts reads and pauses with `shutdown`. Calls
   * get it too, and may give up early what can be done later.
   */
  readonly signal: AbortSignal;
  readonly trace?: (from: TraceFrom, bytes: Uint8Array) => void;
}

/** What is gathered before it is sent without being asked. */
const GATHER_BYTES_MAX = 64 * 1024;
/** An interrupted session has this long to say its last words. */
const LAST_WORDS_MS = 2_000;
/** After our side is closed, what the peer still sends is read for this long, and so much of it. */
const LINGER_MS = 2_000;
const LINGER_BYTES_MAX = 1024 * 1024;

/**
 * Drives a session to its end and closes the transport. Gives the session's outcome; rejects only
 * with what the session let through.
 */
export async function drive<B, R>(
  session: Session<B, R>,
  transport: Transport,
  backend: B,
  options: DriveOptions,
): Promise<R> {
  const driver = new Driver(transport, backend, options);
  try {
    return await driver.run(session);
  } finally {
    driver.end();
    // A session that was abandoned half-way closes its conversation in its own `finally`.
    session.return(undefined as R);
    if (driver.lost) transport.close();
    else await linger(transport, options.clock);
  }
}

type Resumption = { readonly value: unknown } | { readonly thrown: unknown };

class Driver<B> {
  #transport: Transport;
  /** Gives back what compression holds; `null` where nothing is compressed. */
  #release: (() => void) | null = null;
  readonly #backend: B;
  readonly #options: DriveOptions;
  readonly #alarm: Alarm;
  readonly #onShutdown = () => this.#raise("shutdown");
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #sending: Promise<void> | null = null;
  /** A read whose result the session has not got yet: it lost to a wake, or was interrupted. */
  #reading: Promise<Uint8Array | null> | null = null;
  /** Set while something is waited for that may be interrupted. */
  #interrupt: ((why: Interrupted) => void) | null = null;
  /** Raised while nothing was waited for: thrown at the next wait. */
  #raised: Interrupted | null = null;
  lost = false;

  constructor(transport: Transport, backend: B, options: DriveOptions) {
    this.#transport = transport;
    this.#backend = backend;
    this.#options = options;
    this.#alarm = options.clock.alarm(() => this.#raise("deadline"));
    if (options.signal.aborted) this.#raise("shutdown");
    else options.signal.addEventListener("abort", this.#onShutdown);
  }

  async run<R>(session: Session<B, R>): Promise<R> {
    let step = session.next();
    while (!step.done) {
      const pending = this.#perform(step.value);
      const result = pending instanceof Promise ? await pending : pending;
      step = "thrown" in result ? session.throw(result.thrown) : session.next(result.value);
    }
    if (!this.lost) await this.#flush().catch(() => this.lost = true);
    return step.value;
  }

  end(): void {
    this.#alarm.cancel();
    this.#release?.();
    this.#options.signal.removeEventListener("abort", this.#onShutdown);
  }

  /** Waits only where the effect has to: what can be answered at once costs no promise. */
  #perform(effect: Effect<B>): Resumption | Promise<Resumption> {
    switch (effect.do) {
      case "read":
        return this.#settled(this.#read(effect.wake));
      case "write":
        this.#gathered.push(effect.bytes);
        this.#gatheredBytes += effect.bytes.length;
        if (effect.flush !== true && this.#gatheredBytes <= GATHER_BYTES_MAX) return DONE;
        return this.#settled(this.#flush());
      case "deadline":
        if (this.#raised?.reason === "deadline") this.#raised = null;
        this.#alarm.set(effect.ms);
        return DONE;
      case "pause":
        return this.#settled(this.#pause(effect.ms));
      case "startTls":
        return this.#settled(this.#startTls(effect.request));
      case "compress":
        return this.#settled(this.#compress(effect.heard));
      case "trace":
        this.#options.trace?.(effect.from, effect.bytes);
        return DONE;
      case "call":
        return this.#call(effect.run);
    }
  }

  #call(run: (backend: B, signal: AbortSignal) => unknown): Resumption | Promise<Resumption> {
    try {
      const result = run(this.#backend, this.#options.signal);
      if (!(result instanceof Promise)) return { value: result };
      // The replies to what came before go out now, for the call may take its time; but its result
      // is never given up for them: a message that was accepted is answered.
      this.#send();
      return this.#settled(result);
    } catch (thrown) {
      return { thrown };
    }
  }

  async #read(
    wake?: (backend: B, signal: AbortSignal) => Promise<void>,
  ): Promise<Uint8Array | null | "wake"> {
    await this.#flush();
    if (wake === undefined) {
      const chunk = await this.#waiting(this.#reading ??= this.#transport.read());
      this.#reading = null;
      return chunk;
    }
    const stop = new AbortController();
    try {
      const woken = wake(this.#backend, stop.signal).then(() => "wake" as const);
      this.#reading ??= this.#transport.read();
      const result = await this.#waiting(Promise.race([this.#reading, woken]));
      if (result !== "wake") this.#reading = null;
      return result;
    } finally {
      stop.abort();
    }
  }

  /** The deadline counts for the handshake too. */
  async #startTls(request: TlsRequest): Promise<TlsInfo> {
    await this.#flush();
    // A chunk that came for a read which was given up was said in clear, and must not be taken for
    // what is said under TLS.
    if (this.#reading !== null) throw new Error("Cannot start TLS while a read is pending");
    try {
      return await this.#waiting(this.#transport.startTls(request));
    } catch (error) {
      // A handshake that is not finished leaves nothing on which last words could be said.
      this.lost = true;
      this.#transport.close();
      throw error;
    }
  }

  /** What was gathered before goes out as it is. */
  async #compress(heard: Uint8Array): Promise<void> {
    await this.#flush();
    if (this.#release !== null) throw new Error("Cannot compress twice");
    const { transport, release } = deflated(this.#transport, heard);
    this.#transport = transport;
    this.#release = release;
  }

  async #pause(ms: number): Promise<void> {
    await this.#flush();
    const stop = new AbortController();
    try {
      await this.#waiting(this.#options.clock.sleep(ms, stop.signal));
    } finally {
      stop.abort();
    }
  }

  async #flush(): Promise<void> {
    this.#send();
    if (this.#sending === null) return;
    try {
      await this.#waiting(this.#sending);
    } catch (error) {
      // That is said once: what the peer had to say before it left can still be read.
      if (this.lost) this.#sending = null;
      throw error;
    }
  }

  /** Starts sending what was gathered; the next flush waits for it. */
  #send(): void {
    if (this.#gathered.length === 0) return;
    const sending = this.#transport.write(concat(this.#gathered)).then(() => {
      if (this.#sending === sending) this.#sending = null;
    });
    sending.catch(() => {}); // reported by the flush that waits for it
    this.#sending = sending;
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }

  /** Waits for what may be interrupted, and is interrupted when that was raised before. */
  #waiting<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#interrupt = reject;
      // What was interrupted may settle later, when something else is waited for.
      const settled = () => {
        if (this.#interrupt === reject) this.#interrupt = null;
      };
      promise.then((value) => {
        settled();
        resolve(value);
      }, (error) => {
        settled();
        if (!(error instanceof NetError)) return reject(error);
        this.lost = true;
        reject(new Interrupted("lost", error));
      });
      if (this.#raised !== null) this.#raise(this.#raised.reason);
    });
  }

  #raise(reason: InterruptReason): void {
    const why = new Interrupted(reason);
    if (this.#interrupt === null) {
      this.#raised ??= why;
      return;
    }
    this.#raised = null;
    const interrupt = this.#interrupt;
    this.#interrupt = null;
    // A peer that does not read was the reason, or may be: the last words must not wait for it.
    this.#alarm.set(LAST_WORDS_MS);
    interrupt(why);
  }

  #settled(promise: Promise<unknown>): Promise<Resumption> {
    return promise.then((value) => ({ value }), (thrown) => ({ thrown }));
  }
}

const DONE: Resumption = { value: undefined };

/**
 * Closes our side first and reads on for a moment: a close with unread bytes makes the system reset
 * the connection, and the peer would lose our last reply.
 */
async function linger(transport: Transport, clock: Clock): Promise<void> {
  const alarm = clock.alarm(() => transport.close());
  alarm.set(LINGER_MS);
  try {
    await transport.closeWrite();
    for (let bytes = 0; bytes < LINGER_BYTES_MAX;) {
      const chunk = await transport.read();
      if (chunk === null) break;
      bytes += chunk.length;
    }
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
  } finally {
    alarm.cancel();
    transport.close();
  }
}
