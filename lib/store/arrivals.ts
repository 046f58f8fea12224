/** What a commit brought, and who has to hear of it. The same for all stores. */
import type { Accounts } from "./accounts.ts";
import type { AccountId, ModSeq, Settling, Token, Verdict } from "./store.ts";
import type { Mark } from "./watch.ts";

export interface Arrivals {
  /** The newest change of each account that got mail. */
  readonly modSeqs: ReadonlyMap<AccountId, ModSeq>;
  /** Whether the queue got work, or some of it may be due earlier. */
  readonly queued: boolean;
}

/** Who waits. */
export interface Marks {
  readonly accounts: Accounts;
  /** The version of the queue. */
  readonly queue: Mark;
}

/** Whether a verdict leaves or makes work for the queue. */
export function queues(verdict: Verdict): boolean {
  switch (verdict.do) {
    case "retry":
    case "wait":
      return true;
    case "deliver":
      return verdict.deliveries.some(({ to }) => to === "queue");
    case "finish":
      return false;
  }
}

/**
 * Whether nothing is left of what was to be settled: the operator has dropped it meanwhile. Then
 * there is nothing to report either, for its end is on record already.
 */
export function isVoid(verdicts: readonly Settling[], stale: readonly Token[]): boolean {
  return verdicts.length > 0 && stale.length === verdicts.length;
}

/** After the commit: brings the marks up to date, which wakes who waits for them. */
export function announce(arrivals: Arrivals, marks: Marks): void {
  for (const [account, modSeq] of arrivals.modSeqs) marks.accounts.advance(account, modSeq);
  if (arrivals.queued) announceWork(marks);
}

/** After the commit: there may be something to do earlier than was thought. */
export function announceWork(marks: Marks): void {
  marks.queue.advance(marks.queue.value() + 1);
}
