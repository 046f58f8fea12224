/** Mailboxes in SQLite: what is in them. */
import type { DatabaseSync } from "node:sqlite";
import { bodyOf, joinBodies } from "../mail/body.ts";
import type { Part } from "../mail/mime.ts";
import { concat } from "../wire/bytes.ts";
import { changesPage, type Removal, unknownMailbox } from "./changes.ts";
import { CHUNK_BYTES, contentBytes, prepareBrought, readTogether } from "./content.ts";
import { entryOf, type StoredEntry } from "./flags.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import type { MessageRow } from "./sqlite_content.ts";
import { keywordReader, SELECT_ENTRY } from "./sqlite_entries.ts";
import { sqliteImported } from "./sqlite_imported.ts";
import { SELECT_MAILBOX } from "./sqlite_mailboxes.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import type { Changes, Mail, Mailbox, MailboxId, ModSeq, Uid } from "./store.ts";

export function sqliteMail(parts: SqliteParts): Mail {
  const { database, entries, change } = parts;
  const { accounts } = parts.marks;
  const selectNamed = prepare<Mailbox>(
    database,
    `${SELECT_MAILBOX} WHERE account = ? AND name = ?`,
  );
  const selectMailbox = prepare<Mailbox>(database, `${SELECT_MAILBOX} WHERE id = ?`);
  const keywords = keywordReader(database);
  const selectByUid = prepare<StoredEntry>(
    database,
    `${SELECT_ENTRY} WHERE e.mailbox = ? AND e.uid > ? ORDER BY e.uid LIMIT ?`,
  );
  const changes = changesReader(database);

  return {
    mailbox: (account, name) => promised(() => selectNamed.first(account, name)),
    status: (mailbox) => promised(() => selectMailbox.first(mailbox)),
    keywords: (mailbox) => promised(() => keywords(mailbox)),
    modSeq: (account) => accounts.mark(account).value(),
    list: (mailbox, after, max) =>
      promised(() => selectByUid.rows(mailbox, after, max).map(entryOf)),
    changes: (mailbox, since, max) => promised(() => changes(mailbox, since, max)),
    ...bodyReader(parts),
    ...partsKeeper(parts),
    ...sqliteImported(parts),
    async append(to, messages, { at, replaces }) {
      const brought = await Promise.all(messages.map((each) => prepareBrought(each, at)));
      return await change((edit) => {
        const placed = entries.append(edit, to, brought);
        if (replaces !== undefined) entries.remove(edit, replaces.mailbox, [replaces.uid]);
        return placed;
      }, contentBytes(brought));
    },
    setFlags: (mailbox, wanted) => change((edit) => entries.setFlags(edit, mailbox, wanted)),
    copy: (mailbox, uids, to, options) =>
      change((edit) => entries.copy(edit, mailbox, uids, to, options)),
    remove: (mailbox, uids) => change((edit) => entries.remove(edit, mailbox, uids)),
    expunge: (mailbox, uids) => change((edit) => entries.expunge(edit, mailbox, uids)),
    changed(account, since, signal) {
      return promised(() => accounts.mark(account).passed(since, signal));
    },
  };
}

function bodyReader({ database, contents }: SqliteParts): Pick<Mail, "body" | "bodies"> {
  interface Row {
    readonly uid: Uid;
    readonly message: MessageRow;
    readonly contentBytes: number;
    readonly prefix: Uint8Array;
  }
  const columns = "SELECT e.uid, e.message, m.size AS contentBytes, e.prefix";
  const from = "FROM entries e JOIN messages m ON m.id = e.message WHERE e.mailbox = ?";
  const selectOne = prepare<Row>(database, `${columns} ${from} AND e.uid = ?`);
  const selectNext = prepare<Row & { readonly size: number }>(
    database,
    `${columns}, length(e.prefix) + m.size AS size ${from} AND e.uid >= ? ORDER BY e.uid LIMIT ?`,
  );
  const whole = ({ message, contentBytes, prefix }: Row) =>
    joinBodies([bodyOf(prefix), contents.body(message, contentBytes)]);
  return {
    body(mailbox, uid) {
      const row = selectOne.first(mailbox, uid);
      return row === null ? null : whole(row);
    },
    bodies(mailbox, first, max) {
      const rows = readTogether(selectNext.rows(mailbox, first, max));
      const small = rows.filter(({ contentBytes }) => contentBytes <= CHUNK_BYTES);
      const chunks = contents.firstChunks(small.map(({ message }) => message));
      return new Map(rows.map((row) => {
        const bytes = chunks.get(row.message);
        // What is not whole there fails whoever asks for it.
        const body = bytes?.length === row.contentBytes
          ? bodyOf(row.prefix.length === 0 ? bytes : concat([row.prefix, bytes]))
          : whole(row);
        return [row.uid, body];
      }));
    },
  };
}

function partsKeeper({ database, group }: SqliteParts): Pick<Mail, "parts" | "keepParts"> {
  const select = prepare<{ readonly parts: string }>(
    database,
    `SELECT p.parts FROM entries e
     JOIN parts p ON p.message = e.message AND p.prefixBytes = length(e.prefix)
     WHERE e.mailbox = ? AND e.uid = ?`,
  );
  const insert = prepare(
    database,
    `INSERT OR REPLACE INTO parts (message, prefixBytes, parts)
     SELECT message, length(prefix), ? FROM entries WHERE mailbox = ? AND uid = ?`,
  );
  return {
    parts(mailbox, uid) {
      return promised(() => {
        const row = select.first(mailbox, uid);
        return row === null ? null : JSON.parse(row.parts) as Part;
      });
    },
    keepParts(mailbox, found) {
      return group.run(() => {
        for (const [uid, part] of found) insert.run(JSON.stringify(part), mailbox, uid);
      });
    },
  };
}

function changesReader(
  database: DatabaseSync,
): (mailbox: MailboxId, since: ModSeq, max: number) => Changes {
  const selectMarks = prepare<{ readonly newest: ModSeq; readonly forgotten: ModSeq }>(
    database,
    `SELECT a.modSeq AS newest, b.forgotten FROM mailboxes b JOIN accounts a ON a.id = b.account
     WHERE b.id = ?`,
  );
  const selectByModSeq = prepare<StoredEntry>(
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
      entries: selectByModSeq.rows(mailbox, since, max + 1).map(entryOf),
      removed: since === 0 ? [] : selectRemoved.all(mailbox, since, max + 1),
      max,
      newest: marks.newest,
      forgotten: since !== 0 && since < marks.forgotten,
    });
  };
}
