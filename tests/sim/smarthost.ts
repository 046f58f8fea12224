/**
 * In some runs one of our servers sends everything through another one: one of ours that it logs in
 * to, or a foreign one with all its whims.
 */
import type { ServerOptions } from "../../lib/config.ts";
import type { Relay } from "../../lib/endpoint.ts";
import { type ForeignLogin, type ForeignOptions, startForeign } from "./foreign.ts";
import type { Ledger } from "./ledger.ts";
import { PORTS, type Sim } from "./sim.ts";
import { hasTls, personaAt, portOf } from "./ways.ts";
import { PASSWORD } from "./workload.ts";
import type { Cast, House } from "./workload_plan.ts";

export interface Smarthost {
  /** Whose mail it takes: the domain of one of our servers. */
  readonly customer: string;
  /** The name of its machine. */
  readonly name: string;
  readonly isOurs: boolean;
  readonly relay: Relay;
  /** Whether the customer was told with `--smarthost`, or with `--route *=…`. */
  readonly told: "smarthost" | "route";
}

/** A machine of its own, which nobody writes to. */
const FOREIGN_NAME = "relay.example";
const FOREIGN_LOGIN: ForeignLogin = { user: "customer", password: PASSWORD };

/** `null`: everybody sends for themselves. The same whenever it is asked for. */
export function drawSmarthost(sim: Sim, { homes }: Cast): Smarthost | null {
  const prng = sim.random("smarthost");
  if (!prng.chance(0.35)) return null;
  const customer = prng.pick(homes).domain;
  const told = prng.pick(["smarthost", "route"] as const);
  // A password goes to nobody without TLS.
  const able = homes.filter(({ domain }) => domain !== customer && hasTls(sim, domain));
  if (able.length === 0 || prng.chance(0.5)) {
    return { customer, name: FOREIGN_NAME, isOurs: false, relay: foreignRelay(sim), told };
  }
  const host = prng.pick(able);
  const login = { user: relayingUser(host), password: PASSWORD };
  const relay: Relay = { host: host.domain, port: PORTS.submission!, login };
  return { customer, name: host.domain, isOurs: true, relay, told };
}

function foreignRelay(sim: Sim): Relay {
  const { protocol } = personaAt(sim, FOREIGN_NAME);
  const relay: Relay = { host: FOREIGN_NAME, port: portOf(protocol), protocol };
  return wantsLogin(sim) ? { ...relay, login: FOREIGN_LOGIN } : relay;
}

function wantsLogin(sim: Sim): boolean {
  return personaAt(sim, FOREIGN_NAME).protocol === "smtp" &&
    sim.random("smarthost login").chance(0.5);
}

/** The first user of a server stays as long as the run. */
function relayingUser({ users }: House): string {
  return users[0]!;
}

/** What is told to the server of this house because of the smarthost, if anything. */
export function smarthostConfig(
  smarthost: Smarthost | null,
  house: House,
): Pick<ServerOptions, "routes" | "smarthost" | "allowedSenders"> {
  if (smarthost === null) return {};
  if (smarthost.isOurs && smarthost.name === house.domain) {
    return { allowedSenders: [{ user: relayingUser(house), sender: "*" }] };
  }
  if (smarthost.customer !== house.domain) return {};
  return smarthost.told === "smarthost"
    ? { routes: {}, smarthost: smarthost.relay }
    : { routes: { "*": smarthost.relay } };
}

/** Starts the foreign one, which takes mail for whoever there may be; ours are there already. */
export function openSmarthost(
  sim: Sim,
  smarthost: Smarthost | null,
  { ledger, isCalm }: { readonly ledger: Ledger } & Pick<ForeignOptions, "isCalm">,
): void {
  if (smarthost === null) return;
  const { customer, name, isOurs, told, relay } = smarthost;
  const login = relay.login === undefined ? "" : ", with a login";
  sim.tally("smarthosts");
  sim.trace(customer, `sends everything through ${name} (${told}${login})`);
  if (isOurs) return;
  const node = sim.node(name);
  const drawn = personaAt(sim, name);
  const persona = relay.login === undefined ? drawn : { ...drawn, startTls: "works" as const };
  sim.trace(name, `is ${persona.name}`);
  startForeign({
    world: node.world,
    prng: sim.random(`foreign ${name}`),
    now: sim.now,
    name,
    at: { host: node.address, port: portOf(persona.protocol) },
    persona,
    ...(relay.login === undefined ? {} : { login: relay.login }),
    isUser: () => true,
    ledger,
    isCalm,
  });
}
