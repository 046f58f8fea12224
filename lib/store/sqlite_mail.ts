/** Mailboxes in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import { bodyOf, joinBodies } from "../mail/body.ts";
import { changesPage, type Removal, REMOVED_SLACK, unknownMailbox } from "./changes.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import type { Contents, MessageRow } from "./sqlite_content.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import {
  type AccountId,
  type Changes,
  type Entry,
  type Mail,
  type Mailbox,
  type MailboxId,
  type ModSeq,
  REMOVED_KEPT,
  type Uid,
} from "./store.ts";

export function sqliteMail(parts: SqliteParts): Mail {
  const { database, group, contents } = parts;
  const { accounts } = parts.marks;
  const selectMailbox = prepare<Mailbox>(
    database,
    `SELECT id, account, name, uidValidity, uidNext, modSeq FROM mailboxes
     WHERE account = ? AND name = ?`,
  );
  const selectByUid = prepare<Entry>(
    database,
    `${SELECT_ENTRY} WHERE e.mailbox = ? AND e.uid > ? ORDER BY e.uid LIMIT ?`,
  );
  const selectBody = prepare<
    { readonly message: MessageRow; readonly size: number; readonly prefix: Uint8Array }
  >(
    database,
    `SELECT e.message, m.size, e.prefix FROM entries e JOIN messages m ON m.id = e.message
     WHERE e.mailbox = ? AND e.uid = ?`,
  );
  const changes = changesReader(database);
  const removeEntries = entriesRemover(database, contents);

  return {
    mailbox: (account, name) => promised(() => selectMailbox.first(account, name)),
    modSeq: (account) => accounts.mark(account).value(),
    list: (mailbox, after, max) => promised(() => selectByUid.all(mailbox, after, max)),
    changes: (mailbox, since, max) => promised(() => changes(mailbox, since, max)),
    body(mailbox, uid) {
      return promised(() => {
        const entry = selectBody.first(mailbox, uid);
        if (entry === null) return null;
        return joinBodies([bodyOf(entry.prefix), contents.body(entry.message, entry.size)]);
      });
    },
    remove(mailbox, uids) {
      return group.run(() => removeEntries(mailbox, uids), (removal) => {
        if (removal !== null) accounts.advance(removal.account, removal.modSeq);
      }).then(() => {});
    },
    changed(account, since, signal) {
      return promised(() => accounts.mark(account).passed(since, signal));
    },
  };
}

/** The columns in the names of {@linkcode Entry}. */
const SELECT_ENTRY = `SELECT e.uid, length(e.prefix) + m.size AS size, m.acceptedAt AS receivedAt,
  e.modSeq, m.message FROM entries e JOIN messages m ON m.id = e.message`;

function changesReader(
  database: DatabaseSync,
): (mailbox: MailboxId, since: ModSeq, max: number) => Changes {
  const selectMarks = prepare<{ readonly newest: ModSeq; readonly forgotten: ModSeq }>(
    database,
    `SELECT a.modSeq AS newest, b.forgotten FROM mailboxes b JOIN accounts a ON a.id = b.account
     WHERE b.id = ?`,
  );
  const selectByModSeq = prepare<Entry>(
    database,
    `${SELECT_ENTRY} WHERE e.mailbox = ? AND e.modSeq > ? ORDER BY e.modSeq LIMIT ?`,
  );
  const selectRemoved = prepare<Removal>(
    database,
    "SELECT modSeq, uid FROM removed WHERE mailbox = ? AND modSeq > ? ORDER BY modSeq LIMIT ?",
  );
  return (mailbox, since, max) => {
    const marks = selectMarks.first(mailbox);
    if (marks === null) throw unknownMailbox(mailbox);
    return changesPage({
      entries: selectByModSeq.all(mailbox, since, max + 1),
      removed: since === 0 ? [] : selectRemoved.all(mailbox, since, max + 1),
      max,
      newest: marks.newest,
      forgotten: since !== 0 && since < marks.forgotten,
    });
  };
}

/** Gives the function that removes entries, and says which mark that made; `null` for no change. */
function entriesRemover(
  database: DatabaseSync,
  contents: Contents,
): (
  mailbox: MailboxId,
  uids: readonly Uid[],
) => { readonly account: AccountId; readonly modSeq: ModSeq } | null {
  const selectAccount = prepare<{ readonly account: AccountId; readonly modSeq: ModSeq }>(
    database,
    `SELECT a.id AS account, a.modSeq FROM mailboxes b JOIN accounts a ON a.id = b.account
     WHERE b.id = ?`,
  );
  const deleteEntry = prepare<{ readonly message: MessageRow }>(
    database,
    "DELETE FROM entries WHERE mailbox = ? AND uid = ? RETURNING message",
  );
  const insertRemoved = prepare(
    database,
    "INSERT INTO removed (mailbox, modSeq, uid) VALUES (?, ?, ?)",
  );
  const updateAccount = prepare(database, "UPDATE accounts SET modSeq = ? WHERE id = ?");
  const updateMailbox = prepare<{ readonly removals: number }>(
    database,
    "UPDATE mailboxes SET modSeq = ?, removals = removals + ? WHERE id = ? RETURNING removals",
  );
  const forgetOldest = removalForgetter(database);

  return (mailbox, uids) => {
    const before = selectAccount.first(mailbox);
    if (before === null) return null;
    const messages = new Set<MessageRow>();
    let modSeq = before.modSeq;
    for (const uid of uids) {
      const entry = deleteEntry.first(mailbox, uid);
      if (entry === null) continue;
      insertRemoved.run(mailbox, ++modSeq, uid);
      messages.add(entry.message);
    }
    if (modSeq === before.modSeq) return null;
    updateAccount.run(modSeq, before.account);
    const { removals } = updateMailbox.first(modSeq, modSeq - before.modSeq, mailbox)!;
    if (removals > REMOVED_KEPT + REMOVED_SLACK) forgetOldest(mailbox);
    contents.release(messages);
    return { account: before.account, modSeq };
  };
}

function removalForgetter(database: DatabaseSync): (mailbox: MailboxId) => void {
  const selectNewestForgotten = prepare<{ readonly modSeq: ModSeq }>(
    database,
    `SELECT modSeq FROM removed WHERE mailbox = ? ORDER BY modSeq DESC
     LIMIT 1 OFFSET ${REMOVED_KEPT}`,
  );
  const deleteRemoved = prepare(
    database,
    "DELETE FROM removed WHERE mailbox = ? AND modSeq <= ?",
  );
  const updateMailbox = prepare(
    database,
    `UPDATE mailboxes SET removals = ${REMOVED_KEPT}, forgotten = ? WHERE id = ?`,
  );
  return (mailbox) => {
    const { modSeq } = selectNewestForgotten.first(mailbox)!;
    deleteRemoved.run(mailbox, modSeq);
    updateMailbox.run(modSeq, mailbox);
  };
}
