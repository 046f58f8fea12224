/** Forgets old history, a little at a time. */
import { type Keeper, startKeeper } from "./keeper.ts";
import type { Site } from "./site.ts";

/** How often it looks; histories live for days, so an hour more is nothing. */
const ROUND_MS = 60 * 60_000;
/** Messages of one step, which is one transaction of a few milliseconds. */
const STEP_MAX = 200;
/** Between two steps everybody else has their turn: 2,000 messages a second at most. */
const STEP_PAUSE_MS = 100;

export function startHistoryKeeper(
  { world: { clock }, store, log, config }: Pick<Site, "world" | "store" | "log" | "config">,
): Keeper {
  const rounds = { clock, log, failed: "history-failed", roundMs: ROUND_MS };
  return startKeeper(rounds, async (signal) => {
    const now = clock.now();
    const before = now - config.historyDaysKept * 24 * 60 * 60_000;
    let after: number | null = 0;
    while (after !== null) {
      after = await store.history.forget(before, { after, max: STEP_MAX, now });
      if (after !== null) await clock.sleep(STEP_PAUSE_MS, signal);
    }
  });
}
