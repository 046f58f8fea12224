/** Which hosts take mail for a domain, as the DNS says it: RFC 5321 §5.1. */
import { isAddressOfHost, literalAddress } from "../mail/literal.ts";
import { type Dns, type DnsAnswer, DnsError } from "../net/dns.ts";
import type { World } from "../net/world.ts";
import { type Reply, reply } from "../smtp/reply.ts";

/** A host that takes mail for a domain. */
export interface MxHost {
  /** Its name, which its certificate has to show; of an address literal, the address. */
  readonly host: string;
  /** IP addresses in the order in which they are to be tried; at least one. */
  readonly addresses: readonly string[];
  /**
   * Whether the name is certain. Anybody on the way can forge an MX record, and so the name that a
   * certificate is compared with; not so where the domain itself is the host (RFC 8689 §4.2.1). For
   * others, MTA-STS may vouch (RFC 8461 §4.1), or DNSSEC, with which DANE would begin.
   */
  readonly vouched: boolean;
}

export type Found =
  /** In the order in which they are to be tried; at least one. */
  | { readonly kind: "hosts"; readonly hosts: readonly MxHost[] }
  /** The domain takes no mail: a null MX. */
  | { readonly kind: "noMail" }
  /** Nobody can take it, now or later: a 5xx. */
  | { readonly kind: "noDomain"; readonly reply: Reply }
  /** The DNS did not say: a 4xx. */
  | { readonly kind: "later"; readonly reply: Reply };

export interface FindOptions {
  /** What this server is called; lower case. */
  readonly hostnames: readonly string[];
  /** Whether an IP address, at the port that hosts are spoken to at, is this server. */
  readonly isOwn: (address: string) => boolean;
  readonly random: World["random"];
  readonly signal: AbortSignal;
}

/** Exchanges whose addresses are asked for; a list that goes on is somebody's joke. */
const EXCHANGES_MAX = 20;
/** RFC 5321 §5.1 lets us limit the hosts; large domains have fewer, each with several addresses. */
const HOSTS_MAX = 5;
/** Of one host; two of each family. RFC 5321 §5.1: at least two should be tried. */
const ADDRESSES_MAX = 4;

/** Asks where mail for a domain goes. Never rejects but for a fault of our own. */
export async function findHosts(
  resolver: Dns,
  domain: string,
  options: FindOptions,
): Promise<Found> {
  // RFC 5321 §4.1.3: the host is named by its address, and nobody has to be asked.
  const literal = literalAddress(domain);
  if (literal !== null) {
    if (!isAddressOfHost(literal)) return noHost(domain);
    if (options.isOwn(literal)) return loop(domain);
    const host = { host: literal, addresses: [literal], vouched: true };
    return { kind: "hosts", hosts: [host] };
  }
  try {
    const answer = await resolver.query(domain, "MX", options.signal);
    if (answer.kind === "noName") return noDomain(domain);
    if (isNullMx(answer)) return { kind: "noMail" };
    const exchanges = exchangesIn(answer, domain, options.random);
    if (exchanges.length === 0) return noHost(domain);
    return await hostsOf(resolver, domain, beforeUs(exchanges, options), options);
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return later(domain, error);
  }
}

interface Exchange {
  readonly name: string;
  readonly preference: number;
}

/** RFC 7505 §3: one record, whose host is the root. */
function isNullMx(answer: DnsAnswer): boolean {
  if (answer.kind !== "found" || answer.records.length !== 1) return false;
  const [record] = answer.records;
  return record!.type === "MX" && record!.exchange === "";
}

/**
 * RFC 5321 §5.1: the lowest preference first, equal ones in random order, which spreads the load;
 * the domain itself where there is no MX record at all. What is no name of a host counts as none.
 */
function exchangesIn(
  answer: DnsAnswer,
  domain: string,
  random: World["random"],
): readonly Exchange[] {
  if (answer.kind !== "found") return [{ name: domain, preference: 0 }];
  const exchanges = answer.records.flatMap((record) =>
    record.type === "MX" && isHostname(record.exchange)
      ? [{ name: record.exchange, preference: record.preference }]
      : []
  );
  const sorted = shuffled(exchanges, random).toSorted((a, b) => a.preference - b.preference);
  const named = new Set<string>();
  return sorted.filter(({ name }) => !named.has(name) && named.add(name));
}

/** An IP address in the place of a name, which some write there, has digits behind its last dot. */
function isHostname(name: string): boolean {
  return /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9-]*[a-z][a-z0-9-]*$/.test(name);
}

/**
 * RFC 5321 §5.1: where this server is in the list, it and those that are no better are left out: we
 * would be given back what we give them.
 */
function beforeUs(
  exchanges: readonly Exchange[],
  { hostnames }: FindOptions,
): readonly Exchange[] {
  const own = exchanges.find(({ name }) => hostnames.includes(name));
  return own === undefined ? exchanges : betterThan(exchanges, own);
}

function betterThan<Each extends { readonly preference: number }>(
  list: readonly Each[],
  { preference }: { readonly preference: number },
): readonly Each[] {
  return list.filter((each) => each.preference < preference);
}

/** The hosts with their addresses. */
async function hostsOf(
  resolver: Dns,
  domain: string,
  exchanges: readonly Exchange[],
  options: FindOptions,
): Promise<Found> {
  if (exchanges.length === 0) return loop(domain);
  const asked = await Promise.all(
    exchanges.slice(0, EXCHANGES_MAX).map(async (exchange) => ({
      ...exchange,
      addresses: await addressesOf(resolver, exchange.name, options),
    })),
  );
  const own = asked.find(({ addresses }) =>
    !(addresses instanceof DnsError) && addresses.some(options.isOwn)
  );
  const left = own === undefined ? asked : betterThan(asked, own);
  const hosts: MxHost[] = [];
  let failure: DnsError | null = null;
  for (const { name, addresses } of left) {
    if (addresses instanceof DnsError) failure = addresses;
    else if (addresses.length > 0) {
      hosts.push({ host: name, addresses, vouched: name === domain });
    }
  }
  if (hosts.length > 0) return { kind: "hosts", hosts: hosts.slice(0, HOSTS_MAX) };
  if (failure !== null) return later(domain, failure);
  return own === undefined ? noHost(domain) : loop(domain);
}

/** RFC 5321 §5.2: of both families in turn, each in random order. */
async function addressesOf(
  resolver: Dns,
  name: string,
  { random, signal }: FindOptions,
): Promise<readonly string[] | DnsError> {
  const asked = await Promise.allSettled(
    (["AAAA", "A"] as const).map((type) => resolver.query(name, type, signal)),
  );
  const [newer = [], older = []] = asked.map((each) =>
    each.status === "fulfilled" ? shuffled(addressesIn(each.value), random) : []
  );
  const turns = Math.max(newer.length, older.length);
  const addresses = Array.from({ length: turns }, (_, at) => [newer[at], older[at]]).flat()
    .filter((address) => address !== undefined);
  if (addresses.length > 0) return addresses.slice(0, ADDRESSES_MAX);
  const failure = asked.find((each) => each.status === "rejected")?.reason;
  if (failure === undefined || failure instanceof DnsError) return failure ?? [];
  throw failure;
}

function addressesIn(answer: DnsAnswer): readonly string[] {
  if (answer.kind !== "found") return [];
  return answer.records
    .flatMap((record) => record.type === "A" || record.type === "AAAA" ? [record.address] : [])
    .filter(isAddressOfHost);
}

function shuffled<Each>(list: readonly Each[], random: World["random"]): readonly Each[] {
  return list
    .map((each) => ({ each, order: random.fraction() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ each }) => each);
}

function noDomain(domain: string): Found {
  return { kind: "noDomain", reply: reply(550, "5.1.2", `There is no domain ${domain}`) };
}

/** RFC 5321 §5.1: MX records of which none is usable are an error, and no reason to wait. */
function noHost(domain: string): Found {
  return { kind: "noDomain", reply: reply(550, "5.4.4", `${domain} has no host that takes mail`) };
}

/** RFC 3463 §3.5: a routing loop. */
function loop(domain: string): Found {
  const words = `Mail for ${domain} comes to this server, which does not take it`;
  return { kind: "noDomain", reply: reply(554, "5.4.6", words) };
}

/** RFC 5321 §5.1: a temporary error means to try again; RFC 3463 §3.5: a directory failure. */
function later(domain: string, { message }: DnsError): Found {
  const words = `The DNS did not say where mail for ${domain} goes: ${message}`;
  return { kind: "later", reply: reply(450, "4.4.3", words) };
}
