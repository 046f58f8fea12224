/**
 * Who gets what is sent to an address here: pure, asked at RCPT and again with each delivery. An
 * alias stands for the addresses that it leads to (RFC 5321 §3.9.1), and a list for its members
 * (§3.9.2); both can lead to others of their kind.
 */
import { type Address, addressKey, baseAddress, formatAddress } from "../mail/address.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import type { Alias } from "../store/aliases.ts";
import type { Account } from "../store/store.ts";

/** What is known about addresses here. */
export interface Directory {
  /** Lower case; the first takes mail for the postmaster without a domain. */
  readonly domains: readonly string[];
  /** By its name, in the form of `accountName`, or `@domain`. */
  alias(name: string): Alias | null;
  /** By its name. */
  account(name: string): Account | null;
  /** Who reads what comes for the postmaster; `null` where there is no account. */
  postmaster(): Account | null;
}

export interface Expansion {
  /** Who gets the message as it came; at most one of each. */
  readonly members: readonly Member[];
  /** Each list that it leads to, also by way of another list. */
  readonly lists: readonly ListExpansion[];
  /** Where aliases lead and nobody is. */
  readonly missing: readonly Address[];
}

export type Member =
  | { readonly kind: "account"; readonly account: Account }
  /** In a domain that is not local here. */
  | { readonly kind: "elsewhere"; readonly address: Address }
  /** What it makes of the message is in {@linkcode Expansion.lists}. */
  | { readonly kind: "list"; readonly name: string };

export interface ListExpansion {
  readonly name: string;
  /** The sender of what the list sends on. */
  readonly owner: Address;
  readonly members: readonly Member[];
}

/**
 * `unknown`: nobody has that address. `nobody`: there is an alias, and nobody behind it. `tooFar`:
 * it leads through too many aliases, or to too many addresses.
 */
export type ExpansionFault = "unknown" | "nobody" | "tooFar";

/** What is said about an address that cannot be expanded; the first two are the last word. */
export const EXPANSION_REPLIES: Readonly<Record<ExpansionFault, Reply>> = {
  unknown: reply(550, "5.1.1", "There is no such user here"),
  // RFC 3463 §3.3: X.2.4 is a problem with the expansion of a list.
  nobody: reply(550, "5.2.4", "Nobody is behind that address any more"),
  tooFar: reply(451, "4.2.4", "That address leads too far, try again later"),
};

/** Aliases that lead to one another: more than this is nobody's intention. */
export const ALIAS_DEPTH_MAX = 10;
/** Copies that one recipient stands for: a stranger's one command costs no more. */
export const EXPANSION_MAX = 1000;

/** Who gets what is sent to an address in one of the local domains. */
export function expand(address: Address, directory: Directory): Expansion | ExpansionFault {
  if (lookUp(address, directory, []) === null) return "unknown";
  const root = createGroup(null);
  const walk: Walk = { directory, groups: [root], missing: [], copies: 0 };
  if (!follow(walk, address, root, [])) return "tooFar";
  if (walk.copies === 0) return "nobody";
  return {
    members: [...root.members.values()],
    lists: walk.groups.flatMap(({ list, members }) =>
      list === null ? [] : [{ ...list, members: [...members.values()] }]
    ),
    missing: walk.missing,
  };
}

/** How many copies an expansion makes. */
export function copiesOf({ members, lists }: Expansion): number {
  return [members, ...lists.map((list) => list.members)]
    .reduce((sum, each) => sum + each.filter(({ kind }) => kind !== "list").length, 0);
}

/** Whether a copy goes to another server, and so through the queue. */
export function leadsElsewhere({ members, lists }: Expansion): boolean {
  return [members, ...lists.map((list) => list.members)]
    .some((each) => each.some(({ kind }) => kind === "elsewhere"));
}

/** The account that alone gets what is expanded like this; `null` where others do, too. */
export function soleAccount(expansion: Expansion | ExpansionFault): Account | null {
  if (typeof expansion === "string") return null;
  const [only, another] = expansion.members;
  return another === undefined && only?.kind === "account" ? only.account : null;
}

interface Walk {
  readonly directory: Directory;
  /** Those who get the message as it came, then those of each list. */
  readonly groups: Group[];
  readonly missing: Address[];
  copies: number;
}

/** Who gets the same copy: with the sender that it came with, or with that of one list. */
interface Group {
  readonly list: { readonly name: string; readonly owner: Address } | null;
  readonly members: Map<string, Member>;
  /** The aliases that were followed for it. */
  readonly followed: Set<string>;
}

function createGroup(list: Group["list"]): Group {
  return { list, members: new Map(), followed: new Set() };
}

/** Goes where an address leads; `path` are the aliases on the way. False when that is too far. */
function follow(walk: Walk, address: Address, group: Group, path: readonly string[]): boolean {
  const { domains } = walk.directory;
  if (address.domain !== "" && !domains.includes(address.domain)) {
    return add(walk, group, formatAddress(address), { kind: "elsewhere", address });
  }
  const found = lookUp(address, walk.directory, path);
  if (found === null) {
    walk.missing.push(address);
    return true;
  }
  if ("id" in found) {
    return add(walk, group, `account ${found.id}`, { kind: "account", account: found });
  }
  return path.length < ALIAS_DEPTH_MAX && followAlias(walk, found, group, path);
}

function followAlias(walk: Walk, alias: Alias, group: Group, path: readonly string[]): boolean {
  const { name, owner } = alias;
  if (owner === null) return followAll(walk, alias, group, path);
  const known = walk.groups.find(({ list }) => list?.name === name);
  group.members.set(`list ${name}`, { kind: "list", name });
  if (known !== undefined) return true;
  const own = createGroup({ name, owner });
  walk.groups.push(own);
  return followAll(walk, alias, own, path);
}

/** Each alias once: two ways to it lead to the same people. */
function followAll(
  walk: Walk,
  { name, targets }: Alias,
  group: Group,
  path: readonly string[],
): boolean {
  if (group.followed.has(name)) return true;
  group.followed.add(name);
  return targets.every((target) => follow(walk, target, group, [...path, name]));
}

function add(walk: Walk, group: Group, key: string, member: Member): boolean {
  if (group.members.has(key)) return true;
  group.members.set(key, member);
  walk.copies++;
  return walk.copies <= EXPANSION_MAX;
}

/**
 * Whoever has an address: an alias before an account of the same name, the whole address before
 * that without its tag, and who takes everything (`@domain`) last. An alias on the `path`, which
 * leads back to itself, stands aside: so `alice` can lead to `alice` and to another address.
 */
function lookUp(
  { local, domain: said }: Address,
  directory: Directory,
  path: readonly string[],
): Alias | Account | null {
  const domain = said === "" ? directory.domains[0]! : said;
  const address = { local, domain };
  const aliasOf = (name: string) => path.includes(name) ? null : directory.alias(name);
  for (const key of [addressKey(address), addressKey(baseAddress(address))]) {
    const found = aliasOf(key) ?? directory.account(key);
    if (found !== null) return found;
  }
  // RFC 5321 §4.5.1 and RFC 2142: these names are always there, and somebody has to read them.
  const role = ["postmaster", "abuse"].includes(local.toLowerCase());
  return (role ? directory.postmaster() : null) ?? aliasOf(`@${domain}`);
}
