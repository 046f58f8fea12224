/** Joins two sessions by a wire that lies in memory, and lets them talk. */
import { concat } from "../lib/wire/bytes.ts";
import type { Effect, Session } from "../lib/wire/session.ts";

/** One end of the wire. */
export interface End<B, R> {
  readonly session: Session<B, R>;
  /** Answers at once. */
  readonly backend: B;
}

export interface Joined<C, S> {
  readonly client: C;
  readonly server: S;
  /** Everything that either side traced, in its order. */
  readonly trace: readonly Uint8Array[];
}

/**
 * Lets both talk until both have ended. What is read is cut into pieces of these sizes, in turn.
 * @throws {Error} when both wait for each other.
 */
export function join<CB, C, SB, S>(
  client: End<CB, C>,
  server: End<SB, S>,
  pieces: readonly number[],
): Joined<C, S> {
  const trace: Uint8Array[] = [];
  const toServer = wire(pieces);
  const toClient = wire(pieces);
  const left = party(client, toClient, toServer, trace);
  const right = party(server, toServer, toClient, trace);
  while (!left.ended() || !right.ended()) {
    const moved = [left.run(), right.run()];
    if (!moved.includes(true)) throw new Error("both sides wait for each other");
  }
  return { client: left.outcome(), server: right.outcome(), trace };
}

interface Wire {
  write(bytes: Uint8Array): void;
  close(): void;
  /** `null` once it is closed and empty, `undefined` while there is nothing. */
  read(): Uint8Array | null | undefined;
}

function wire(pieces: readonly number[]): Wire {
  let waiting: Uint8Array = new Uint8Array(0);
  let closed = false;
  let reads = 0;
  return {
    write: (bytes) => void (waiting = concat([waiting, bytes])),
    close: () => void (closed = true),
    read() {
      if (waiting.length === 0) return closed ? null : undefined;
      const size = pieces[reads++ % pieces.length]!;
      const piece = waiting.slice(0, size);
      waiting = waiting.subarray(size);
      return piece;
    },
  };
}

function party<B, R>({ session, backend }: End<B, R>, from: Wire, to: Wire, trace: Uint8Array[]) {
  const { signal } = new AbortController();
  let step = session.next();
  let lent: Uint8Array | null = null;

  /** What the session is resumed with; `undefined` where it has to wait. */
  function perform(effect: Effect<B>): { readonly value: unknown } | undefined {
    switch (effect.do) {
      case "read": {
        const chunk = from.read();
        if (chunk === undefined) return undefined;
        lent?.fill(0xee);
        lent = chunk;
        return { value: chunk };
      }
      case "write":
        to.write(effect.bytes.slice());
        return { value: undefined };
      case "call":
        return { value: effect.run(backend, signal) };
      case "trace":
        trace.push(effect.bytes.slice());
        return { value: undefined };
      default:
        return { value: undefined };
    }
  }

  return {
    ended: () => step.done === true,
    outcome: () => step.value as R,
    /** Goes on as far as it can; whether it moved at all. */
    run(): boolean {
      let moved = false;
      while (!step.done) {
        const done = perform(step.value);
        if (done === undefined) return moved;
        moved = true;
        step = session.next(done.value);
      }
      to.close();
      return moved;
    },
  };
}
