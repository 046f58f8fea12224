/**
 * One timer for all deadlines. A deadline is set again with every command and hardly ever fires, so
 * setting must cost nothing: an alarm only notes when it is due, and stays in the slot where it lies.
 * When the wheel reaches the slot, an alarm that was put off moves on to its new slot.
 */
import type { Alarm } from "./world.ts";

export interface Wheel {
  alarm(fire: () => void): Alarm;
}

interface Entry {
  dueMs: number;
  slot: Set<Entry> | null;
  readonly fire: () => void;
}

/** 64 slots of 50 ms: an alarm that is due later than one turn is looked at once a turn (3.2 s). */
const TICK_MS = 50;
const SLOTS = 64;

/** A wheel on the given clock; `schedule` calls back once after `ms`. */
export function createWheel(
  monotonicMs: () => number,
  schedule: (ms: number, callback: () => void) => void,
): Wheel {
  const slots = Array.from({ length: SLOTS }, () => new Set<Entry>());
  let count = 0;
  let tick = Math.floor(monotonicMs() / TICK_MS);
  let running = false;

  function insert(entry: Entry): void {
    const due = Math.ceil(entry.dueMs / TICK_MS);
    const at = Math.min(Math.max(due, tick + 1), tick + SLOTS - 1);
    entry.slot = slots[at % SLOTS]!;
    entry.slot.add(entry);
  }

  function advance(): void {
    const nowMs = monotonicMs();
    const until = Math.floor(nowMs / TICK_MS);
    // After a long sleep of the machine one whole turn sees every slot.
    if (until - tick > SLOTS) tick = until - SLOTS;
    const due: Entry[] = [];
    while (tick < until) {
      tick++;
      const slot = slots[tick % SLOTS]!;
      for (const entry of [...slot]) {
        slot.delete(entry);
        entry.slot = null;
        if (entry.dueMs <= nowMs) due.push(entry);
        else insert(entry);
      }
    }
    count -= due.length;
    for (const entry of due) entry.fire();
    running = count > 0;
    if (running) schedule(TICK_MS, advance);
  }

  function start(): void {
    if (running) return;
    running = true;
    tick = Math.floor(monotonicMs() / TICK_MS);
    schedule(TICK_MS, advance);
  }

  return {
    alarm(fire) {
      const entry: Entry = { dueMs: 0, slot: null, fire };
      return {
        set(ms) {
          start();
          const sooner = monotonicMs() + ms;
          const earlier = entry.slot !== null && sooner < entry.dueMs;
          entry.dueMs = sooner;
          if (earlier) {
            entry.slot!.delete(entry);
            entry.slot = null;
            count--;
          }
          if (entry.slot === null) {
            count++;
            insert(entry);
          }
        },
        cancel() {
          if (entry.slot === null) return;
          entry.slot.delete(entry);
          entry.slot = null;
          count--;
        },
      };
    },
  };
}
