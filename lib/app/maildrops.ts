/**
 * Which INBOXes POP3 sessions have open. RFC 1939 §4: what such a session was told stays true for
 * as long as it has its lock, so whoever tidies mailboxes up leaves these alone, and a login waits
 * for the moment that tidying takes.
 */
import type { AccountId } from "../store/store.ts";

export interface Maildrops {
  has(account: AccountId): boolean;
  add(account: AccountId): void;
  delete(account: AccountId): void;
  /** Resolves when nobody tidies this one up any more; it may be locked then. */
  tidied(account: AccountId): Promise<void>;
  /** Does some short work while no session begins. Gives `null`, undone, where one has the lock. */
  tidy<T>(account: AccountId, work: () => Promise<T>): Promise<T | null>;
}

export function createMaildrops(): Maildrops {
  const locked = new Set<AccountId>();
  const tidying = new Map<AccountId, Promise<unknown>>();
  return {
    has: (account) => locked.has(account),
    add: (account) => void locked.add(account),
    delete: (account) => void locked.delete(account),
    async tidied(account) {
      // It may have failed, which is for whoever tidies to tell.
      while (tidying.has(account)) await tidying.get(account)!.catch(() => {});
    },
    async tidy(account, work) {
      if (locked.has(account)) return null;
      const done = work().finally(() => tidying.delete(account));
      tidying.set(account, done);
      return await done;
    },
  };
}
