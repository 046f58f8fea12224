/** A mailbox in memory: each change moves its marks, and what it counts of its messages. */
import { REMOVED_SLACK } from "./changes.ts";
import { countEntry, type FlagSet, type Spelled, spellKeywords } from "./flags.ts";
import {
  type AccountRow,
  type EntryRow,
  type MailboxRow,
  type Memory,
  releaseContent,
} from "./memory_tables.ts";
import {
  type AccountId,
  type Mailbox,
  type ModSeq,
  REMOVED_KEPT,
  type SpecialUse,
  type Uid,
} from "./store.ts";

/** As others see it. */
export function mailboxOf(
  { id, account, name, objectId, use, uidValidity, uidNext, modSeq, counts }: MailboxRow,
): Mailbox {
  return { id, account: account.id, name, objectId, use, uidValidity, uidNext, modSeq, ...counts };
}

export function findMailbox(memory: Memory, account: AccountId, name: string): MailboxRow | null {
  return memory.accounts.get(account)?.mailboxes.get(name) ?? null;
}

/** Makes a mailbox at this time, in milliseconds since 1970; its mark is that of its account. */
export function insertMailbox(
  memory: Memory,
  account: AccountRow,
  { name, use, at }: {
    readonly name: string;
    readonly use: SpecialUse | null;
    readonly at: number;
  },
): MailboxRow {
  // RFC 9051 §2.3.1.1 advises the time; the maximum keeps it rising when clocks do not.
  memory.uidValidity = Math.max(memory.uidValidity + 1, Math.floor(at / 1000));
  const row: MailboxRow = {
    id: memory.nextId(),
    account,
    name,
    objectId: `M${memory.uidValidity}`,
    use,
    uidValidity: memory.uidValidity,
    uidNext: 1,
    modSeq: account.modSeq,
    counts: { messages: 0, unseen: 0, deleted: 0, size: 0 },
    entries: new Map(),
    keywords: [],
    metadata: new Map(),
    imported: new Set(),
    removed: [],
    forgotten: 0,
  };
  memory.mailboxes.set(row.id, row);
  account.mailboxes.set(name, row);
  return row;
}

/** Removes a mailbox; content that others still need stays. */
export function removeMailbox(memory: Memory, mailbox: MailboxRow): void {
  for (const { content } of mailbox.entries.values()) releaseContent(memory, content);
  memory.mailboxes.delete(mailbox.id);
  mailbox.account.mailboxes.delete(mailbox.name);
}

/** What an entry is before its mailbox numbers it. */
export type NewEntry = Omit<EntryRow, "uid" | "modSeq" | "message" | "size">;

export function addEntry(mailbox: MailboxRow, entry: NewEntry): Uid {
  const { content, prefix } = entry;
  const row: EntryRow = {
    ...entry,
    uid: mailbox.uidNext++,
    modSeq: nextModSeq(mailbox),
    message: content.id,
    size: prefix.length + content.body.size,
  };
  mailbox.entries.set(row.uid, row);
  countEntry(mailbox.counts, row, 1);
  content.uses++;
  return row.uid;
}

/** Gives an entry other flags. */
export function updateEntry(mailbox: MailboxRow, old: EntryRow, flags: FlagSet): EntryRow {
  const row = { ...old, ...flags, modSeq: nextModSeq(mailbox) };
  mailbox.entries.set(row.uid, row);
  countEntry(mailbox.counts, old, -1);
  countEntry(mailbox.counts, row, 1);
  return row;
}

/** What is already gone is passed over. */
export function removeEntries(memory: Memory, mailbox: MailboxRow, uids: readonly Uid[]): void {
  for (const uid of uids) {
    const entry = mailbox.entries.get(uid);
    if (entry === undefined) continue;
    mailbox.entries.delete(uid);
    countEntry(mailbox.counts, entry, -1);
    mailbox.removed.push({ modSeq: nextModSeq(mailbox), uid });
    releaseContent(memory, entry.content);
  }
  forgetOldest(mailbox);
}

/** The same, and nothing is changed. @throws {StoreError} `limit` */
export function spellIn(mailbox: MailboxRow, wanted: readonly string[]): Spelled {
  return spellKeywords(mailbox.keywords, wanted, () => mailbox.entries.values());
}

/** Keywords as the mailbox spells them, new ones added. @throws {StoreError} `limit` */
export function spell(mailbox: MailboxRow, wanted: readonly string[]): string {
  const { keywords, added, forgotten } = spellIn(mailbox, wanted);
  if (added.length > 0) {
    const kept = mailbox.keywords.filter((each) => !forgotten.includes(each));
    mailbox.keywords = [...kept, ...added].sort();
  }
  return keywords;
}

/** The mark of a change in a mailbox. */
export function nextModSeq(mailbox: MailboxRow): ModSeq {
  return mailbox.modSeq = ++mailbox.account.modSeq;
}

function forgetOldest(mailbox: MailboxRow): void {
  const over = mailbox.removed.length - REMOVED_KEPT;
  if (over <= REMOVED_SLACK) return;
  mailbox.forgotten = mailbox.removed[over - 1]!.modSeq;
  mailbox.removed = mailbox.removed.slice(over);
}
