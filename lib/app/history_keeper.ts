/** Forgets old history, a little at a time. */
import { describeError } from "../log.ts";
import type { Site } from "./site.ts";

export interface HistoryKeeper {
  /** Resolves when it does nothing any more. */
  stop(): Promise<void>;
}

/** How often it looks; histories live for days, so an hour more is nothing. */
const ROUND_MS = 60 * 60_000;
/** Messages of one step, which is one transaction of a few milliseconds. */
const STEP_MAX = 200;
/** Between two steps everybody else has their turn: 2,000 messages a second at most. */
const STEP_PAUSE_MS = 100;

/** Begins at once, for a server may be restarted more often than it comes to its next round. */
export function startHistoryKeeper(site: Pick<Site, "world" | "store" | "log" | "config">) {
  const { world, store, log, config } = site;
  const stopped = new AbortController();
  const { signal } = stopped;

  async function forgetOld(): Promise<void> {
    const now = world.clock.now();
    const before = now - config.historyDaysKept * 24 * 60 * 60_000;
    let after: number | null = 0;
    while (after !== null) {
      after = await store.history.forget(before, { after, max: STEP_MAX, now });
      if (after !== null) await world.clock.sleep(STEP_PAUSE_MS, signal);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await forgetOld();
      } catch (error) {
        if (signal.aborted) return;
        log.error("history-failed", { reason: describeError(error) });
      }
      await world.clock.sleep(ROUND_MS, signal).catch(() => {});
    }
  }

  const running = run();
  return {
    async stop() {
      stopped.abort();
      await running;
    },
  } satisfies HistoryKeeper;
}
