/** Where mail for a domain goes: pure, asked anew at each attempt. */
import { endpointText, type Relay } from "../endpoint.ts";
import { reply } from "../smtp/reply.ts";
import type { HopId, WayId } from "../store/store.ts";

export interface Routes {
  /** Lower case; mail for these stays here. */
  readonly local: ReadonlySet<string>;
  /**
   * Next hops by domain, lower case; `*` is for all that are not named. `null`: the domain takes no
   * mail (RFC 7505 §3, the null MX).
   */
  readonly hops: ReadonlyMap<string, Relay | null>;
  /** Takes all mail that is not for here and has no route of its own. */
  readonly smarthost?: Relay | null;
  /** Whether the DNS is asked about domains for which there is none of these. */
  readonly dns: boolean;
}

export type Route =
  | { readonly kind: "local" }
  /** A person has named the next hop. */
  | { readonly kind: "relay"; readonly to: Relay }
  /** Nobody has: the DNS is asked. */
  | { readonly kind: "dns" }
  | { readonly kind: "noMail" }
  /** Nobody said where, and the DNS is not to be asked. */
  | { readonly kind: "none" };

/** RFC 7504 §3 and RFC 7505 §4.1: for a recipient in a domain that takes no mail. */
export const NO_MAIL = reply(556, "5.1.10", "That domain takes no mail");

export function routeOf(domain: string, routes: Routes): Route {
  // The postmaster without a domain is ours (RFC 5321 §4.1.1.3).
  if (domain === "" || routes.local.has(domain)) return { kind: "local" };
  const named = routes.hops.has(domain) ? routes.hops.get(domain) : routes.hops.get("*");
  const to = named === undefined ? routes.smarthost ?? undefined : named;
  if (to === undefined) return { kind: routes.dns ? "dns" : "none" };
  return to === null ? { kind: "noMail" } : { kind: "relay", to };
}

/**
 * The way to a hop: cheap, for the DNS is not asked. Where a person has named the next server, it
 * is the same for all domains that are sent there alike, so that it is found out once when that
 * server is down. A domain that is for the DNS, or has no next hop, is its own way.
 */
export function wayOf(hop: HopId, routes: Routes): WayId {
  const route = routeOf(hop, routes);
  if (route.kind !== "relay") return hop;
  const { to } = route;
  // Whatever else is demanded there may fail while the others get through.
  return [
    endpointText(to),
    to.protocol === "lmtp" ? "lmtp" : null,
    to.tls === undefined ? null : `tls ${to.tls}`,
    to.login === undefined ? null : `as ${to.login.user}`,
    hasOwnPolicy(to, routes) ? "by its policy" : null,
  ].filter((each) => each !== null).join(" ");
}

/** Whether a relay is bound by what its own domain says about it (RFC 8461). */
export function hasOwnPolicy(to: Relay, { smarthost, dns }: Routes): boolean {
  return to === smarthost && dns;
}
