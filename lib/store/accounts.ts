/** Accounts as both stores keep them in memory: they are asked for with every recipient. */
import type { StoredSecret } from "../sasl/secret.ts";
import { type Account, type AccountId, type ModSeq, StoreError } from "./store.ts";
import { createMark, type Mark } from "./watch.ts";

/** Changed only after a commit, so that nobody sees what may still be undone. */
export interface Accounts {
  list(): readonly Account[];
  find(name: string): Account | null;
  secret(id: AccountId): StoredSecret | null;
  /**
   * The account's newest change, to read and to wait for.
   * @throws {StoreError} `unknown`
   */
  mark(id: AccountId): Mark;
  /** A mark of 0 or more; the account is the last in the list. */
  add(account: Account, secret: StoredSecret, modSeq: ModSeq): void;
  setSecret(id: AccountId, secret: StoredSecret): void;
  /** Those who wait for its changes learn that it is gone. */
  remove(id: AccountId): void;
  /** A change of an account that was removed in the same group is passed over. */
  advance(id: AccountId, modSeq: ModSeq): void;
  /** Rejects everybody who waits for any account. */
  end(reason: Error): void;
}

interface Known {
  readonly account: Account;
  readonly mark: Mark;
  secret: StoredSecret;
}

export function createAccounts(): Accounts {
  const byId = new Map<AccountId, Known>();
  const byName = new Map<string, Account>();
  let list: readonly Account[] | null = null;

  return {
    list: () => list ??= [...byId.values()].map((known) => known.account),
    find: (name) => byName.get(name) ?? null,
    secret: (id) => byId.get(id)?.secret ?? null,
    mark(id) {
      const known = byId.get(id);
      if (known === undefined) throw unknownAccount(id);
      return known.mark;
    },
    add(account, secret, modSeq) {
      byId.set(account.id, { account, secret, mark: createMark(modSeq) });
      byName.set(account.name, account);
      list = null;
    },
    setSecret(id, secret) {
      const known = byId.get(id);
      if (known !== undefined) known.secret = secret;
    },
    remove(id) {
      const known = byId.get(id);
      if (known === undefined) return;
      byId.delete(id);
      byName.delete(known.account.name);
      list = null;
      known.mark.end(unknownAccount(id));
    },
    advance: (id, modSeq) => byId.get(id)?.mark.advance(modSeq),
    end(reason) {
      for (const known of byId.values()) known.mark.end(reason);
    },
  };
}

export function unknownAccount(id: AccountId): StoreError {
  return new StoreError("unknown", `there is no account ${id}`);
}
