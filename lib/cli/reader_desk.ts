/** Where work hands its wishes in, one by one, and a session fetches them as jobs. */
import type { Failure } from "./fail.ts";

/** Has a job done, and gives how it went. */
export type Wish<Job, Result> = (job: Job) => Promise<Result>;

export interface Desk<Job, Result, Value> {
  /** What the session asks: the next job, after how the last one went (`null` at first). */
  readonly jobs: { next(previous: Result | null): Promise<Job | null> };
  /** What the work gave. */
  result(): Promise<Value>;
  /** No wish will be fulfilled any more. */
  abandon(why: Failure): void;
}

interface Waiting<Job, Result> {
  readonly job: Job;
  readonly fulfil: (result: Result) => void;
  readonly refuse: (why: Failure) => void;
}

/** `work` begins when the session asks for the first job; when it ends, there is no further one. */
export function openDesk<Job, Result, Value>(
  work: (wish: Wish<Job, Result>) => Promise<Value>,
): Desk<Job, Result, Value> {
  let working: Promise<Value> | null = null;
  let current: Waiting<Job, Result> | null = null;
  /** Wakes the session, which waits for a wish or for the end of the work. */
  let arrived: (() => void) | null = null;
  const wish = (job: Job) =>
    new Promise<Result>((fulfil, refuse) => {
      current = { job, fulfil, refuse };
      arrived?.();
    });
  return {
    jobs: {
      async next(previous) {
        const arrival = new Promise<void>((resolve) => arrived = resolve);
        const fulfilled = current;
        current = null;
        if (previous === null) working = work(wish);
        else fulfilled?.fulfil(previous);
        // Throws what the work throws; then the session ends without a word.
        await Promise.race([working, arrival]);
        return (current as Waiting<Job, Result> | null)?.job ?? null;
      },
    },
    result: () => working!,
    abandon(why) {
      working?.catch(() => {}); // it fails with `why`, which is reported already
      current?.refuse(why);
    },
  };
}
