/** Mailboxes in memory: what is in them. */
import { bodyOf, joinBodies } from "../mail/body.ts";
import { changesPage } from "./changes.ts";
import { readTogether } from "./content.ts";
import { entryOf } from "./flags.ts";
import { mailboxRow } from "./memory_change.ts";
import { memoryEntries } from "./memory_entries.ts";
import { findMailbox, mailboxOf } from "./memory_mailbox.ts";
import type { EntryRow, MailboxRow, Memory, MemoryParts } from "./memory_tables.ts";
import { promised } from "./promised.ts";
import type { Changes, Mail, MailboxId, ModSeq, Uid } from "./store.ts";

export function memoryMail(parts: MemoryParts): Mail {
  const { memory, marks: { accounts }, group } = parts;
  return {
    mailbox(account, name) {
      const row = findMailbox(memory, account, name);
      return Promise.resolve(row === null ? null : mailboxOf(row));
    },
    status(mailbox) {
      const row = memory.mailboxes.get(mailbox);
      return Promise.resolve(row === undefined ? null : mailboxOf(row));
    },
    keywords: (mailbox) => Promise.resolve(memory.mailboxes.get(mailbox)?.keywords ?? []),
    modSeq: (account) => accounts.mark(account).value(),
    list(mailbox, after, max) {
      const rows = [...memory.mailboxes.get(mailbox)?.entries.values() ?? []];
      return Promise.resolve(rows.filter((row) => row.uid > after).slice(0, max).map(entryOf));
    },
    changes: (mailbox, since, max) =>
      promised(() => changesOf(mailboxRow(memory, mailbox), since, max)),
    body(mailbox, uid) {
      const entry = findEntry(memory, mailbox, uid);
      if (entry === null) return null;
      return joinBodies([bodyOf(entry.prefix), entry.content.body]);
    },
    bodies(mailbox, from, max) {
      const rows = [...memory.mailboxes.get(mailbox)?.entries.values() ?? []];
      const found = rows.filter(({ uid }) => uid >= from).slice(0, max);
      return new Map(
        readTogether(found).map(({ uid, prefix, content }) => [
          uid,
          joinBodies([bodyOf(prefix), content.body]),
        ]),
      );
    },
    parts(mailbox, uid) {
      const entry = findEntry(memory, mailbox, uid);
      return Promise.resolve(entry?.content.parts.get(entry.prefix.length) ?? null);
    },
    keepParts(mailbox, found) {
      return group.run(() => {
        for (const [uid, part] of found) {
          const entry = findEntry(memory, mailbox, uid);
          entry?.content.parts.set(entry.prefix.length, part);
        }
      });
    },
    ...memoryEntries(parts),
    changed(account, since, signal) {
      return promised(() => accounts.mark(account).passed(since, signal));
    },
  };
}

function findEntry(memory: Memory, mailbox: MailboxId, uid: Uid): EntryRow | null {
  return memory.mailboxes.get(mailbox)?.entries.get(uid) ?? null;
}

function changesOf(row: MailboxRow, since: ModSeq, max: number): Changes {
  const entries = [...row.entries.values()].filter((entry) => entry.modSeq > since)
    .sort((a, b) => a.modSeq - b.modSeq);
  const removed = since === 0 ? [] : row.removed.filter((each) => each.modSeq > since);
  return changesPage({
    entries: entries.slice(0, max + 1).map(entryOf),
    removed: removed.slice(0, max + 1),
    max,
    newest: row.account.modSeq,
    forgotten: since !== 0 && since < row.forgotten,
  });
}
