/** MTA-STS policies in memory. */
import type { Group } from "./group.ts";
import { type KeptPolicy, type Policies, POLICIES_KEPT } from "./policies.ts";

export function memoryPolicies({ group }: { readonly group: Group }): Policies {
  const kept = new Map<string, KeptPolicy>();
  return {
    find: (domain) => kept.get(domain) ?? null,
    keep: (domain, policy) =>
      group.run(() => {
        kept.set(domain, policy);
        if (kept.size > POLICIES_KEPT) kept.delete(oldest(kept));
      }),
  };
}

function oldest(kept: ReadonlyMap<string, KeptPolicy>): string {
  const [[first]] = [...kept].sort(([aDomain, a], [bDomain, b]) =>
    a.fetchedAt - b.fetchedAt || (aDomain < bDomain ? -1 : 1)
  ) as [[string, KeptPolicy]];
  return first;
}
