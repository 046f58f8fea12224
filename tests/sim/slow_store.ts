/**
 * A store whose answers about mailboxes come late. SQLite answers at once, but a session that sends
 * what it has to say before it goes on meets others that have been faster all the same.
 */
import type { Clock } from "../../lib/net/world.ts";
import type { Store } from "../../lib/store/store.ts";
import type { MaybePromise } from "../../lib/wire/session.ts";
import type { Faults } from "./faults.ts";
import type { Prng } from "./prng.ts";

/** Long enough for whatever others do with the same mailbox. */
const LATE_MS_MAX = 500;

/** The same store, as a server has it whose reads are overtaken. */
export function slowStore(
  store: Store,
  { faults, prng, clock }: { readonly faults: Faults; readonly prng: Prng; readonly clock: Clock },
): Store {
  function late<Args extends readonly unknown[], T>(
    read: (...args: Args) => MaybePromise<T>,
  ): (...args: Args) => Promise<T> {
    return async (...args) => {
      const value = await read(...args);
      if (faults.strikes("readSlow")) await clock.sleep(LATE_MS_MAX * prng.fraction());
      return value;
    };
  }
  const { mail } = store;
  return {
    ...store,
    mail: {
      ...mail,
      mailbox: late(mail.mailbox),
      list: late(mail.list),
      changes: late(mail.changes),
      body: late(mail.body),
      bodies: late(mail.bodies),
    },
  };
}
