/** MTA-STS policies in memory. */
import type { Group } from "./group.ts";
import { type KeptPolicy, type Policies, POLICIES_KEPT } from "./policies.ts";

export function memoryPolicies({ group }: { readonly group: Group }): Policies {
  const kept = new Map<string, KeptPolicy>();
  return {
    aging: ({ fetchedBefore, now }, max) =>
      byAge(kept)
        .filter(([, { fetchedAt, maxAgeMs, mode }]) =>
          fetchedAt < fetchedBefore && fetchedAt + maxAgeMs > now && mode !== "none"
        )
        .slice(0, max)
        .map(([domain]) => domain),
    find: (domain) => kept.get(domain) ?? null,
    keep: (domain, policy) =>
      group.run(() => {
        kept.set(domain, policy);
        if (kept.size > POLICIES_KEPT) kept.delete(byAge(kept)[0]![0]);
      }),
  };
}

function byAge(kept: ReadonlyMap<string, KeptPolicy>): (readonly [string, KeptPolicy])[] {
  return [...kept].sort(([aDomain, a], [bDomain, b]) =>
    a.fetchedAt - b.fetchedAt || (aDomain < bDomain ? -1 : 1)
  );
}
