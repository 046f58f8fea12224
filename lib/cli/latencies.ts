/** How long things took, in so little memory that a load may go on for days. */

export interface Latencies {
  /** One that took so long. */
  add(ms: number): void;
  readonly count: number;
  /**
   * So long or less took this share of them (0.99: all but one of a hundred), at most a fiftieth
   * above the truth; `null` where there are none.
   */
  atShare(share: number): number | null;
}

/** What is shorter counts as this. */
const SHORTEST_MS = 0.01;
/** Each step is so much longer than the one before; a minute is the step 789. */
const STEP = 1.02;

export function createLatencies(): Latencies {
  const counts: number[] = [];
  let count = 0;
  let longestMs = 0;
  return {
    add(ms) {
      const step = Math.max(0, Math.ceil(Math.log(ms / SHORTEST_MS) / Math.log(STEP)));
      counts[step] = (counts[step] ?? 0) + 1;
      count++;
      longestMs = Math.max(longestMs, ms);
    },
    get count() {
      return count;
    },
    atShare(share) {
      if (count === 0) return null;
      let left = Math.max(1, Math.ceil(share * count));
      const step = counts.findIndex((here = 0) => (left -= here) <= 0);
      return Math.min(longestMs, SHORTEST_MS * STEP ** step);
    },
  };
}
