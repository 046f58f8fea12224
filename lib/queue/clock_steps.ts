/**
 * A clock of the machine that is set while mail waits: by a person, by NTP, or because the machine
 * slept. Times in the store are times of that clock, and what waits must not wait for ever for it.
 */
import type { Clock } from "../net/world.ts";

/** Timers do not see that the clock was set, or stop while the machine sleeps: so we look. */
export const CLOCK_LOOK_MS = 10 * 60_000;
/** Clocks that are corrected a little all the time are no reason to do anything. */
const STEP_MS = 60_000;

export interface ClockSteps {
  /**
   * Whether the clock is behind what it was when it was last noted. At first it is taken to be so,
   * for nobody knows what it was while we did not run.
   */
  wasSetBack(): boolean;
  /** What had to be done about it is done. */
  note(): void;
}

export function watchClock(clock: Pick<Clock, "now" | "monotonicMs">): ClockSteps {
  const ahead = () => clock.now() - clock.monotonicMs();
  let noted = Infinity;
  return {
    wasSetBack() {
      if (ahead() < noted - STEP_MS) return true;
      // Set forward: what is due is found by itself, and a way back is measured from here.
      noted = Math.max(noted, ahead());
      return false;
    },
    note: () => void (noted = ahead()),
  };
}

/** The longest that anything waits for its next try, jitter included. */
export function longestWaitMs(...waits: readonly (readonly number[])[]): number {
  return 1.1 * Math.max(...waits.flat());
}
