/**
 * What is in the mailboxes that are open, in memory: who opens one that others have open, or that
 * was open a while ago, reads what has changed since, and the same messages serve all views.
 */
import type { ImapMessage } from "../imap/backend.ts";
import type { Clock } from "../net/world.ts";
import type { MaybePromise } from "../wire/session.ts";
import type { Changes, Entry, Mail, Mailbox, MailboxId, ModSeq, Uid } from "../store/store.ts";

/** The mailboxes of one server. */
export interface Listings {
  /** What `Mail.list` gives: at most `max` messages behind `after`, by UID. */
  page(mailbox: Mailbox, after: Uid, max: number): MaybePromise<readonly ImapMessage[]>;
}

/** Messages of all mailboxes together, of some two hundred bytes each. */
export const LISTED_MESSAGES_MAX = 200_000;
/** Entries, and changes, that are read at once. */
const PAGE_ENTRIES_MAX = 1_000;

interface Listing {
  /** By UID; whoever has got it may keep it. */
  readonly messages: readonly ImapMessage[];
  /** It has all changes up to here. */
  readonly modSeq: ModSeq;
}

/** `messagesMax` is for tests. */
export function createListings(
  mail: Mail,
  clock: Pick<Clock, "turn">,
  messagesMax: number = LISTED_MESSAGES_MAX,
): Listings {
  /** Those that were used last are the last. */
  const known = new Map<MailboxId, Listing>();
  const loading = new Map<MailboxId, Promise<Listing>>();
  let count = 0;

  function forget(id: MailboxId): void {
    count -= known.get(id)?.messages.length ?? 0;
    known.delete(id);
  }

  function keep(id: MailboxId, listing: Listing): void {
    forget(id);
    known.set(id, listing);
    count += listing.messages.length;
    for (const oldest of known.keys()) {
      if (count <= messagesMax) break;
      forget(oldest);
    }
  }

  async function load(mailbox: Mailbox): Promise<Listing> {
    const old = known.get(mailbox.id);
    const changes = old && await mail.changes(mailbox.id, old.modSeq, PAGE_ENTRIES_MAX);
    const listing = old && changes && !changes.more && !changes.forgotten
      ? changed(old, changes)
      : await readAll(mail, mailbox, clock);
    keep(mailbox.id, listing);
    return listing;
  }

  /** Many may open the same mailbox at once. */
  function loadOnce(mailbox: Mailbox): Promise<Listing> {
    const begun = loading.get(mailbox.id) ??
      load(mailbox).finally(() => loading.delete(mailbox.id));
    loading.set(mailbox.id, begun);
    return begun;
  }

  async function readPage(id: MailboxId, after: Uid, max: number): Promise<readonly ImapMessage[]> {
    const page = await mail.list(id, after, max);
    if (page.length === max) await clock.turn(); // where more is to be read, others come first
    return page.map(messageOf);
  }

  /** Whoever asks knows of changes up to this mark; a reading that began before may not. */
  async function loadUpTo(mailbox: Mailbox, modSeq: ModSeq): Promise<Listing> {
    for (;;) {
      const listing = await loadOnce(mailbox);
      if (listing.modSeq >= modSeq) return listing;
    }
  }

  return {
    page(mailbox, after, max) {
      if (mailbox.messages > messagesMax) {
        return readPage(mailbox.id, after, max);
      }
      const modSeq = mail.modSeq(mailbox.account);
      const listing = known.get(mailbox.id);
      if (listing !== undefined && listing.modSeq >= modSeq) return pageOf(listing, after, max);
      return loadUpTo(mailbox, modSeq).then((loaded) => pageOf(loaded, after, max));
    },
  };
}

/** What IMAP tells of an entry. */
export function messageOf({ message: emailId, ...entry }: Entry): ImapMessage {
  return { ...entry, emailId };
}

async function readAll(
  mail: Mail,
  { id, account }: Mailbox,
  { turn }: Pick<Clock, "turn">,
): Promise<Listing> {
  const modSeq = mail.modSeq(account); // asked first: whatever is not in it is told as a change
  const messages: ImapMessage[] = [];
  for (;;) {
    const page = await mail.list(id, messages.at(-1)?.uid ?? 0, PAGE_ENTRIES_MAX);
    for (const entry of page) messages.push(messageOf(entry));
    if (page.length < PAGE_ENTRIES_MAX) return { messages, modSeq };
    await turn();
  }
}

function changed({ messages }: Listing, { entries, removed, modSeq }: Changes): Listing {
  if (entries.length === 0 && removed.length === 0) return { messages, modSeq };
  const fresh = new Map(entries.map((entry) => [entry.uid, messageOf(entry)]));
  const gone = new Set(removed);
  const kept = messages.filter(({ uid }) => !gone.has(uid)).map((each) => {
    const now = fresh.get(each.uid) ?? each;
    fresh.delete(each.uid);
    return now;
  });
  // UIDs only grow: what is left came behind all that were known.
  const came = [...fresh.values()].sort((a, b) => a.uid - b.uid);
  return { messages: [...kept, ...came], modSeq };
}

function pageOf({ messages }: Listing, after: Uid, max: number): readonly ImapMessage[] {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle]!.uid <= after) low = middle + 1;
    else high = middle;
  }
  return messages.slice(low, low + max);
}
