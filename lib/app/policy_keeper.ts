/** Refreshes the MTA-STS policies of other domains before they run out. */
import { REFRESH_AFTER_MS } from "../queue/sts_policies.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import type { Site } from "./site.ts";

/** How often it looks; each policy is refreshed once a day. */
const ROUND_MS = 60 * 60_000;
/** Domains in one round, which is all that can be remembered in a day. */
const DOMAINS_MAX = 250;

/**
 * RFC 8461 §3.3 and §10.2: who only asked when there is mail could be kept from asking until the
 * policy has run out.
 */
export function startPolicyKeeper(
  { world: { clock }, store, policies, log }: Pick<Site, "world" | "store" | "policies" | "log">,
): Keeper {
  const rounds = { clock, log, failed: "sts-refresh-failed", roundMs: ROUND_MS };
  return startKeeper(rounds, async (signal) => {
    const now = clock.now();
    const times = { fetchedBefore: now - REFRESH_AFTER_MS, now };
    for (const domain of await store.policies.aging(times, DOMAINS_MAX)) {
      await policies.of(domain, signal);
    }
  });
}
