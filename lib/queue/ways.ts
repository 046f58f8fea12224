/**
 * What is known about the ways to next hops, in memory only, for a new process should try soon. How
 * many deliveries a way may have at once is found as TCP finds it: few at first, one more after
 * each that goes well, half as many after one that does not, and from there on slowly up again.
 */
import type { WayId } from "../store/store.ts";

/** One way: a value. */
export interface WayState {
  /** How often in a row it could not be reached. */
  readonly failures: number;
  /** Whether it ever answered. */
  readonly isKnown: boolean;
  /** Deliveries that it may have at once; grows by parts of one. */
  readonly window: number;
  /** Above this the window grows slowly: there it was too large once. */
  readonly slowAbove: number;
}

/** From here the window grows with the first answer, */
const WINDOW_AT_FIRST = 2;
/** up to here. */
const WINDOW_MAX = 20;

export const NEW_WAY: WayState = {
  failures: 0,
  isKnown: false,
  window: WINDOW_AT_FIRST,
  slowAbove: WINDOW_MAX,
};

/** After a transaction came about, whatever became of the message. */
export function answered({ window, slowAbove }: WayState): WayState {
  const more = window < slowAbove ? 1 : 1 / window;
  return { failures: 0, isKnown: true, window: Math.min(WINDOW_MAX, window + more), slowAbove };
}

/** After a connection failed while others stand: those are as many as it takes. */
export function crowded(state: WayState): WayState {
  const window = Math.max(1, Math.floor(state.window / 2));
  return { ...state, window, slowAbove: window };
}

/** After it could not be reached at all, or said that it is going down. */
export function failed(state: WayState): WayState {
  return { ...crowded(state), failures: state.failures + 1 };
}

/** How many deliveries it may have at once: one, whatever waits, until it is known to answer. */
export function deliveriesMax({ failures, isKnown, window }: WayState): number {
  return failures > 0 || !isKnown ? 1 : Math.floor(window);
}

/** What is remembered about all of them. */
export interface Ways {
  of(way: WayId): WayState;
  /** Remembers what has become of it. */
  set(way: WayId, state: WayState): void;
}

/** Ways that are remembered; the one that is longest unchanged is forgotten first, and is new. */
const WAYS_MAX = 10_000;

export function createWays(): Ways {
  const remembered = new Map<WayId, WayState>();
  return {
    of: (way) => remembered.get(way) ?? NEW_WAY,
    set(way, state) {
      remembered.delete(way);
      if (remembered.size >= WAYS_MAX) remembered.delete(remembered.keys().next().value!);
      remembered.set(way, state);
    },
  };
}
