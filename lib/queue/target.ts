/** Where a domain's mail is taken to now: the route, and behind it the names that the DNS knows. */
import { endpointText, type Relay } from "../endpoint.ts";
import type { Dns } from "../net/dns.ts";
import type { World } from "../net/world.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import { findHosts, type FindOptions, type MxHost } from "./mx.ts";
import type { StsPolicy } from "./mta_sts.ts";
import type { HopId, WayId } from "../store/store.ts";
import { hasOwnPolicy, NO_MAIL, routeOf, type Routes, wayOf } from "./route.ts";
import type { StsPolicies } from "./sts_policies.ts";

/** Servers that take mail for a domain. */
export type Target =
  /** A person has named it, so the system finds its addresses. */
  | {
    readonly kind: "named";
    readonly endpoint: Relay;
    /** What the domain of a smarthost says about it (RFC 8461); by default nothing. */
    readonly policy?: StsPolicy | null;
  }
  /** The DNS has named these; they are tried in their order, each at all of its addresses. */
  | {
    readonly kind: "hosts";
    readonly domain: string;
    readonly hosts: readonly MxHost[];
    readonly port: number;
    /** What the domain says about its hosts (RFC 8461); `null`: nothing. */
    readonly policy: StsPolicy | null;
  };

export type Aim =
  | { readonly kind: "local" }
  | { readonly kind: "target"; readonly target: Target }
  /** Never: a 5xx. */
  | { readonly kind: "refused"; readonly reply: Reply }
  /** Not known now: a 4xx. */
  | { readonly kind: "later"; readonly reply: Reply };

export interface Targets {
  /**
   * Where mail for a domain goes; cheap to ask again. An aborted question means `later`, and so
   * does a store that cannot say what binds us.
   */
  of(domain: string, signal: AbortSignal): Promise<Aim>;
  /** What hops share that are down together: see `route.ts`. */
  wayOf(hop: HopId): WayId;
}

/** What is known about a target is remembered under this: the one that was named, or the domain. */
export function targetText(target: Target): string {
  return target.kind === "named" ? endpointText(target.endpoint) : target.domain;
}

export interface TargetsOptions extends Pick<FindOptions, "hostnames" | "isOwn"> {
  readonly routes: Routes;
  /** The DNS with a memory. */
  readonly resolver: Dns;
  readonly policies: StsPolicies;
  readonly random: World["random"];
  /** Where hosts that the DNS names are spoken to. */
  readonly mxPort: number;
}

export function createTargets(
  { routes, resolver, policies, mxPort, ...options }: TargetsOptions,
): Targets {
  return {
    wayOf: (hop) => wayOf(hop, routes),
    async of(domain, signal) {
      const route = routeOf(domain, routes);
      switch (route.kind) {
        case "local":
          return { kind: "local" };
        case "relay": {
          const isBound = hasOwnPolicy(route.to, routes);
          const policy = isBound ? await policyOf(policies, route.to.host, signal) : null;
          if (policy === "unknown") return { kind: "later", reply: NOT_KNOWN };
          return { kind: "target", target: { kind: "named", endpoint: route.to, policy } };
        }
        case "noMail":
          return { kind: "refused", reply: NO_MAIL };
        case "none":
          return { kind: "later", reply: reply(450, "4.4.4", `There is no route to ${domain}`) };
        case "dns":
      }
      const found = await findHosts(resolver, domain, { ...options, signal });
      switch (found.kind) {
        case "hosts": {
          const policy = await policyOf(policies, domain, signal);
          if (policy === "unknown") return { kind: "later", reply: NOT_KNOWN };
          return { kind: "target", target: { ...found, domain, port: mxPort, policy } };
        }
        case "noMail":
          return { kind: "refused", reply: NO_MAIL };
        case "noDomain":
          return { kind: "refused", reply: found.reply };
        case "later":
          return found;
      }
    },
  };
}

const NOT_KNOWN = reply(450, "4.4.3", "The MTA-STS policy of the domain is not known yet");

/** `unknown`: nobody can say yet whether there is one, and so nothing may be sent. */
async function policyOf(
  policies: StsPolicies,
  domain: string,
  signal: AbortSignal,
): Promise<StsPolicy | null | "unknown"> {
  // RFC 8461 §3.4: a smarthost is its own policy domain, and an address literal has no policy; nor
  // has what has no place in the DNS.
  if (!/^[^[]+\.[a-z][^.]*$/i.test(domain)) return null;
  return await policies.of(domain, signal).catch(() => "unknown" as const);
}
