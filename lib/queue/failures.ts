/** How often next hops could not be reached: in memory, for a new process should try soon. */
import type { HopId } from "../store/store.ts";

export interface Failures {
  /** Consecutive failures to reach a hop. */
  of(hop: HopId): number;
  remember(hop: HopId, failures: number): void;
  /** It was reached. */
  forget(hop: HopId): void;
}

/**
 * Hops whose failures are remembered; the oldest is forgotten first, and then only tried sooner.
 */
const FAILURES_MAX = 10_000;

export function createFailures(): Failures {
  const remembered = new Map<HopId, number>();
  return {
    of: (hop) => remembered.get(hop) ?? 0,
    remember(hop, failures) {
      remembered.delete(hop);
      if (remembered.size >= FAILURES_MAX) remembered.delete(remembered.keys().next().value!);
      remembered.set(hop, failures);
    },
    forget: (hop) => void remembered.delete(hop),
  };
}
