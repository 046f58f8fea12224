/** One mailbox that a client of IMAP has opened. */
import type { ImapMessage, ImapSelected, ImapStatus } from "../imap/backend.ts";
import { bytesOf } from "../mail/body.ts";
import { parseMime, type Part } from "../mail/mime.ts";
import type { Mail, Mailbox, Uid } from "../store/store.ts";
import { append, checkRoom } from "./imap_append.ts";
import { messageOf } from "./imap_listings.ts";
import type { Owner } from "./imap_owner.ts";
import type { Recents } from "./imap_recent.ts";
import { asImapError, NO_MAILBOX, NO_TARGET } from "./imap_refusals.ts";
import type { Incoming } from "./quota.ts";
import { bodyReader } from "./read_ahead.ts";

/** Entries that are read at once. */
const PAGE_ENTRIES_MAX = 1_000;
/**
 * The parts of larger messages are kept, so that asking for one attachment of many does not read
 * the others; smaller ones are read and gone through faster than a commit takes.
 */
const KEPT_FROM_BYTES = 128 * 1024;

/** Messages that are changed at once: others are not to wait for ten thousand of them. */
const CHANGED_AT_ONCE_MAX = 500;

type Placed = Awaited<ReturnType<Mail["copy"]>>;

export function selectedMailbox(owner: Owner, mailbox: Mailbox): ImapSelected {
  const { site, account, attempt, recents } = owner;
  const { mail } = site.store;
  /** Behind a full page: where more is to be read, others come first. */
  const { turn } = site.world.clock;
  const { id, name } = mailbox;
  return {
    name,
    status: statusOf(mailbox, recents),
    recent(told) {
      const before = recents.from(id);
      if (told !== null) recents.told(id, told);
      return before;
    },
    list: (after, max) => attempt("list", () => owner.listings.page(mailbox, after, max)),
    changes: (since, max) =>
      attempt("changes", async () => {
        const { entries, ...changes } = await mail.changes(id, since, max);
        if (changes.more) await turn();
        return { ...changes, messages: entries.map(messageOf) };
      }),
    changed: (since, signal) => changed(owner, mailbox, since, signal),
    kept: (uid, what) => owner.texts.get(`${id}/${uid}/${what}`),
    keep: (uid, what, text) => owner.texts.set(`${id}/${uid}/${what}`, text),
    content: (uid) => attempt("content", () => mail.body(id, uid)),
    contents() {
      const read = bodyReader(mail, id);
      return (uid) => attempt("content", () => read(uid));
    },
    parts: (uid) => attempt("parts", () => partsOf(owner, mailbox, uid)),
    without: (texts, within) =>
      attempt("search", () => site.searches.without(mailbox, { texts, within })),
    store: (change) =>
      attempt("store", async () => {
        const messages: ImapMessage[] = [];
        const modified: Uid[] = [];
        // RFC 9051 §6.4.6 does not want all or nothing.
        for (const uids of piecesOf(change.uids)) {
          const piece = await mail.setFlags(id, { ...change, uids });
          messages.push(...piece.entries.map(messageOf));
          modified.push(...piece.modified);
        }
        return { messages, modified };
      }),
    copy: (uids, to, { move }) =>
      attempt("copy", async () => {
        if (await mail.mailbox(account, to) === null) throw NO_TARGET;
        // What is moved was there before.
        if (!move) await checkRoom(owner, await weigh(owner, mailbox, uids));
        const at = site.world.clock.now();
        // RFC 9051 §6.4.7: COPY is of all or of none; §6.4.8: MOVE of each message by itself.
        const pieces = move && uids.length > 0 ? piecesOf(uids) : [uids];
        const placed: Placed[] = [];
        for (const piece of pieces) {
          placed.push(await mail.copy(id, piece, { account, name: to }, { move, at }));
        }
        return {
          uidValidity: placed[0]!.uidValidity,
          uids: placed.flatMap((each) => each.uids),
          from: placed.flatMap((each) => each.from),
        };
      }),
    expunge: (uids) =>
      attempt("expunge", async () => {
        for (const piece of piecesOf(uids ?? await deletedIn(owner, mailbox))) {
          await mail.expunge(id, piece);
        }
      }),
    replace: (uid, to, message) =>
      attempt("replace", () => append(owner, to, [message], { replaces: { mailbox: id, uid } })),
  };
}

/** What STATUS tells of a mailbox. */
export function statusOf(mailbox: Mailbox, recents: Recents): ImapStatus {
  const { id, objectId, uidValidity, uidNext, modSeq, messages, unseen, deleted, size } = mailbox;
  return {
    mailboxId: objectId,
    uidValidity,
    uidNext,
    modSeq,
    messages,
    unseen,
    deleted,
    size,
    recentFrom: recents.from(id),
  };
}

/** Whatever is changed in the account wakes; the woken find out whether it was in this mailbox. */
async function changed(
  { site, account }: Owner,
  { id }: Mailbox,
  since: number,
  signal: AbortSignal,
): Promise<void> {
  const { mail } = site.store;
  try {
    await mail.changed(account, since, signal);
  } catch (error) {
    throw asImapError(error) ?? error;
  }
  if (await mail.status(id) === null) throw NO_MAILBOX;
}

/** Those with \Deleted; most mailboxes have none, and are not looked through then. */
async function deletedIn(
  { site: { store: { mail } } }: Owner,
  { id }: Mailbox,
): Promise<readonly Uid[]> {
  const found: Uid[] = [];
  if ((await mail.status(id))?.deleted === 0) return found;
  for (let after = 0;;) {
    const page = await mail.list(id, after, PAGE_ENTRIES_MAX);
    for (const { uid, flags } of page) if (flags.includes("\\Deleted")) found.push(uid);
    if (page.length < PAGE_ENTRIES_MAX) return found;
    after = page.at(-1)!.uid;
  }
}

/** What copies of these messages would add to the account. */
async function weigh(
  { site: { store: { mail }, config } }: Owner,
  { id }: Mailbox,
  uids: readonly Uid[],
): Promise<Incoming> {
  const wanted = new Set(uids);
  let bytes = 0;
  if (config.quotaBytes !== null) {
    const [first, last] = [uids[0] ?? 0, uids.at(-1) ?? 0]; // they rise
    for (let after = first - 1; after < last;) {
      const page = await mail.list(id, after, PAGE_ENTRIES_MAX);
      for (const { uid, size } of page) if (wanted.has(uid)) bytes += size;
      if (page.length < PAGE_ENTRIES_MAX) break;
      after = page.at(-1)!.uid;
    }
  }
  return { bytes, messages: uids.length };
}

/** In their order; each waits for the one before, and whoever came meanwhile has a turn. */
function* piecesOf(uids: readonly Uid[]): Iterable<readonly Uid[]> {
  for (let at = 0; at < uids.length; at += CHANGED_AT_ONCE_MAX) {
    yield uids.slice(at, at + CHANGED_AT_ONCE_MAX);
  }
}

async function partsOf({ site }: Owner, { id }: Mailbox, uid: Uid): Promise<Part | null> {
  const { mail } = site.store;
  const kept = await mail.parts(id, uid);
  if (kept !== null) return kept;
  const body = await mail.body(id, uid);
  if (body === null) return null;
  const part = parseMime(await bytesOf(body));
  if (body.size >= KEPT_FROM_BYTES) await mail.keepParts(id, [[uid, part]]);
  return part;
}
