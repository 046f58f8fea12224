/**
 * The store in memory, for tests, simulations and `--data memory:`. It keeps the promises of the
 * durable ones for as long as the process lives, and its commits go through the same group, so that
 * whatever depends on when a commit happens behaves the same here.
 *
 * Nothing has to be undone here: an item looks at everything that may forbid it before it changes
 * anything.
 */
import { createAccounts, unknownAccount } from "./accounts.ts";
import { announce, type Marks } from "./arrivals.ts";
import { contentBytes, prepareMessage } from "./content.ts";
import { createGroup, type Transactions } from "./group.ts";
import { memoryAliases } from "./memory_aliases.ts";
import { memoryCheck } from "./memory_check.ts";
import { memoryHistory } from "./memory_history.ts";
import { memoryMail } from "./memory_mail.ts";
import { memoryPolicies } from "./memory_policies.ts";
import { memoryQueue } from "./memory_queue.ts";
import {
  createMemory,
  insertAccount,
  type MemoryParts,
  messageInserter,
  removeAccount,
} from "./memory_tables.ts";
import { type Account, FIRST_MODSEQ, type Store, StoreError, type Users } from "./store.ts";
import { createMark } from "./watch.ts";

/** What the memory store needs from the world. */
export interface MemoryOptions {
  /** `World.clock.turn`: what comes within one turn shares a commit. */
  readonly turn: () => Promise<void>;
}

export function openMemoryStore(options: MemoryOptions): Store {
  const memory = createMemory();
  const marks: Marks = { accounts: createAccounts(), queue: createMark(0) };
  const group = createGroup({ transactions: TRANSACTIONS, gather: options.turn });
  const parts = { memory, marks, group };
  return {
    users: memoryUsers(parts),
    aliases: memoryAliases(parts),
    mail: memoryMail(parts),
    queue: memoryQueue(parts),
    history: memoryHistory(parts),
    policies: memoryPolicies(parts),
    async accept(message, reports = []) {
      const prepared = await Promise.all([message, ...reports].map(prepareMessage));
      await group.run(
        () => messageInserter(memory, prepared)(),
        (arrivals) => arrivals.forEach((each) => announce(each, marks)),
        contentBytes(prepared),
      );
    },
    check: () => Promise.resolve(memoryCheck(memory)),
    backup: () =>
      Promise.reject(new StoreError("unknown", "a store in memory has nothing to copy")),
    giveBack: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      await group.close();
      const reason = new StoreError("closed", "the store is closed");
      marks.accounts.end(reason);
      marks.queue.end(reason);
    },
  };
}

const TRANSACTIONS: Transactions = {
  begin() {},
  attempt(work) {
    try {
      return { done: true, value: work() };
    } catch (error) {
      return { done: false, error };
    }
  },
  commit() {},
  rollback() {},
};

function memoryUsers({ memory, marks, group }: MemoryParts): Users {
  const { accounts } = marks;
  let decoyKey: Uint8Array | null = null;
  return {
    list: accounts.list,
    find: accounts.find,
    secret: accounts.secret,
    decoyKey: (fresh) => group.run(() => decoyKey ??= fresh.slice()),
    add(name, secret, createdAt) {
      return group.run((): Account => {
        if ([...memory.accounts.values()].some((account) => account.name === name)) {
          throw new StoreError("exists", `account ${name} exists already`);
        }
        return insertAccount(memory, name, createdAt);
      }, (account) => accounts.add(account, secret, FIRST_MODSEQ));
    },
    setSecret(id, secret) {
      return group.run(() => {
        if (!memory.accounts.has(id)) throw unknownAccount(id);
      }, () => accounts.setSecret(id, secret));
    },
    remove(id) {
      return group.run(() => {
        if (!memory.accounts.has(id)) throw unknownAccount(id);
        removeAccount(memory, id);
      }, () => accounts.remove(id));
    },
  };
}
