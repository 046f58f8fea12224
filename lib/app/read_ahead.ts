/**
 * Reading many messages of a mailbox, one after the other: to ask the store for each by itself
 * takes longer than to read it. Whoever goes on to the next one gets it from memory.
 */
import type { Body } from "../mail/body.ts";
import type { Mail, MailboxId, Uid } from "../store/store.ts";
import type { MaybePromise } from "../wire/session.ts";

/** Gives one message; `null` when it is gone. A call waits for the one before. */
export type BodyReader = (uid: Uid) => MaybePromise<Body | null>;

/** Messages that are read at once; all of them together have no more than `BODIES_BYTES_MAX`. */
export const READ_AHEAD_MAX = 32;

/**
 * Begins with one message, and reads twice as many with each time that all of them were asked for;
 * who goes to and fro gets each by itself.
 */
export function bodyReader(mail: Pick<Mail, "body" | "bodies">, mailbox: MailboxId): BodyReader {
  let ahead = new Map<Uid, Body>();
  let last: Uid = 0;
  let count = 1;

  function taken(uid: Uid): Body | null {
    const body = ahead.get(uid) ?? null;
    ahead.delete(uid);
    return body;
  }

  function keep(found: Map<Uid, Body>, uid: Uid): Body | null {
    ahead = found;
    return taken(uid);
  }

  return (uid) => {
    const known = taken(uid);
    const goesOn = ahead.size === 0 && uid > last;
    last = uid;
    if (known !== null) return known;
    ahead = new Map();
    const max = goesOn ? count : 1;
    count = Math.min(2 * max, READ_AHEAD_MAX);
    if (max === 1) return mail.body(mailbox, uid);
    const found = mail.bodies(mailbox, uid, max);
    return found instanceof Promise ? found.then((late) => keep(late, uid)) : keep(found, uid);
  };
}
