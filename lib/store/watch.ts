/** Waiting for a number to grow: the watchers behind `mail.changed` and `queue.changed`. */

/**
 * A number that only grows, and those who wait for it to pass one that they have seen. A wake-up
 * carries no data: the woken read the truth from the store.
 */
export interface Mark {
  value(): number;
  /** Moves on and wakes those whose mark is now passed; a smaller value changes nothing. */
  advance(value: number): void;
  /**
   * Resolves when the value is past `since`: at once when it is already, so that nothing is lost
   * between reading and waiting. Rejects with the signal's reason when that is aborted first.
   */
  passed(since: number, signal: AbortSignal): Promise<void>;
  /** Rejects everybody who waits, and everybody who will, with this reason. */
  end(reason: Error): void;
  /** How many wait; those who gave up are not among them. */
  waiting(): number;
}

interface Waiter {
  readonly since: number;
  settle(reason?: unknown): void;
}

export function createMark(start: number): Mark {
  const waiters = new Set<Waiter>();
  let value = start;
  let ended: Error | null = null;

  return {
    value: () => value,
    advance(next) {
      if (next <= value) return;
      value = next;
      for (const waiter of [...waiters]) if (waiter.since < value) waiter.settle();
    },
    passed(since, signal) {
      if (ended !== null) return Promise.reject(ended);
      if (signal.aborted) return Promise.reject(signal.reason);
      if (value > since) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const onAbort = () => waiter.settle(signal.reason);
        const waiter: Waiter = {
          since,
          settle(reason) {
            waiters.delete(waiter);
            signal.removeEventListener("abort", onAbort);
            if (reason === undefined) resolve();
            else reject(reason);
          },
        };
        signal.addEventListener("abort", onAbort);
        waiters.add(waiter);
      });
    },
    end(reason) {
      ended ??= reason;
      for (const waiter of [...waiters]) waiter.settle(ended);
    },
    waiting: () => waiters.size,
  };
}
