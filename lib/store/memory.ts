/**
 * The store in memory, for tests, simulations and `--data memory:`. It keeps the promises of the
 * durable ones for as long as the process lives, and its commits go through the same group, so that
 * whatever depends on when a commit happens behaves the same here.
 *
 * Nothing has to be undone here: an item looks at everything that may forbid it before it changes
 * anything.
 */
import { createAccounts } from "./accounts.ts";
import { announce, type Marks } from "./arrivals.ts";
import { contentBytes, prepareMessage } from "./content.ts";
import { createGroup, type Transactions } from "./group.ts";
import { messageInserter } from "./memory_accept.ts";
import { memoryAliases } from "./memory_aliases.ts";
import { memoryCheck } from "./memory_check.ts";
import { memoryHistory } from "./memory_history.ts";
import { memoryMail } from "./memory_mail.ts";
import { memoryMailboxes } from "./memory_mailboxes.ts";
import { memoryPolicies } from "./memory_policies.ts";
import { memoryQueue } from "./memory_queue.ts";
import { createMemory } from "./memory_tables.ts";
import { memoryUsers } from "./memory_users.ts";
import { type Store, StoreError } from "./store.ts";
import { createMark } from "./watch.ts";

/** What the memory store needs from the world. */
export interface MemoryOptions {
  /** `World.clock.turn`: what comes within one turn shares a commit. */
  readonly turn: () => Promise<void>;
}

export function openMemoryStore(options: MemoryOptions): Store {
  const memory = createMemory();
  const marks: Marks = { accounts: createAccounts(), queue: createMark(0) };
  const group = createGroup({ transactions: TRANSACTIONS, turn: options.turn });
  const parts = { memory, marks, group };
  return {
    users: memoryUsers(parts),
    aliases: memoryAliases(parts),
    mailboxes: memoryMailboxes(parts),
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
    expect: group.expect,
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
