/** Counts who waits for a change of the store: nobody may be left when a server has stopped. */
import type { Store } from "../../lib/store/store.ts";

export interface WatchedStore {
  readonly store: Store;
  /** How many wait now. */
  waiting(): number;
}

/** The same store, and how many wait for it. */
export function watchedStore(store: Store): WatchedStore {
  let waiting = 0;
  function counted<Args extends readonly unknown[]>(
    changed: (...args: Args) => Promise<void>,
  ): (...args: Args) => Promise<void> {
    return async (...args) => {
      waiting++;
      try {
        await changed(...args);
      } finally {
        waiting--;
      }
    };
  }
  return {
    store: {
      ...store,
      mail: { ...store.mail, changed: counted(store.mail.changed) },
      queue: { ...store.queue, changed: counted(store.queue.changed) },
    },
    waiting: () => waiting,
  };
}
