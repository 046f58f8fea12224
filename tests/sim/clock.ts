/** The clock of one process, in virtual time. */
import type { Clock } from "../../lib/net/world.ts";
import { type Life, never } from "./life.ts";
import type { Prng } from "./prng.ts";
import type { Timeline } from "./timeline.ts";

export interface ClockOptions {
  readonly timeline: Timeline;
  readonly life: Life;
  readonly prng: Prng;
  /** By how much the machine's wall clock is wrong just now, in milliseconds. */
  readonly errorMs: () => number;
}

/** When the simulation begins, for those whose clock is right: 2026-01-01. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** An alarm of the real world is coarse, so whoever relies on the moment must be found out. */
const ALARM_LATE_MS = 100;

export function simClock({ timeline, life, prng, errorMs }: ClockOptions): Clock {
  return {
    now: () => Math.floor(EPOCH_MS + timeline.now() + errorMs()),
    monotonicMs: timeline.now,
    sleep(ms, signal) {
      if (!life.act()) return never();
      return sleep(life, ms, signal);
    },
    turn() {
      if (!life.act()) return never();
      return sleep(life, 0.01 * prng.fraction());
    },
    alarm: (fire) => alarm({ timeline, life, prng }, fire),
  };
}

function sleep(life: Life, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      event.cancel();
      reject(signal!.reason);
    };
    const event = life.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** It is set again far more often than it fires: an event that comes too early looks again. */
function alarm(
  { timeline, life, prng }: Omit<ClockOptions, "errorMs">,
  fire: () => void,
): ReturnType<Clock["alarm"]> {
  let dueMs = Infinity;
  let event: { readonly atMs: number; cancel(): void } | null = null;
  function cancel(): void {
    event?.cancel();
    event = null;
  }
  function schedule(): void {
    const atMs = dueMs + ALARM_LATE_MS * prng.fraction();
    event = { atMs, cancel: life.after(atMs - timeline.now(), look).cancel };
  }
  function look(): void {
    event = null;
    if (timeline.now() < dueMs) return schedule();
    dueMs = Infinity;
    fire();
  }
  return {
    set(ms) {
      if (!life.isAlive()) return;
      dueMs = timeline.now() + ms;
      if (event !== null && event.atMs <= dueMs) return;
      cancel();
      schedule();
    },
    cancel() {
      dueMs = Infinity;
      cancel();
    },
  };
}
