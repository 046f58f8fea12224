/** One mailbox that a client of IMAP has opened. */
import type { ImapMessage, ImapSelected, ImapStatus } from "../imap/backend.ts";
import { bytesOf } from "../mail/body.ts";
import { parseMime, type Part } from "../mail/mime.ts";
import type { Entry, Mailbox, Uid } from "../store/store.ts";
import { append, checkRoom } from "./imap_append.ts";
import type { Owner } from "./imap_owner.ts";
import { asImapError, NO_MAILBOX, NO_TARGET } from "./imap_refusals.ts";
import type { Incoming } from "./quota.ts";

/** Entries that are read at once. */
const PAGE_ENTRIES_MAX = 1_000;
/**
 * The parts of larger messages are kept, so that asking for one attachment of many does not read
 * the others; smaller ones are read and gone through faster than a commit takes.
 */
const KEPT_FROM_BYTES = 128 * 1024;

export function selectedMailbox(owner: Owner, mailbox: Mailbox): ImapSelected {
  const { site, account, attempt } = owner;
  const { mail } = site.store;
  const { id, name } = mailbox;
  return {
    name,
    status: statusOf(mailbox),
    list: (after, max) =>
      attempt("list", async () => (await mail.list(id, after, max)).map(messageOf)),
    changes: (since, max) =>
      attempt("changes", async () => {
        const { entries, ...changes } = await mail.changes(id, since, max);
        return { ...changes, messages: entries.map(messageOf) };
      }),
    changed: (since, signal) => changed(owner, mailbox, since, signal),
    content: (uid) => attempt("content", () => mail.body(id, uid)),
    parts: (uid) => attempt("parts", () => partsOf(owner, mailbox, uid)),
    without: (texts, within) =>
      attempt("search", () => site.searches.without(mailbox, { texts, within })),
    store: (change) =>
      attempt("store", async () => {
        const { entries, modified } = await mail.setFlags(id, change);
        return { messages: entries.map(messageOf), modified };
      }),
    copy: (uids, to, { move }) =>
      attempt("copy", async () => {
        if (await mail.mailbox(account, to) === null) throw NO_TARGET;
        // What is moved was there before.
        if (!move) await checkRoom(owner, await weigh(owner, mailbox, uids));
        const at = site.world.clock.now();
        return await mail.copy(id, uids, { account, name: to }, { move, at });
      }),
    expunge: (uids) => attempt("expunge", () => mail.expunge(id, uids)),
    replace: (uid, to, message) =>
      attempt("replace", () => append(owner, to, [message], { replaces: { mailbox: id, uid } })),
  };
}

/** What STATUS tells of a mailbox. */
export function statusOf({ objectId, ...mailbox }: Mailbox): ImapStatus {
  const { uidValidity, uidNext, modSeq, messages, unseen, deleted, size } = mailbox;
  return { mailboxId: objectId, uidValidity, uidNext, modSeq, messages, unseen, deleted, size };
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

function messageOf({ message: emailId, ...entry }: Entry): ImapMessage {
  return { ...entry, emailId };
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
