/** One address at which one server is spoken to, and what it is known by. */
import { endpointText, type Relay } from "../endpoint.ts";
import type { Endpoint } from "../net/world.ts";
import { allowsMx, type StsPolicy } from "./mta_sts.ts";
import type { Target } from "./target.ts";

export interface Place {
  /** How it is spoken to; `host` is the name that its certificate has to show. */
  readonly relay: Relay;
  /** What is connected to. */
  readonly at: Endpoint;
  /** Whether the name is certain; see `MxHost`. What the domain's policy names, is. */
  readonly vouched: boolean;
  /**
   * How far the MTA-STS policy of the domain binds us, and whether it names this server (RFC 8461
   * §4 and §5); `null`: there is none.
   */
  readonly policy: { readonly mode: "enforce" | "testing"; readonly names: boolean } | null;
  /** For people, and as a key: `mx.xyz.com[192.0.2.1]:25`, or what a person has named. */
  readonly text: string;
}

/** The places of a target, in the order in which they are to be tried. */
export function placesOf(target: Target): readonly Place[] {
  if (target.kind === "named") {
    const { endpoint: relay } = target;
    const policy = policyOn(relay.host, target.policy ?? null);
    // RFC 8689 §4.2.1 is about names that others give; the operator vouches for this one.
    return [{ relay, at: relay, vouched: true, policy, text: endpointText(relay) }];
  }
  const { hosts, port } = target;
  return hosts.flatMap(({ host, addresses, vouched: certain }) => {
    const policy = policyOn(host, target.policy);
    // RFC 8689 §4.2.1: where DNSSEC does not, the policy says whether the name is right.
    const vouched = certain || policy?.names === true;
    return addresses.map((address) => {
      const at = { host: address, port };
      const text = host === address ? endpointText(at) : `${host}[${address}]:${port}`;
      return { relay: { host, port }, at, vouched, policy, text };
    });
  });
}

function policyOn(host: string, policy: StsPolicy | null): Place["policy"] {
  if (policy === null || policy.mode === "none") return null;
  return { mode: policy.mode, names: allowsMx(policy, host) };
}
