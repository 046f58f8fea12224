/**
 * Group commit, shared by all stores. A commit waits for the disk, and that wait costs the same for
 * one change as for many: so changes that come together are committed together.
 *
 * Each change is an item with its own savepoint: one that fails takes none of the others with it.
 * No promise is settled and nobody is woken before the commit has returned; when the commit itself
 * fails, every item of the group rejects and nothing of the group is there.
 */
import { StoreError } from "./store.ts";

/** What a store can do with its data; all of it at once, without waiting for anybody. */
export interface Transactions {
  /** Begins a transaction; throws when it cannot. */
  begin(): void;
  /**
   * Runs one item inside the transaction. An item that throws leaves nothing behind.
   * @returns what it gave, or what it threw.
   * @throws what befell the transaction itself: then nothing in it can be kept.
   */
  attempt<T>(work: () => T): Attempt<T>;
  /** Makes everything durable; when it throws, nothing may be kept. */
  commit(): void;
  /** Undoes everything since `begin`, if anything began; never throws. */
  rollback(): void;
}

export type Attempt<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly error: unknown };

export interface Group {
  /**
   * Runs `work` in the next transaction. Resolves with what it gave once that is durable, after
   * `committed` has brought what is kept in memory up to date and woken the watchers.
   * @throws what `work` threw, or why the commit failed; in both cases nothing was changed.
   * @throws {StoreError} `closed`
   */
  run<T>(work: () => T, committed?: (value: T) => void): Promise<T>;
  /** Resolves when everything that was given is settled; from then on nothing is taken. */
  close(): Promise<void>;
}

export interface GroupOptions {
  readonly transactions: Transactions;
  /**
   * How long a group is open for others, from its first item on. Today one turn of the event loop
   * (`World.clock.turn`); who wants to hold the commit while more is on its way does it here.
   */
  readonly gather: () => Promise<void>;
}

/** Bounds how long one group keeps the event loop: at 20 µs to 60 µs an item about 10 ms. */
export const GROUP_ITEMS_MAX = 256;

interface Item {
  /** Inside the transaction. @throws like {@linkcode Transactions.attempt} */
  attempt(): void;
  /** After the commit: tells memory, then the caller. */
  settle(): void;
  fail(error: unknown): void;
}

export function createGroup(options: GroupOptions): Group {
  const { transactions, gather } = options;
  const waiting: Item[] = [];
  let running: Promise<void> | null = null;
  let closed = false;

  async function runAll(): Promise<void> {
    while (waiting.length > 0) {
      await gather();
      commitTogether(transactions, waiting.splice(0, GROUP_ITEMS_MAX));
    }
    running = null;
  }

  return {
    run<T>(work: () => T, committed?: (value: T) => void): Promise<T> {
      if (closed) return Promise.reject(new StoreError("closed", "the store is closed"));
      return new Promise<T>((resolve, reject) => {
        waiting.push(itemOf({ transactions, work, committed, resolve, reject }));
        running ??= runAll();
      });
    },
    async close() {
      closed = true;
      await running;
    },
  };
}

function itemOf<T>(parts: {
  readonly transactions: Transactions;
  readonly work: () => T;
  readonly committed: ((value: T) => void) | undefined;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}): Item {
  let attempt: Attempt<T> | null = null;
  return {
    attempt() {
      attempt = parts.transactions.attempt(parts.work);
    },
    settle() {
      if (attempt === null) throw new Error("an item was settled that was never attempted");
      if (!attempt.done) return parts.reject(attempt.error);
      parts.committed?.(attempt.value);
      parts.resolve(attempt.value);
    },
    fail: parts.reject,
  };
}

function commitTogether(transactions: Transactions, items: readonly Item[]): void {
  try {
    transactions.begin();
    for (const item of items) item.attempt();
    transactions.commit();
  } catch (error) {
    transactions.rollback();
    for (const item of items) item.fail(error);
    return;
  }
  for (const item of items) item.settle();
}
