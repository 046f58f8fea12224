/** Bringing messages into mailboxes, copying and removing them, in SQLite; and their flags. */
import type { DatabaseSync } from "node:sqlite";
import { unknownMailbox, unknownName } from "./changes.ts";
import type { Brought } from "./content.ts";
import {
  changeFlags,
  countEntry,
  DELETED,
  distinctKeywords,
  entryOf,
  type FlagSet,
  givenFlags,
  keywordsIn,
  parseFlags,
  respelling,
  sameFlags,
  spellKeywords,
  type StoredEntry,
} from "./flags.ts";
import { prepare } from "./sql.ts";
import type { Contents, MessageRow } from "./sqlite_content.ts";
import type { Edit, Edited } from "./sqlite_edit.ts";
import type {
  CopyOptions,
  Entry,
  FlagChange,
  MailboxId,
  MailboxName,
  Placed,
  Uid,
} from "./store.ts";

/** The columns in the names of {@linkcode StoredEntry}. */
export const SELECT_ENTRY = `SELECT e.uid, length(e.prefix) + m.size AS size,
  ifnull(e.receivedAt, m.acceptedAt) AS receivedAt, ifnull(e.savedAt, m.acceptedAt) AS savedAt,
  e.modSeq, m.message, e.flags AS bits, e.keywords
  FROM entries e JOIN messages m ON m.id = e.message`;

/** What is done with entries inside of a transaction; each method as `Mail` has it. */
export interface Entries {
  append(edit: Edit, to: MailboxName, brought: readonly Brought[]): Placed;
  setFlags(edit: Edit, mailbox: MailboxId, change: FlagChange): FlagsSet;
  /** `uids`: `null` for all that is there. */
  copy(
    edit: Edit,
    mailbox: MailboxId,
    uids: readonly Uid[] | null,
    to: MailboxName,
    options: CopyOptions,
  ): Placed & { readonly from: readonly Uid[] };
  remove(edit: Edit, mailbox: MailboxId, uids: readonly Uid[]): void;
  expunge(edit: Edit, mailbox: MailboxId, uids: readonly Uid[] | null): void;
}

export interface FlagsSet {
  readonly entries: readonly Entry[];
  readonly modified: readonly Uid[];
}

export function sqliteEntries(database: DatabaseSync, contents: Contents): Entries {
  const keywords = keywordKeeper(database);
  const insert = inserter(database, contents);
  const remove = remover(database, contents);
  const setFlags = flagSetter(database, keywords);
  const selectDeleted = prepare<{ readonly uid: Uid }>(
    database,
    `SELECT uid FROM entries WHERE mailbox = ? AND flags & ${DELETED} ORDER BY uid`,
  );

  return {
    append(edit, to, brought) {
      const mailbox = edit.named(to);
      if (mailbox === null) throw unknownName(to);
      const uids = brought.map((each) => {
        const { bits, keywords: wanted } = parseFlags(each.flags);
        return insert(mailbox, each, { bits, keywords: keywords.spell(mailbox.id, wanted) });
      });
      return { uidValidity: mailbox.uidValidity, uids };
    },
    setFlags(edit, id, change) {
      const mailbox = edit.mailbox(id);
      if (mailbox === null) throw unknownMailbox(id);
      return setFlags(mailbox, change);
    },
    copy: copier(database, keywords, remove),
    remove(edit, id, uids) {
      const mailbox = edit.mailbox(id);
      if (mailbox !== null) remove(mailbox, uids);
    },
    expunge(edit, id, uids) {
      const mailbox = edit.mailbox(id);
      // Most have none: then nothing is looked through.
      if (mailbox === null || mailbox.counts.deleted === 0) return;
      const chosen = uids === null ? null : new Set(uids);
      const deleted = selectDeleted.all(id).map(({ uid }) => uid);
      remove(mailbox, deleted.filter((uid) => chosen === null || chosen.has(uid)));
    },
  };
}

/** Those that are there, in the order of their uids here, each once; `null`: all, by uid. */
type ReadEntries = (mailbox: MailboxId, uids: readonly Uid[] | null) => readonly StoredEntry[];

function entryReader(database: DatabaseSync): ReadEntries {
  const selectOne = prepare<StoredEntry>(
    database,
    `${SELECT_ENTRY} WHERE e.mailbox = ? AND e.uid = ?`,
  );
  const selectRange = prepare<StoredEntry>(
    database,
    `${SELECT_ENTRY} WHERE e.mailbox = ? AND e.uid BETWEEN ? AND ? ORDER BY e.uid`,
  );
  return (mailbox, uids) => {
    if (uids === null) return selectRange.all(mailbox, 0, Number.MAX_SAFE_INTEGER);
    const wanted = [...new Set(uids)];
    const [from, to] = wanted.reduce(
      ([least, most], uid) => [Math.min(least, uid), Math.max(most, uid)],
      [Infinity, -Infinity],
    );
    // Most of a mailbox is read at once in half the time, but a few from all over it are not.
    if (to - from >= 2 * wanted.length) {
      return wanted.flatMap((uid) => selectOne.first(mailbox, uid) ?? []);
    }
    const found = new Map(selectRange.all(mailbox, from, to).map((each) => [each.uid, each]));
    return wanted.flatMap((uid) => found.get(uid) ?? []);
  };
}

/** The keywords that each mailbox knows. */
interface Keywords {
  of(mailbox: MailboxId): readonly string[];
  /** As the mailbox has them; adds those that are new. @throws {StoreError} `limit` */
  spell(mailbox: MailboxId, wanted: readonly string[]): string;
}

export function keywordReader(database: DatabaseSync): Keywords["of"] {
  const select = prepare<{ readonly keyword: string }>(
    database,
    "SELECT keyword FROM keywords WHERE mailbox = ? ORDER BY keyword",
  );
  return (mailbox) => select.all(mailbox).map(({ keyword }) => keyword);
}

function keywordKeeper(database: DatabaseSync): Keywords {
  const of = keywordReader(database);
  const insert = prepare(database, "INSERT INTO keywords (mailbox, keyword) VALUES (?, ?)");
  const remove = prepare(database, "DELETE FROM keywords WHERE mailbox = ? AND keyword = ?");
  const selectInUse = prepare<{ readonly keywords: string }>(
    database,
    "SELECT DISTINCT keywords FROM entries WHERE mailbox = ?",
  );
  return {
    of,
    spell(mailbox, wanted) {
      if (wanted.length === 0) return "";
      const inUse = () => selectInUse.all(mailbox);
      const { keywords, added, forgotten } = spellKeywords(of(mailbox), wanted, inUse);
      for (const keyword of forgotten) remove.run(mailbox, keyword);
      for (const keyword of added) insert.run(mailbox, keyword);
      return keywords;
    },
  };
}

function inserter(
  database: DatabaseSync,
  contents: Contents,
): (mailbox: Edited, brought: Brought, flags: FlagSet) => Uid {
  const insertEntry = prepare(
    database,
    `INSERT INTO entries (mailbox, uid, message, modSeq, prefix, flags, keywords, receivedAt)
     VALUES (?, ?, ?, ?, x'', ?, ?, ?)`,
  );
  return (mailbox, brought, { bits, keywords }) => {
    const message = contents.insert(brought);
    const uid = mailbox.nextUid();
    const modSeq = mailbox.nextModSeq();
    insertEntry.run(mailbox.id, uid, message, modSeq, bits, keywords, brought.receivedAt);
    countEntry(mailbox.counts, { bits, size: brought.message.content.size }, 1);
    return uid;
  };
}

function copier(database: DatabaseSync, keywords: Keywords, remove: Remove): Entries["copy"] {
  const read = entryReader(database);
  // One statement for many, and CROSS: the list first, and each of it looked up once.
  const copyEntries = prepare(
    database,
    `INSERT INTO entries
       (mailbox, uid, message, modSeq, prefix, flags, keywords, receivedAt, savedAt)
     SELECT ?, new.value ->> 1, e.message, new.value ->> 2, e.prefix, e.flags, new.value ->> 3,
       e.receivedAt, ?
     FROM json_each(?) new CROSS JOIN entries e ON e.mailbox = ? AND e.uid = new.value ->> 0`,
  );
  return (edit, id, uids, to, { move, at }) => {
    const [source, target] = [edit.mailbox(id), edit.named(to)];
    if (source === null) throw unknownMailbox(id);
    if (target === null) throw unknownName(to);
    const entries = read(id, uids);
    const wanted = distinctKeywords(entries.flatMap(keywordsIn));
    const spelled = respelling(keywords.spell(target.id, wanted));
    const copies = entries.map((entry) => {
      countEntry(target.counts, entry, 1);
      return [entry.uid, target.nextUid(), target.nextModSeq(), spelled(entry)] as const;
    });
    copyEntries.run(target.id, at, JSON.stringify(copies), id);
    const placed = copies.map(([, uid]) => uid);
    const from = entries.map(({ uid }) => uid);
    if (move) remove(source, from);
    return { uidValidity: target.uidValidity, uids: placed, from };
  };
}

type Remove = (mailbox: Edited, uids: readonly Uid[]) => void;

function remover(database: DatabaseSync, contents: Contents): Remove {
  const deleteEntry = prepare<
    { readonly message: MessageRow; readonly bits: number; readonly size: number }
  >(
    database,
    `DELETE FROM entries WHERE mailbox = ? AND uid = ? RETURNING message, flags AS bits,
     length(prefix) + (SELECT m.size FROM messages m WHERE m.id = entries.message) AS size`,
  );
  const insertRemoved = prepare(
    database,
    "INSERT INTO removed (mailbox, modSeq, uid) VALUES (?, ?, ?)",
  );
  return (mailbox, uids) => {
    const messages = new Set<MessageRow>();
    for (const uid of uids) {
      const entry = deleteEntry.first(mailbox.id, uid);
      if (entry === null) continue;
      insertRemoved.run(mailbox.id, mailbox.nextModSeq(), uid);
      mailbox.removals++;
      countEntry(mailbox.counts, entry, -1);
      messages.add(entry.message);
    }
    contents.release(messages);
  };
}

function flagSetter(
  database: DatabaseSync,
  keywords: Keywords,
): (mailbox: Edited, change: FlagChange) => FlagsSet {
  const read = entryReader(database);
  const updateRun = prepare(
    database,
    `UPDATE entries SET flags = ?, keywords = ?, modSeq = uid + ?
     WHERE mailbox = ? AND uid BETWEEN ? AND ?`,
  );
  return (mailbox, { uids, change, flags, unchangedSince }) => {
    const wanted = givenFlags(keywords.of(mailbox.id), change, parseFlags(flags));
    const given = {
      bits: wanted.bits,
      keywords: keywords.spell(mailbox.id, wanted.keywords),
    };
    const entries: Entry[] = [];
    const modified: Uid[] = [];
    const changed: StoredEntry[] = [];
    for (const old of read(mailbox.id, uids)) {
      const { uid } = old;
      if (unchangedSince !== null && old.modSeq > unchangedSince) {
        modified.push(uid);
        continue;
      }
      const next = changeFlags(old, change, given);
      if (sameFlags(old, next)) {
        entries.push(entryOf(old));
        continue;
      }
      const entry = { ...old, ...next, modSeq: mailbox.nextModSeq() };
      changed.push(entry);
      countEntry(mailbox.counts, old, -1);
      countEntry(mailbox.counts, entry, 1);
      entries.push(entryOf(entry));
    }
    for (const { first, last } of runsOf(changed)) {
      const { uid, bits, keywords, modSeq } = first;
      updateRun.run(bits, keywords, modSeq - uid, mailbox.id, uid, last.uid);
    }
    return { entries, modified };
  };
}

/** Neighbours that are to have the same flags, which one statement changes. */
interface Run {
  readonly first: StoredEntry;
  last: StoredEntry;
}

/** Between two UIDs that follow each other there is no other message. */
function runsOf(changed: readonly StoredEntry[]): readonly Run[] {
  const runs: Run[] = [];
  for (const entry of changed) {
    const run = runs.at(-1);
    const isNext = run !== undefined && entry.uid === run.last.uid + 1 &&
      entry.modSeq === run.last.modSeq + 1 && sameFlags(entry, run.last);
    if (isNext) run.last = entry;
    else runs.push({ first: entry, last: entry });
  }
  return runs;
}
