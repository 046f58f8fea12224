/** Who is local here, and who may log in. */
import { createHmac } from "node:crypto";
import { accountName, type Address, baseAddress, formatAddress } from "../mail/address.ts";
import type { World } from "../net/world.ts";
import { decoySecret, type StoredSecret, verifyPassword } from "../sasl/secret.ts";
import type { Account, Users } from "../store/store.ts";

export interface Accounts {
  /** Checks a login; as slow for a name that does not exist as for a wrong password. */
  login(user: string, password: string): Promise<Account | null>;
  /** The account that takes mail for a local address; `null` when nobody has it. */
  ofAddress(address: Address): Account | null;
  /** Whether an account may send under this address. */
  owns(account: string, sender: Address): boolean;
}

export interface AccountsOptions {
  readonly world: World;
  readonly users: Users;
  /** The first is the one of names without a domain. */
  readonly domains: readonly string[];
}

/** Logins that are remembered, so that the next one costs no PBKDF2; the oldest goes first. */
const REMEMBERED_MAX = 10_000;

export function createAccounts({ world, users, domains }: AccountsOptions): Accounts {
  const key = world.random.bytes(32);
  const remembered = new Set<string>();

  /**
   * Tells nothing without the key; changes with the password, so a changed one is not remembered.
   */
  function digest(name: string, password: string, secret: StoredSecret): string {
    return createHmac("sha256", key).update(`${name}\0${password}\0`).update(secret.storedKey)
      .digest("base64");
  }

  async function login(user: string, password: string): Promise<Account | null> {
    const name = nameOf(user, domains[0]!);
    const account = name === null ? null : users.find(name);
    const secret = (account === null ? null : users.secret(account.id)) ?? decoySecret(user, key);
    const mark = digest(name ?? "", password, secret);
    if (remembered.has(mark)) return account;
    const right = await verifyPassword(password, secret, world.work.pbkdf2);
    if (!right || account === null) return null;
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.values().next().value!);
    remembered.add(mark);
    return account;
  }

  function ofAddress(address: Address): Account | null {
    const domain = address.domain === "" ? domains[0]! : address.domain;
    const find = (each: Address) => {
      const name = nameOf(formatAddress(each), domain);
      return name === null ? null : users.find(name);
    };
    const full = { local: address.local, domain };
    const found = find(full) ?? find(baseAddress(full));
    if (found !== null) return found;
    // RFC 5321 §4.5.1 and RFC 2142: these names are always there, and somebody has to read them.
    const role = ["postmaster", "abuse"].includes(address.local.toLowerCase());
    return role ? users.list()[0] ?? null : null;
  }

  return {
    login,
    ofAddress,
    owns: (account, sender) => ofAddress(sender)?.name === account,
  };
}

/** The canonical name, or `null` for text that cannot be one. */
function nameOf(text: string, domain: string): string | null {
  try {
    return accountName(text, domain);
  } catch {
    return null;
  }
}
