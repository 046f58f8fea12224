/** Names that lead to other addresses, as both stores keep them in memory. */
import type { Address } from "../mail/address.ts";

/** A name that has no mailbox of its own, and where it leads (RFC 5321 §3.9). */
export interface Alias {
  /**
   * A full address in the form of `accountName` (lower case, NFC), or `@domain` for all names there
   * that nobody has.
   */
  readonly name: string;
  /** At least one, each of them once. */
  readonly targets: readonly Address[];
  /**
   * Who administers it: then it is a list, and what it sends on has this sender (RFC 5321 §3.9.2).
   * `null`: an alias, which leaves the sender as it is (§3.9.1).
   */
  readonly owner: Address | null;
}

/** Aliases are read from memory: they are asked for with every recipient. */
export interface Aliases {
  /** By name. */
  list(): readonly Alias[];
  find(name: string): Alias | null;
  /**
   * Makes, changes or removes an alias: `change` is given what is there (`null`: nothing) and gives
   * what is to be there. It runs inside the transaction, so that of two changes neither is lost;
   * what it throws is thrown here, and nothing was changed. Resolves with what is there then.
   */
  update(name: string, change: (found: Alias | null) => Alias | null): Promise<Alias | null>;
}

/** What is read; changed only after a commit, so that nobody sees what may still be undone. */
export interface AliasTable {
  list(): readonly Alias[];
  find(name: string): Alias | null;
  /** `null` removes it. */
  set(name: string, alias: Alias | null): void;
}

export function createAliasTable(): AliasTable {
  const byName = new Map<string, Alias>();
  let list: readonly Alias[] | null = null;
  return {
    list: () => list ??= [...byName.values()].sort((a, b) => a.name < b.name ? -1 : 1),
    find: (name) => byName.get(name) ?? null,
    set(name, alias) {
      if (alias === null) byName.delete(name);
      else byName.set(name, alias);
      list = null;
    },
  };
}
