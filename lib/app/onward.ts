/** How mail leaves this server: where it goes, and the connections that it goes over. */
import type { ServerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { Dns } from "../net/dns.ts";
import { createResolver } from "../net/resolver.ts";
import type { World } from "../net/world.ts";
import { createVerdicts, type Verdicts } from "../policy/verdicts.ts";
import { createLinks, type Links } from "../queue/link.ts";
import type { Routes } from "../queue/route.ts";
import { createStsPolicies, type StsPolicies } from "../queue/sts_policies.ts";
import { createTargets, type Targets } from "../queue/target.ts";
import type { Store } from "../store/store.ts";
import { learningLinks } from "./learning_links.ts";

export interface Onward {
  readonly routes: Routes;
  /** The DNS with a memory. */
  readonly resolver: Dns;
  /** What other domains say about their mail hosts. */
  readonly policies: StsPolicies;
  readonly targets: Targets;
  readonly links: Links;
  /** What next hops have said about recipients. */
  readonly verdicts: Verdicts;
}

export interface OnwardParts {
  readonly config: ServerConfig;
  readonly world: World;
  readonly store: Store;
  readonly log: Log;
  /** Whether this server is at an IP address, at the port that mail hosts are spoken to at. */
  readonly isOwn: (address: string) => boolean;
}

export function createOnward({ config, world, store, log, isOwn }: OnwardParts): Onward {
  const { hostname, authorities, smarthost, mxPort } = config;
  const local = new Set(config.domains);
  const routes = { local, hops: config.routes, smarthost, dns: mxPort !== null };
  const resolver = createResolver(world);
  const policies = createStsPolicies({
    world,
    dns: resolver,
    policies: store.policies,
    log,
    authorities,
  });
  const targets = createTargets({
    routes,
    resolver,
    policies,
    random: world.random,
    mxPort: mxPort ?? 0,
    hostnames: [hostname],
    isOwn,
  });
  const verdicts = createVerdicts();
  const links = createLinks({ world, hostname, log, authorities });
  return {
    routes,
    resolver,
    policies,
    targets,
    links: learningLinks(links, verdicts, world.clock),
    verdicts,
  };
}
