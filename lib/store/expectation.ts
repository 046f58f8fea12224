/**
 * When a group of changes is full enough to be committed.
 *
 * A commit keeps everybody waiting, so whoever was about to hand something in misses it by a moment
 * and waits for the whole next one: of ten clients of equal speed three shared a commit when nobody
 * was waited for, and nine do now. To wait for as long as a commit takes costs at most as much as
 * it may save.
 */

export interface Expectation {
  /** Resolves when what waits should be committed; `waiting` says how much that is. */
  gather(waiting: () => number): Promise<void>;
  /** How long the last commit took. */
  took(ms: number): void;
  /** Says that one more is on its way; what it gives is called when it came, or will not. */
  expect(): () => void;
}

export interface ExpectationOptions {
  /** `World.clock.turn`. */
  readonly turn: () => Promise<void>;
  /** `World.clock.monotonicMs`; without it nobody is waited for beyond one turn. */
  readonly monotonicMs?: (() => number) | undefined;
}

/** However slow the disk: whoever is alone waits so long at most, and the next time not at all. */
export const EXPECTING_MS_MAX = 5;
/** So many share a commit so well that more would gain nothing. */
export const EXPECTING_ITEMS_MAX = 64;

export function createExpectation({ turn, monotonicMs }: ExpectationOptions): Expectation {
  let expected = 0;
  /**
   * So many of them were waited for in vain. They are slow, or will never come, and only more than
   * those are waited for again.
   */
  let late = 0;
  let patienceMs = 0;
  return {
    async gather(waiting) {
      const startedMs = monotonicMs?.() ?? 0;
      await turn();
      while (expected > late && waiting() < EXPECTING_ITEMS_MAX && monotonicMs !== undefined) {
        if (monotonicMs() - startedMs < patienceMs) await turn();
        else late = expected;
      }
    },
    took(ms) {
      patienceMs = Math.min(ms, EXPECTING_MS_MAX);
    },
    expect() {
      let isOpen = true;
      expected++;
      return () => {
        if (isOpen) expected--;
        isOpen = false;
        late = Math.min(late, expected);
      };
    },
  };
}
