/** The ways to each domain of a scenario: named by a person, or looked for in the DNS. */
import type { Relay } from "../../lib/endpoint.ts";
import type { DnsRecord } from "../../lib/net/dns.ts";
import { NOBODY } from "./dns.ts";
import { drawPersona, type Persona } from "./foreign_persona.ts";
import type { Sim } from "./sim.ts";

/** RFC 2033 §5: LMTP stays off the port of SMTP. */
export function portOf(protocol: "smtp" | "lmtp"): number {
  return protocol === "lmtp" ? 24 : 25;
}

/** What is told to a server that is to reach these domains. */
export function routesTo(sim: Sim, domains: readonly string[]): Readonly<Record<string, Relay>> {
  const named = domains.filter((domain) => !isInDns(sim, domain));
  return Object.fromEntries(named.map((domain) => {
    const protocol = protocolOf(sim, domain);
    return [domain, { host: domain, port: portOf(protocol), protocol }];
  }));
}

/** Whether one of our servers has TLS; the same whenever it is asked for. */
export function hasTls(sim: Sim, domain: string): boolean {
  return sim.random(`tls ${domain}`).chance(0.5);
}

/** What a foreign server is like; the same whenever it is asked for. */
export function personaAt(sim: Sim, domain: string): Persona {
  return drawPersona(sim.random(`persona ${domain}`));
}

/**
 * Whether a foreign server never comes, so that what was meant for it has to come back after days.
 * Rare, for days of looking at the queue take longer than all the rest.
 */
export function isAbsent(sim: Sim, domain: string): boolean {
  return sim.random(`absent ${domain}`).chance(0.03);
}

/** RFC 5321 §5.1: some have no MX and are their own, others have one that is down beside it. */
export function enterInDns(sim: Sim, domain: string): void {
  const prng = sim.random(`zone ${domain}`);
  if (prng.chance(0.3)) return;
  const mx = (preference: number, exchange: string): DnsRecord => ({
    type: "MX",
    preference,
    exchange,
  });
  const backup = `mx2.${domain}`;
  sim.zones.set(backup, [{ type: "A", address: NOBODY }]);
  const records = [...sim.zones.get(domain)!, mx(10, domain)];
  if (prng.chance(0.5)) records.push(mx(prng.between(1, 20), backup));
  sim.zones.set(domain, records);
  if (isOurs(domain) && hasTls(sim, domain) && prng.chance(0.5)) publishPolicy(sim, domain);
}

/** RFC 8461: mail for it goes only where its certificate is shown. */
function publishPolicy(sim: Sim, domain: string): void {
  const mode = sim.random(`policy ${domain}`).pick(["enforce", "testing"]);
  sim.zones.set(`_mta-sts.${domain}`, [{ type: "TXT", text: "v=STSv1; id=1;" }]);
  sim.pages.set(
    `https://mta-sts.${domain}/.well-known/mta-sts.txt`,
    `version: STSv1\nmode: ${mode}\nmx: ${domain}\nmx: *.${domain}\nmax_age: 86400\n`,
  );
}

/** Whether its next hop is not named, but looked for; who speaks LMTP has no MX. */
function isInDns(sim: Sim, domain: string): boolean {
  return protocolOf(sim, domain) !== "lmtp" && sim.random(`mx ${domain}`).chance(0.5);
}

function protocolOf(sim: Sim, domain: string): "smtp" | "lmtp" {
  return isOurs(domain) ? "smtp" : personaAt(sim, domain).protocol;
}

/** Foreign servers are in a part of the DNS of their own. */
function isOurs(domain: string): boolean {
  return !domain.endsWith(".example");
}
