/** Mailboxes in memory. */
import { bodyOf, joinBodies } from "../mail/body.ts";
import { changesPage, REMOVED_SLACK, unknownMailbox } from "./changes.ts";
import {
  type EntryRow,
  findMailbox,
  type MailboxRow,
  type Memory,
  type MemoryParts,
  releaseContent,
} from "./memory_tables.ts";
import {
  type Changes,
  type Entry,
  type Mail,
  type Mailbox,
  type ModSeq,
  REMOVED_KEPT,
  type Uid,
} from "./store.ts";
import { promised } from "./promised.ts";

export function memoryMail({ memory, marks, group }: MemoryParts): Mail {
  const { accounts } = marks;
  return {
    mailbox(account, name) {
      const row = findMailbox(memory, account, name);
      return Promise.resolve(row === null ? null : mailboxOf(row));
    },
    modSeq: (account) => accounts.mark(account).value(),
    list(mailbox, after, max) {
      const rows = [...memory.mailboxes.get(mailbox)?.entries.values() ?? []];
      return Promise.resolve(rows.filter((row) => row.uid > after).slice(0, max).map(entryOf));
    },
    changes(mailbox, since, max) {
      return promised(() => {
        const row = memory.mailboxes.get(mailbox);
        if (row === undefined) throw unknownMailbox(mailbox);
        return changesOf(row, since, max);
      });
    },
    body(mailbox, uid) {
      const entry = memory.mailboxes.get(mailbox)?.entries.get(uid);
      if (entry === undefined) return Promise.resolve(null);
      return Promise.resolve(joinBodies([bodyOf(entry.prefix), entry.content.body]));
    },
    remove(mailbox, uids) {
      return group.run(() => {
        const row = memory.mailboxes.get(mailbox);
        if (row === undefined) return;
        for (const uid of uids) removeEntry(memory, row, uid);
        forgetOldest(row);
        return row.account;
      }, (account) => {
        if (account !== undefined) accounts.advance(account.id, account.modSeq);
      }).then(() => {});
    },
    changed(account, since, signal) {
      return promised(() => accounts.mark(account).passed(since, signal));
    },
  };
}

function mailboxOf({ id, account, name, uidValidity, uidNext, modSeq }: MailboxRow): Mailbox {
  return { id, account: account.id, name, uidValidity, uidNext, modSeq };
}

function entryOf({ uid, size, receivedAt, modSeq, message }: EntryRow): Entry {
  return { uid, size, receivedAt, modSeq, message };
}

function changesOf(row: MailboxRow, since: ModSeq, max: number): Changes {
  const entries = [...row.entries.values()].filter((entry) => entry.modSeq > since);
  const removed = since === 0 ? [] : row.removed.filter((each) => each.modSeq > since);
  return changesPage({
    entries: entries.slice(0, max + 1).map(entryOf),
    removed: removed.slice(0, max + 1),
    max,
    newest: row.account.modSeq,
    forgotten: since !== 0 && since < row.forgotten,
  });
}

function removeEntry(memory: Memory, mailbox: MailboxRow, uid: Uid): void {
  const entry = mailbox.entries.get(uid);
  if (entry === undefined) return;
  mailbox.entries.delete(uid);
  mailbox.modSeq = ++mailbox.account.modSeq;
  mailbox.removed.push({ modSeq: mailbox.modSeq, uid });
  releaseContent(memory, entry.content);
}

function forgetOldest(mailbox: MailboxRow): void {
  const over = mailbox.removed.length - REMOVED_KEPT;
  if (over <= REMOVED_SLACK) return;
  mailbox.forgotten = mailbox.removed[over - 1]!.modSeq;
  mailbox.removed = mailbox.removed.slice(over);
}
