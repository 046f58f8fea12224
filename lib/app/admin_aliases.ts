/** What an operator asks about aliases and lists. */
import { asciiDomain } from "../idna.ts";
import {
  accountName,
  type Address,
  addressKey,
  formatAddress,
  isDomain,
  parseMailbox,
} from "../mail/address.ts";
import type { Alias } from "../store/aliases.ts";
import type { Store } from "../store/store.ts";
import { ProtocolError } from "../wire/error.ts";
import { RefusedError } from "./refused.ts";

export type AliasRequest =
  | { readonly do: "alias list" }
  | {
    readonly do: "alias add";
    readonly name: string;
    /** They join those that are there. */
    readonly targets: readonly string[];
    /** Makes it a list, or names another owner. */
    readonly owner?: string;
  }
  /** Without targets: all of it. The last target takes the alias along. */
  | { readonly do: "alias remove"; readonly name: string; readonly targets: readonly string[] };

export interface AliasValues {
  readonly "alias list": { readonly aliases: readonly AliasView[] };
  readonly "alias add": {
    readonly alias: AliasView;
    /** What may not have been meant, in sentences. */
    readonly warnings: readonly string[];
  };
  /** `null`: it is gone. */
  readonly "alias remove": { readonly name: string; readonly alias: AliasView | null };
}

export interface AliasView {
  readonly name: string;
  readonly targets: readonly string[];
  /** `null`: it is not a list. */
  readonly owner: string | null;
}

export interface AliasParts {
  readonly store: Store;
  /** The domain of names without one; `null` when it is not known. */
  readonly domain: string | null;
}

/** Whatever a message to it costs, all others wait for: larger lists are for a program of lists. */
export const TARGETS_MAX = 1000;

export function listAliases({ store }: AliasParts): AliasValues["alias list"] {
  return { aliases: store.aliases.list().map(viewAlias) };
}

/** @throws {RefusedError} `usage` */
export async function addAlias(
  parts: AliasParts,
  request: AliasRequest & { readonly do: "alias add" },
): Promise<AliasValues["alias add"]> {
  const { aliases } = parts.store;
  const name = aliasName(parts, request.name);
  const added = request.targets.map((text) => targetOf(parts, text));
  const said = request.owner === undefined ? null : targetOf(parts, request.owner);
  const alias = await aliases.update(name, (found) => {
    const targets = distinct([...(found?.targets ?? []), ...added]);
    if (targets.length === 0) throw new RefusedError("usage", `say where ${name} leads`);
    if (targets.length > TARGETS_MAX) {
      throw new RefusedError("usage", `an alias leads to at most ${TARGETS_MAX} addresses`);
    }
    return { name, targets, owner: said ?? found?.owner ?? null };
  });
  return { alias: viewAlias(alias!), warnings: warningsAbout(parts, alias!) };
}

/** @throws {RefusedError} `usage`, `unknown` */
export async function removeAlias(
  parts: AliasParts,
  request: AliasRequest & { readonly do: "alias remove" },
): Promise<AliasValues["alias remove"]> {
  const name = aliasName(parts, request.name);
  const gone = request.targets.map((text) => targetOf(parts, text));
  const alias = await parts.store.aliases.update(name, (found) => {
    if (found === null) throw new RefusedError("unknown", `there is no alias ${name}`);
    const [there, named] = [keysOf(found.targets), keysOf(gone)];
    const targets = found.targets.filter((each) => !named.has(addressKey(each)));
    const strange = gone.find((each) => !there.has(addressKey(each)));
    if (strange !== undefined) {
      throw new RefusedError("unknown", `${name} does not lead to ${formatAddress(strange)}`);
    }
    return gone.length === 0 || targets.length === 0 ? null : { ...found, targets };
  });
  return { name, alias: alias === null ? null : viewAlias(alias) };
}

/** Aliases that lead to an account, or are administered by it, when it goes. */
export function warningsWithout({ store }: AliasParts, account: string): readonly string[] {
  return store.aliases.list().flatMap(({ name, targets, owner }) => [
    ...(targets.some((each) => addressKey(each) === account)
      ? [`The alias ${name} still leads to ${account}.`]
      : []),
    ...(owner !== null && addressKey(owner) === account
      ? [`The list ${name} still has the owner ${account}.`]
      : []),
  ]);
}

/** What is said to whoever makes an account whose mail an alias takes. */
export function warningsAboutAccount({ store }: AliasParts, account: string): readonly string[] {
  const alias = store.aliases.find(account);
  const reached = alias?.targets.some((each) => addressKey(each) === account) ?? true;
  return reached ? [] : [`Mail to ${account} goes where the alias of that name leads.`];
}

function warningsAbout(parts: AliasParts, alias: Alias): readonly string[] {
  const { name, targets, owner } = alias;
  const { users } = parts.store;
  const taken = users.find(name) === null ? [] : warningsAboutAccount(parts, name);
  const nobody = [...targets, ...(owner === null ? [] : [owner])]
    .filter((each) => isHere(parts, alias, each) && isNobody(parts, each))
    .map((each) => `There is nobody with the address ${formatAddress(each)} yet.`);
  return [...taken, ...nobody];
}

/** As far as it is known: an account or an alias in a domain makes it local. */
function isHere({ store, domain }: AliasParts, { name }: Alias, { domain: of }: Address): boolean {
  return of === domain || name.endsWith(`@${of}`) ||
    store.users.list().some((user) => user.name.endsWith(`@${of}`));
}

function isNobody({ store: { users, aliases } }: AliasParts, address: Address): boolean {
  const key = addressKey(address);
  return users.find(key) === null && aliases.find(key) === null && !key.includes("+");
}

function viewAlias({ name, targets, owner }: Alias): AliasView {
  return {
    name,
    targets: targets.map(formatAddress),
    owner: owner === null ? null : formatAddress(owner),
  };
}

function keysOf(addresses: readonly Address[]): ReadonlySet<string> {
  return new Set(addresses.map(addressKey));
}

/** `@domain`, or like the name of an account. */
function aliasName(parts: AliasParts, text: string): string {
  if (!text.startsWith("@")) return readable(text, (full) => accountName(full, ""), parts);
  const domain = asciiDomain(text.slice(1));
  if (domain !== null && isDomain(domain)) return `@${domain}`;
  throw new RefusedError("usage", `${JSON.stringify(text)} is not a domain behind an @`);
}

function targetOf(parts: AliasParts, text: string): Address {
  return readable(text, (full) => parseMailbox(full, { utf8: true }), parts);
}

function readable<Value>(
  text: string,
  parse: (text: string) => Value,
  { domain }: AliasParts,
): Value {
  if (domain === null && !text.includes("@")) {
    throw new RefusedError("usage", `say which domain: ${text}@example.org`);
  }
  try {
    return parse(text.includes("@") ? text : `${text}@${domain}`);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new RefusedError("usage", `${JSON.stringify(text)} is no address: ${error.message}`);
  }
}

/** Nobody writes the same address twice and means two; the first spelling stays. */
function distinct(addresses: readonly Address[]): readonly Address[] {
  const byKey = new Map<string, Address>();
  for (const each of addresses) {
    if (!byKey.has(addressKey(each))) byKey.set(addressKey(each), each);
  }
  return [...byKey.values()];
}
