/** Where mail for a domain goes: pure, asked anew at each attempt. */
import type { Endpoint } from "../net/world.ts";

export interface Routes {
  /** Lower case; mail for these stays here. */
  readonly local: ReadonlySet<string>;
  /** Next hops by domain, lower case; `*` is for all that are not named. */
  readonly hops: ReadonlyMap<string, Endpoint>;
}

export type Route =
  | { readonly kind: "local" }
  | { readonly kind: "relay"; readonly to: Endpoint }
  /** Nobody said where, and there is no DNS to ask. */
  | { readonly kind: "none" };

export function routeOf(domain: string, routes: Routes): Route {
  // The postmaster without a domain is ours (RFC 5321 §4.1.1.3).
  if (domain === "" || routes.local.has(domain)) return { kind: "local" };
  const to = routes.hops.get(domain) ?? routes.hops.get("*");
  return to === undefined ? { kind: "none" } : { kind: "relay", to };
}
