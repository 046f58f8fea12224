/**
 * One timer for all deadlines. A deadline is set again with every command and hardly ever fires, so
 * setting must cost nothing: an alarm only notes when it is due, and stays in the slot where it
 * lies. When the wheel reaches the slot, an alarm that was put off moves on to its new slot.
 */
import type { Alarm } from "./world.ts";

export interface Wheel {
  alarm(fire: () => void): Alarm;
}

interface Entry {
  /** Infinity while the alarm is off. */
  dueMs: number;
  slot: Set<Entry> | null;
  readonly fire: () => void;
}

/** 64 slots of 50 ms: an alarm that is due later than one turn is looked at once a turn (3.2 s). */
const TICK_MS = 50;
const SLOTS = 64;

/** Calls back once after `ms`; gives what takes that back. */
export type Schedule = (ms: number, callback: () => void) => () => void;

/** A wheel on the given clock. It is scheduled only while an alarm is set. */
export function createWheel(monotonicMs: () => number, schedule: Schedule): Wheel {
  const slots = Array.from({ length: SLOTS }, () => new Set<Entry>());
  let count = 0;
  let tick = 0;
  let unschedule: (() => void) | null = null;

  function insert(entry: Entry): void {
    const due = Math.ceil(entry.dueMs / TICK_MS);
    const at = Math.min(Math.max(due, tick + 1), tick + SLOTS - 1);
    entry.slot = slots[at % SLOTS]!;
    entry.slot.add(entry);
  }

  function remove(entry: Entry): void {
    entry.slot?.delete(entry);
    entry.slot = null;
  }

  function advance(): void {
    const nowMs = monotonicMs();
    const due = takeDue(nowMs);
    count -= due.length;
    // Before anything fires, so that an alarm which throws does not stop all others.
    unschedule = count > 0 ? schedule(TICK_MS, advance) : null;
    for (const entry of due) {
      // An alarm that fired before may have put this one off, or cancelled it.
      if (entry.slot !== null || entry.dueMs > nowMs) continue;
      entry.dueMs = Infinity;
      entry.fire();
    }
  }

  function takeDue(nowMs: number): readonly Entry[] {
    const until = Math.floor(nowMs / TICK_MS);
    // After a long sleep of the machine one whole turn sees every slot.
    tick = Math.max(tick, until - SLOTS);
    const due: Entry[] = [];
    while (tick < until) {
      tick++;
      for (const entry of [...slots[tick % SLOTS]!]) {
        remove(entry);
        if (entry.dueMs <= nowMs) due.push(entry);
        else insert(entry);
      }
    }
    return due;
  }

  function start(): void {
    if (unschedule !== null) return;
    tick = Math.floor(monotonicMs() / TICK_MS);
    unschedule = schedule(TICK_MS, advance);
  }

  return {
    alarm(fire) {
      const entry: Entry = { dueMs: Infinity, slot: null, fire };
      return {
        set(ms) {
          start();
          const dueMs = monotonicMs() + ms;
          const earlier = dueMs < entry.dueMs;
          entry.dueMs = dueMs;
          if (entry.slot === null) count++;
          else if (earlier) remove(entry);
          if (entry.slot === null) insert(entry);
        },
        cancel() {
          entry.dueMs = Infinity;
          if (entry.slot === null) return;
          remove(entry);
          if (--count > 0) return;
          unschedule?.();
          unschedule = null;
        },
      };
    },
  };
}
