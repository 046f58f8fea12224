/**
 * Two connections joined: what comes on one goes out on the other, both ways, until both have
 * ended. With one of them a loopback connection, this puts Deno's TLS into a connection.
 */
import { type Connection, holdConnection } from "./socket.ts";

/** Hands a chunk to where it goes; its memory is used again once the promise has resolved. */
export type Pass = (chunk: Uint8Array) => Promise<void>;

export interface Splice {
  /** Resolves when all that `near` said is handed to `outer`, or cannot be any more. */
  readonly back: Promise<void>;
  /**
   * Closes both; what `near` has said until now still goes out, for a moment, as it would from
   * the system's own buffers.
   */
  drain(): Promise<void>;
  /** Closes both at once. */
  abort(): void;
}

/** Time for the peer to take what was written before `drain`. */
const DRAIN_MS = 1_000;

export interface SpliceOptions {
  /** What was read from `outer` already. */
  readonly first?: Uint8Array;
  /** Sees every chunk on its way from `outer`, and has to write it to `near`. */
  readonly onward: Pass;
  /** Sees every chunk on its way from `near`, and has to write it to `outer`. */
  readonly back: Pass;
}

/** Joins them. */
export function splice(
  outer: Connection,
  near: Connection,
  { first, onward, back }: SpliceOptions,
): Splice {
  const abort = () => {
    outer.close();
    near.close();
  };
  const ended = { onward: false, back: false };
  const end = (side: "onward" | "back", broken: boolean) => {
    ended[side] = true;
    if (broken || (ended.onward && ended.back)) abort();
  };
  const run = (side: "onward" | "back", work: Promise<void>) =>
    work.then(() => end(side, false), () => end(side, true));
  void run("onward", pump(outer, near, onward, first));
  const done = run("back", pump(near, outer, back));

  return {
    back: done,
    abort,
    async drain() {
      // What is at its end already is closed at once.
      if (ended.back) return abort();
      const release = holdConnection();
      const timer = setTimeout(abort, DRAIN_MS);
      await done;
      clearTimeout(timer);
      release();
      abort();
    },
  };
}

/** Copies until `from` has said all; then `to` hears of that. */
async function pump(
  from: Connection,
  to: Connection,
  pass: Pass,
  first?: Uint8Array,
): Promise<void> {
  if (first !== undefined) await pass(first);
  for (;;) {
    const chunk = await from.read();
    if (chunk === null) break;
    await pass(chunk);
  }
  await to.closeWrite();
}
