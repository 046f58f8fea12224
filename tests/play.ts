/**
 * Plays a session synchronously: bytes in, bytes out. What fuzzers and transcripts use. A backend
 * whose calls give promises needs {@linkcode playAsync}.
 */
import { concat } from "../lib/wire/bytes.ts";
import {
  type Effect,
  Interrupted,
  type Session,
  type TlsRequest,
  type TraceFrom,
} from "../lib/wire/session.ts";
import { FAKE_TLS } from "./fake_tls.ts";

export interface Played<R> {
  /** Everything that the session wrote. */
  readonly output: Uint8Array;
  /**
   * Its outcome, if it ended by itself; `undefined` as well when it was still reading at the end.
   */
  readonly outcome: R | undefined;
  /** Whether it ended by itself, before or at the end of the input. */
  readonly ended: boolean;
  /** How many input chunks it read, those under TLS included. */
  readonly chunksRead: number;
  /** How much of the output was written when TLS began; `null` when it never did. */
  readonly clearBytes: number | null;
  /** How much of the output was written when compression began; `null` when it never did. */
  readonly plainBytes: number | null;
  /** The upgrades that it asked for. */
  readonly tlsRequests: readonly TlsRequest[];
  readonly deadlinesMs: readonly number[];
  readonly pausesMs: readonly number[];
  readonly trace: readonly (readonly [TraceFrom, Uint8Array])[];
}

export interface PlayOptions {
  /**
   * What the session finds behind the last chunk: the peer's close (default), or an interruption.
   */
  readonly end?: "close" | "deadline" | "shutdown" | "lost";
  readonly signal?: AbortSignal;
  /**
   * What the peer says under TLS. Chunks that were not read when the session asks for TLS are
   * dropped, for the session must see none of them. Without `secured` the handshake fails.
   */
  readonly secured?: readonly Uint8Array[];
}

/** Plays with a backend that answers at once. @throws {Error} when a call gives a promise. */
export function play<B, R>(
  session: Session<B, R>,
  chunks: readonly Uint8Array[],
  backend: B,
  options: PlayOptions = {},
): Played<R> {
  const player = new Player<B, R>(chunks, backend, options);
  let step = session.next();
  while (!step.done) {
    const done = player.perform(step.value);
    if (done instanceof Promise) throw new Error("this backend needs playAsync");
    step = done.thrown !== undefined ? session.throw(done.thrown) : session.next(done.value);
  }
  return player.played(step.value);
}

/** Plays with a backend whose calls may give promises. */
export async function playAsync<B, R>(
  session: Session<B, R>,
  chunks: readonly Uint8Array[],
  backend: B,
  options: PlayOptions = {},
): Promise<Played<R>> {
  const player = new Player<B, R>(chunks, backend, options);
  let step = session.next();
  while (!step.done) {
    const done = await player.perform(step.value);
    step = done.thrown !== undefined ? session.throw(done.thrown) : session.next(done.value);
  }
  return player.played(step.value);
}

type Done = { readonly value?: unknown; readonly thrown?: unknown };

class Player<B, R> {
  readonly #secured: readonly Uint8Array[] | null;
  readonly #tlsRequests: TlsRequest[] = [];
  #clearBytes: number | null = null;
  #plainBytes: number | null = null;
  #chunks: readonly Uint8Array[];
  readonly #backend: B;
  readonly #end: NonNullable<PlayOptions["end"]>;
  readonly #signal: AbortSignal;
  readonly #output: Uint8Array[] = [];
  readonly #deadlines: number[] = [];
  readonly #pauses: number[] = [];
  readonly #trace: (readonly [TraceFrom, Uint8Array])[] = [];
  #at = 0;
  #lent: Uint8Array | null = null;
  #endings = 0;

  constructor(chunks: readonly Uint8Array[], backend: B, options: PlayOptions) {
    this.#chunks = chunks;
    this.#backend = backend;
    this.#end = options.end ?? "close";
    this.#secured = options.secured ?? null;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  perform(effect: Effect<B>): Done | Promise<Done> {
    switch (effect.do) {
      case "read":
        return this.#read();
      case "write":
        this.#output.push(effect.bytes.slice());
        return {};
      case "deadline":
        this.#deadlines.push(effect.ms);
        return {};
      case "pause":
        this.#pauses.push(effect.ms);
        return {};
      case "trace":
        this.#trace.push([effect.from, effect.bytes.slice()]);
        return {};
      case "startTls":
        return this.#startTls(effect.request);
      case "compress":
        return this.#compress(effect.heard);
      case "call":
        try {
          const value = effect.run(this.#backend, this.#signal);
          if (!(value instanceof Promise)) return { value };
          return value.then((value) => ({ value }), (thrown) => ({ thrown }));
        } catch (thrown) {
          return { thrown };
        }
    }
  }

  #startTls(request: TlsRequest): Done {
    this.#tlsRequests.push(request);
    if (this.#tlsRequests.length > 1) return { thrown: new Error("TLS was started twice") };
    if (this.#secured === null) return { thrown: new Interrupted("lost", new Error("no TLS")) };
    this.#lent?.fill(0xee);
    this.#clearBytes = this.#written();
    this.#chunks = [...this.#chunks.slice(0, this.#at), ...this.#secured];
    return { value: FAKE_TLS };
  }

  /** What is played is what both sides mean: compressed or not, they say the same. */
  #compress(heard: Uint8Array): Done {
    if (this.#plainBytes !== null) return { thrown: new Error("compression was started twice") };
    this.#plainBytes = this.#written();
    if (heard.length > 0) {
      this.#chunks = [heard, ...this.#chunks.slice(this.#at)];
      this.#at = 0;
    }
    return {};
  }

  #written(): number {
    return this.#output.reduce((sum, { length }) => sum + length, 0);
  }

  /** A chunk is lent until the next read: then its bytes turn to garbage, as on a real socket. */
  #read(): Done {
    this.#lent?.fill(0xee);
    const chunk = this.#chunks[this.#at];
    if (chunk !== undefined) {
      this.#at++;
      this.#lent = chunk.slice();
      return { value: this.#lent };
    }
    // A session that reads again and again behind the end would never stop.
    if (++this.#endings > 3) throw new Error("the session reads on after the end of its input");
    return this.#end === "close" ? { value: null } : { thrown: new Interrupted(this.#end) };
  }

  played(outcome: R): Played<R> {
    return {
      output: concat(this.#output),
      outcome,
      ended: this.#endings === 0,
      chunksRead: this.#at,
      clearBytes: this.#clearBytes,
      plainBytes: this.#plainBytes,
      tlsRequests: this.#tlsRequests,
      deadlinesMs: this.#deadlines,
      pausesMs: this.#pauses,
      trace: this.#trace,
    };
  }
}
