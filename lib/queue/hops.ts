/**
 * What is known about next hops, in memory only, for a new process should try soon. How many
 * deliveries a hop may have at once is found as TCP finds it: few at first, one more after each
 * that goes well, half as many after one that does not, and from there on slowly up again.
 */
import type { HopId } from "../store/store.ts";

/** One next hop: a value. */
export interface HopState {
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

export const NEW_HOP: HopState = {
  failures: 0,
  isKnown: false,
  window: WINDOW_AT_FIRST,
  slowAbove: WINDOW_MAX,
};

/** After a transaction came about, whatever became of the message. */
export function answered({ window, slowAbove }: HopState): HopState {
  const more = window < slowAbove ? 1 : 1 / window;
  return { failures: 0, isKnown: true, window: Math.min(WINDOW_MAX, window + more), slowAbove };
}

/** After a connection failed while others stand: those are as many as the hop wants. */
export function crowded(state: HopState): HopState {
  const window = Math.max(1, Math.floor(state.window / 2));
  return { ...state, window, slowAbove: window };
}

/** After it could not be reached at all, or said that it is going down. */
export function failed(state: HopState): HopState {
  return { ...crowded(state), failures: state.failures + 1 };
}

/** How many deliveries it may have at once: one, whatever waits, until it is known to answer. */
export function deliveriesMax({ failures, isKnown, window }: HopState): number {
  return failures > 0 || !isKnown ? 1 : Math.floor(window);
}

/** What is remembered about all of them. */
export interface Hops {
  of(hop: HopId): HopState;
  /** Remembers what has become of it. */
  set(hop: HopId, state: HopState): void;
}

/** Hops that are remembered; the one that is longest unchanged is forgotten first, and is new. */
const HOPS_MAX = 10_000;

export function createHops(): Hops {
  const remembered = new Map<HopId, HopState>();
  return {
    of: (hop) => remembered.get(hop) ?? NEW_HOP,
    set(hop, state) {
      remembered.delete(hop);
      if (remembered.size >= HOPS_MAX) remembered.delete(remembered.keys().next().value!);
      remembered.set(hop, state);
    },
  };
}
