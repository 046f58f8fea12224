/** Work that is done again and again beside everything else, as long as the server runs. */
import { describeError, type Log } from "../log.ts";
import type { Clock } from "../net/world.ts";

export interface Keeper {
  /** Resolves when it does nothing any more. */
  stop(): Promise<void>;
}

/** Has nothing to do. */
export const IDLE_KEEPER: Keeper = { stop: () => Promise.resolve() };

export interface KeeperOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What is logged when a round fails; the next one comes all the same. */
  readonly failed: string;
  /** Between the end of a round and the next. */
  readonly roundMs: number;
}

/** Begins at once, for a server may be restarted more often than it comes to its next round. */
export function startKeeper(
  { clock, log, failed, roundMs }: KeeperOptions,
  round: (signal: AbortSignal) => Promise<void>,
): Keeper {
  const stopped = new AbortController();
  const { signal } = stopped;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await round(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.error(failed, { reason: describeError(error) });
      }
      await clock.sleep(roundMs, signal).catch(() => {});
    }
  }

  const running = run();
  return {
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
