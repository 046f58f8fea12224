/**
 * Group commit, shared by all stores. A commit waits for the disk, and that wait costs the same for
 * one change as for many: so changes that come together are committed together.
 *
 * Each change is an item with its own savepoint: one that fails takes none of the others with it.
 * No promise is settled and nobody is woken before the commit has returned; when the commit itself
 * fails, every item of the group rejects and nothing of the group is there.
 */
import { createExpectation, type ExpectationOptions } from "./expectation.ts";
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
   * `bytes` is how much memory the item holds until then.
   * @throws what `work` threw, or why the commit failed; in both cases nothing was changed.
   * @throws {StoreError} `closed`; `busy` where too much waits already, and nothing was run
   */
  run<T>(work: () => T, committed?: (value: T) => void, bytes?: number): Promise<T>;
  /**
   * Says that another change is on its way, for which the next commit may wait a moment. What it
   * gives is called when that has come, or will not; calling it twice is harmless.
   */
  expect(): () => void;
  /** Resolves when everything that was given is settled; from then on nothing is taken. */
  close(): Promise<void>;
}

export interface GroupOptions extends ExpectationOptions {
  readonly transactions: Transactions;
}

/** Bounds how long one group keeps the event loop: at 20 µs to 60 µs an item about 10 ms. */
export const GROUP_ITEMS_MAX = 256;
/** The same for large messages, and it bounds how far one commit lets the log of a store grow. */
export const GROUP_BYTES_MAX = 16 * 1024 * 1024;
/**
 * What may wait for a disk that has become slow. Clients whose message waits may go and come again
 * with another, so their own limits do not bound it.
 */
export const WAITING_BYTES_MAX = 512 * 1024 * 1024;

interface Item {
  readonly bytes: number;
  /** Inside the transaction. @throws like {@linkcode Transactions.attempt} */
  attempt(): void;
  /** After the commit: tells memory, then the caller. */
  settle(): void;
  fail(error: unknown): void;
}

export function createGroup(options: GroupOptions): Group {
  const { transactions, monotonicMs } = options;
  const expectation = createExpectation(options);
  const waiting: Item[] = [];
  /** Of those that wait, and of those that are being committed. */
  let heldBytes = 0;
  let running: Promise<void> | null = null;
  let closed = false;

  async function runAll(): Promise<void> {
    while (waiting.length > 0) {
      await expectation.gather(() => waiting.length);
      const items = waiting.splice(0, fitting(waiting));
      const startedMs = monotonicMs?.() ?? 0;
      commitTogether(transactions, items);
      expectation.took((monotonicMs?.() ?? 0) - startedMs);
      heldBytes -= bytesOf(items);
    }
    running = null;
  }

  return {
    run<T>(work: () => T, committed?: (value: T) => void, bytes = 0): Promise<T> {
      if (closed) return Promise.reject(new StoreError("closed", "the store is closed"));
      // One alone is always taken, however large messages may be here, and so is what is no mail.
      if (bytes > 0 && heldBytes > 0 && heldBytes + bytes > WAITING_BYTES_MAX) {
        return Promise.reject(new StoreError("busy", "too much waits to be stored already"));
      }
      heldBytes += bytes;
      return new Promise<T>((resolve, reject) => {
        waiting.push(itemOf({ transactions, work, committed, bytes, resolve, reject }));
        running ??= runAll();
      });
    },
    expect: expectation.expect,
    async close() {
      closed = true;
      await running;
    },
  };
}

/** How many of these are committed together: as many as there may be, and at least one. */
function fitting(items: readonly Item[]): number {
  let bytes = 0;
  const tooMany = items.findIndex((item, at) => {
    bytes += item.bytes;
    return at === GROUP_ITEMS_MAX || (at > 0 && bytes > GROUP_BYTES_MAX);
  });
  return tooMany === -1 ? items.length : tooMany;
}

function bytesOf(items: readonly Item[]): number {
  return items.reduce((bytes, item) => bytes + item.bytes, 0);
}

function itemOf<T>(parts: {
  readonly transactions: Transactions;
  readonly work: () => T;
  readonly committed: ((value: T) => void) | undefined;
  readonly bytes: number;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}): Item {
  let attempt: Attempt<T> | null = null;
  return {
    bytes: parts.bytes,
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
