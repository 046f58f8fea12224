/** Who is here, who gets what is sent to an address, and who may log in. */
import { createHmac } from "node:crypto";
import type { Log } from "../log.ts";
import { accountName, type Address, addressKey, baseAddress } from "../mail/address.ts";
import type { World } from "../net/world.ts";
import { scramNonce } from "../net/scram_work.ts";
import { type AllowedSenders, isAllowedSender } from "../policy/senders.ts";
import { createLoginGuard } from "../policy/logins.ts";
import { expand, type Expansion, type ExpansionFault, soleAccount } from "../queue/expand.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import { decoySecret, type StoredSecret, verifyPassword } from "../sasl/secret.ts";
import type { Aliases } from "../store/aliases.ts";
import type { Account, Users } from "../store/store.ts";

export interface Accounts {
  /** Checks a login; as slow for a name that does not exist as for a wrong password. */
  login(user: string, password: string, peer: LoginPeer): Promise<LoginResult>;
  /** What SCRAM begins with; for a name that does not exist, something stable that looks alike. */
  secret(user: string, peer: LoginPeer): Promise<ScramStart | "later">;
  /** What the exchange that `secret` has begun is worth, when it was `right` or was not. */
  proven(user: string, right: boolean, peer: LoginPeer): LoginResult;
  /** The account of this name, however it is written; `null` when nobody has it. */
  named(user: string): Account | null;
  /** Who gets what is sent to a local address. */
  expand(address: Address): Expansion | ExpansionFault;
  /** Who is on a list of this name, however it is written; `null` when there is none. */
  members(list: string): readonly Address[] | null;
  /** The account that alone gets it; `null` when nobody does, or others do as well. */
  ofAddress(address: Address): Account | null;
  /**
   * Whether an account may send under this address: its name, what leads to it alone, or what it
   * was allowed.
   */
  owns(account: string, sender: Address): boolean;
}

/** Who logs in. */
export interface LoginPeer {
  /** IP address. */
  readonly address: string;
  /** Gives up waiting. */
  readonly signal: AbortSignal;
}

/** `later`: so many were wrong that this one was not looked at. */
export type LoginResult = Account | "refused" | "later";

export interface AccountsOptions {
  readonly world: World;
  readonly users: Users;
  readonly aliases: Aliases;
  /** The first is the one of names without a domain. */
  readonly domains: readonly string[];
  /** Addresses that accounts may send under besides their own. */
  readonly allowedSenders: AllowedSenders;
  /** Whether guesses from this machine itself are slowed down, too. */
  readonly limitLoopback: boolean;
}

/** Logins that are remembered, so that the next one costs no PBKDF2; the oldest goes first. */
const REMEMBERED_MAX = 10_000;
/** Of what cannot be a name, so much is remembered to count failures, and written in the log. */
const NAME_CHARACTERS_MAX = 255;

export function createAccounts(options: AccountsOptions): Accounts {
  const { world, users, aliases, domains } = options;
  const guard = createLoginGuard(options);
  const key = world.random.bytes(32);
  let decoyKey: Promise<Uint8Array> | null = null;
  const remembered = new Set<string>();

  /**
   * Tells nothing without the key; changes with the password, so a changed one is not remembered.
   */
  function digest(name: string, password: string, secret: StoredSecret): string {
    return createHmac("sha256", key).update(`${name}\0${password}\0`).update(secret.storedKey)
      .digest("base64");
  }

  /** The canonical name: one account must look like one, also where it is not there. */
  function canonical(user: string): string {
    return nameOf(user, domains[0]!) ?? user.toLowerCase().slice(0, NAME_CHARACTERS_MAX);
  }

  /**
   * Kept with the accounts: were it new with each start, whoever asks before and after one could
   * tell the decoys from the secrets.
   */
  function keptDecoyKey(): Promise<Uint8Array> {
    return decoyKey ??= users.decoyKey(world.random.bytes(32)).catch((error) => {
      decoyKey = null;
      throw error;
    });
  }

  async function find(name: string): Promise<Found> {
    const account = users.find(name);
    // Made in any case: how long it takes must not tell that it was needed.
    const decoy = decoySecret(name, await keptDecoyKey());
    return { account, secret: (account === null ? null : users.secret(account.id)) ?? decoy };
  }

  /** Waits for as long as guessing costs by now; false when that is too long. */
  async function admitted(name: string, { address, signal }: LoginPeer): Promise<boolean> {
    const attempt = { account: name, address };
    const waitMs = guard.attempt(attempt, world.clock.monotonicMs());
    if (waitMs !== null && waitMs > 0) await world.clock.sleep(waitMs, signal);
    return waitMs !== null;
  }

  function succeeded(account: Account, { address }: LoginPeer): Account {
    guard.succeeded({ account: account.name, address }, world.clock.monotonicMs());
    return account;
  }

  async function login(user: string, password: string, peer: LoginPeer): Promise<LoginResult> {
    const name = canonical(user);
    if (!(await admitted(name, peer))) return "later";
    const { account, secret } = await find(name);
    const mark = digest(name, password, secret);
    if (!remembered.has(mark)) {
      const right = await verifyPassword(password, secret, world.work.pbkdf2);
      if (!right || account === null) return "refused";
      if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.values().next().value!);
      remembered.add(mark);
    }
    return account === null ? "refused" : succeeded(account, peer);
  }

  async function secret(user: string, peer: LoginPeer): Promise<ScramStart | "later"> {
    const name = canonical(user);
    if (!(await admitted(name, peer))) return "later";
    return { secret: (await find(name)).secret, nonce: scramNonce(world) };
  }

  function proven(user: string, right: boolean, peer: LoginPeer): LoginResult {
    const account = users.find(canonical(user));
    return right && account !== null ? succeeded(account, peer) : "refused";
  }

  const directory = {
    domains,
    alias: aliases.find,
    account: users.find,
    postmaster: () => users.list()[0] ?? null,
  };

  function ofAddress(address: Address): Account | null {
    return soleAccount(expand(address, directory));
  }

  /** Also where an alias of that name leads elsewhere; but a tag may belong to somebody else. */
  function isNamed(account: string, address: Address): boolean {
    const whole = addressKey(address);
    if (whole === account) return true;
    const taken = aliases.find(whole) !== null || users.find(whole) !== null;
    return !taken && addressKey(baseAddress(address)) === account;
  }

  function members(list: string): readonly Address[] | null {
    const [, bare = list] = /^<(.*)>$/.exec(list) ?? [];
    const alias = aliases.find(canonical(bare));
    // Where an alias leads that is no list is its owner's secret (RFC 3464 §4.2).
    return alias === null || alias.owner === null ? null : alias.targets;
  }

  return {
    login,
    secret,
    proven,
    named: (user) => users.find(canonical(user)),
    expand: (address) => expand(address, directory),
    members,
    ofAddress,
    owns: (account, sender) =>
      isNamed(account, sender) || ofAddress(sender)?.name === account ||
      isAllowedSender(options.allowedSenders, account, sender),
  };
}

/** A name with what a login under it is checked against; there is always something. */
interface Found {
  /** `null` where nobody has the name. */
  readonly account: Account | null;
  readonly secret: StoredSecret;
}

/** Writes down how a login went: the same words, whatever the protocol and the mechanism. */
export function logLogin(
  log: Log,
  { user, result, peer, protocol }: {
    readonly user: string;
    readonly result: LoginResult | "inUse" | "tooSoon";
    readonly peer: string;
    readonly protocol: "smtp" | "pop3" | "imap";
  },
): void {
  const event = typeof result === "string" ? LOGIN_EVENTS[result] : "login";
  const name = typeof result === "string" ? user.slice(0, NAME_CHARACTERS_MAX) : result.name;
  log.info(event, { user: name, peer, protocol });
}

const LOGIN_EVENTS = {
  refused: "login-refused",
  later: "login-slowed",
  inUse: "login-in-use",
  tooSoon: "login-too-soon",
} as const;

/** The canonical name, or `null` for text that cannot be one. */
function nameOf(text: string, domain: string): string | null {
  try {
    return accountName(text, domain);
  } catch {
    return null;
  }
}
