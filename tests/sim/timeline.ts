/**
 * Virtual time: a heap of events, and the loop that lets them happen one after another. Between two
 * events everything that they set in motion comes to its rest, so nothing depends on how fast the
 * machine is.
 */
import { setImmediate } from "node:timers";
import type { Prng } from "./prng.ts";

export interface Timeline {
  /** Milliseconds since the simulation began. */
  now(): number;
  /** Lets `run` happen after so many milliseconds; what is due at once happens in any order. */
  after(ms: number, run: () => void): TimelineEvent;
  /** Events that are still to come. */
  pending(): number;
  /**
   * Lets one event happen, with all its consequences.
   * @returns false when there was none.
   */
  step(): Promise<boolean>;
}

export interface TimelineEvent {
  /** Takes it back; harmless when it has happened. */
  cancel(): void;
}

interface Entry extends TimelineEvent {
  readonly dueMs: number;
  /** Decides between events of the same moment. */
  readonly lot: number;
  /** `null` once it has happened or was taken back. */
  run: (() => void) | null;
}

export function createTimeline(prng: Prng): Timeline {
  const heap: Entry[] = [];
  let nowMs = 0;
  let pending = 0;
  return {
    now: () => nowMs,
    pending: () => pending,
    after(ms, run) {
      const entry: Entry = {
        dueMs: nowMs + Math.max(0, ms),
        lot: prng.fraction(),
        run,
        cancel() {
          if (entry.run === null) return;
          entry.run = null;
          pending--;
        },
      };
      pending++;
      push(heap, entry);
      return entry;
    },
    async step() {
      // Before the first event, too: what was begun outside has its turn.
      await rest();
      for (let entry = pop(heap); entry !== null; entry = pop(heap)) {
        const { run } = entry;
        if (run === null) continue;
        entry.cancel();
        nowMs = entry.dueMs;
        run();
        await rest();
        return true;
      }
      return false;
    },
  };
}

/** One turn of the event loop: a chain of promises is followed to its end before it comes. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.lot < b.lot);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(entry, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | null {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined) return null;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
    if (!isBefore(heap[below]!, last)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return first;
}
