/** Refreshes the MTA-STS policies of other domains before they run out. */
import { describeError } from "../log.ts";
import { REFRESH_AFTER_MS } from "../queue/sts_policies.ts";
import type { Site } from "./site.ts";

export interface PolicyKeeper {
  /** Resolves when it does nothing any more. */
  stop(): Promise<void>;
}

/** How often it looks; each policy is refreshed once a day. */
const ROUND_MS = 60 * 60_000;
/** Domains in one round, which is all that can be remembered in a day. */
const DOMAINS_MAX = 250;

/**
 * RFC 8461 §3.3 and §10.2: who only asked when there is mail could be kept from asking until the
 * policy has run out.
 */
export function startPolicyKeeper(
  { world, store, policies, log }: Pick<Site, "world" | "store" | "policies" | "log">,
): PolicyKeeper {
  const stopped = new AbortController();
  const { signal } = stopped;

  async function refresh(): Promise<void> {
    const now = world.clock.now();
    const times = { fetchedBefore: now - REFRESH_AFTER_MS, now };
    for (const domain of await store.policies.aging(times, DOMAINS_MAX)) {
      await policies.of(domain, signal);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await refresh();
      } catch (error) {
        if (signal.aborted) return;
        log.error("sts-refresh-failed", { reason: describeError(error) });
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
  };
}
