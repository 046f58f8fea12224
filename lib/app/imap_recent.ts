/**
 * What sessions of IMAP were told of in each mailbox, for \Recent of RFC 3501. It is not kept:
 * where nobody knows any more, everything counts as recent once more (§2.3.2).
 */
import type { MailboxId, Uid } from "../store/store.ts";

export interface Recents {
  /** Messages from this UID on are told of to nobody yet. */
  from(mailbox: MailboxId): Uid;
  /** Messages up to this UID are told of from now on. */
  told(mailbox: MailboxId, uid: Uid): void;
  /** The mailbox is gone. */
  forget(mailbox: MailboxId): void;
}

/** For all mailboxes of a server: a number for each that was opened. */
export function createRecents(): Recents {
  const marks = new Map<MailboxId, Uid>();
  const from = (mailbox: MailboxId) => marks.get(mailbox) ?? 1;
  return {
    from,
    told: (mailbox, uid) => void marks.set(mailbox, Math.max(from(mailbox), uid + 1)),
    forget: (mailbox) => void marks.delete(mailbox),
  };
}
