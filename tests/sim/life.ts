/**
 * One process on a simulated machine. It dies between two of its effects: from then on whatever it
 * asks of the world is neither done nor answered. Its code runs on to its next `await`, and cannot
 * be told from a process that was not scheduled any more.
 */
import type { Timeline, TimelineEvent } from "./timeline.ts";

export interface Life {
  isAlive(): boolean;
  /**
   * Called before every effect; false when it is not to be done any more. This is where a process
   * dies whose hour has come.
   */
  act(): boolean;
  /** An event that the process has asked for: it goes with it. */
  after(ms: number, run: () => void): TimelineEvent;
  /** Events that are still to come. */
  pending(): number;
  /** Calls back when the process dies, unless the function that it gives was called before. */
  onDeath(callback: () => void): () => void;
  /** Dies just before the effect that comes after so many others. */
  dieAfter(effects: number, die: () => void): void;
  /** Dies at once. */
  end(): void;
}

export function createLife(timeline: Timeline): Life {
  const events = new Set<TimelineEvent>();
  const callbacks = new Set<() => void>();
  let alive = true;
  let fatal: { effectsLeft: number; readonly die: () => void } | null = null;
  return {
    isAlive: () => alive,
    act() {
      if (alive && fatal !== null && fatal.effectsLeft-- <= 0) fatal.die();
      return alive;
    },
    after(ms, run) {
      const event = timeline.after(ms, () => {
        events.delete(handle);
        run();
      });
      const handle = {
        cancel() {
          events.delete(handle);
          event.cancel();
        },
      };
      events.add(handle);
      return handle;
    },
    pending: () => events.size,
    onDeath(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    dieAfter(effectsLeft, die) {
      fatal = { effectsLeft, die };
    },
    end() {
      if (!alive) return;
      alive = false;
      for (const event of [...events]) event.cancel();
      for (const callback of [...callbacks]) callback();
      callbacks.clear();
    },
  };
}

/** What somebody who is dead gets for an answer. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
