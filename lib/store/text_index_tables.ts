/** The tables of the index of texts, and how it is asked: trigrams in FTS5. */
import type { DatabaseSync } from "node:sqlite";
import { prepare, storeErrorOf } from "./sql.ts";
import type { ModSeq, Uid } from "./store.ts";
import type { OpenedIndex, Progress } from "./text_index.ts";

/**
 * `detail=none`: no places, so the index has a third of the bytes of the texts; long texts are
 * found by all their runs, in any order. `content=''`: the texts themselves are not in it.
 * `automerge=0`: what is written is brought into order by `tidy`, in small steps.
 */
export const INDEX_TABLES = `
CREATE TABLE made (by TEXT NOT NULL) STRICT;
CREATE TABLE mailboxes (
  id INTEGER PRIMARY KEY CHECK (id < ${2 ** 20}), -- so that each row has a number below 2^53
  uidValidity INTEGER NOT NULL UNIQUE,
  through INTEGER NOT NULL,
  modSeq INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE texts USING fts5 (
  text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
INSERT INTO texts (texts, rank) VALUES ('automerge', 0), ('crisismerge', 1000);
`;

/** Each message has two rows: an even one for its header, and behind it one for its body. */
const ROWS_OF_MAILBOX = 2 ** 33;
/** What stands in the rows of a message that is left out; every search looks for it, too. */
const LEFT_OUT = "\u0001\u0001\u0001";
/** Runs of three characters that are looked for; more of them rule out hardly any more. */
export const RUNS_MAX = 32;
/** Pages of the index that `tidy` writes in one step: a few milliseconds. */
const TIDIED_PAGES = 16;

/** The index in a database that has the tables. */
export function indexIn(database: DatabaseSync): OpenedIndex {
  // In WAL mode this loses nothing but the last steps when the power goes, and never a part of one.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  const transaction = transactionsOn(database);
  const mailboxes = mailboxesIn(database);
  const insert = prepare(database, "INSERT INTO texts (rowid, text) VALUES (?, ?)");
  const remove = prepare(database, "DELETE FROM texts WHERE rowid = ?");
  const merge = prepare(
    database,
    `INSERT INTO texts (texts, rank) VALUES ('merge', ${TIDIED_PAGES})`,
  );
  const changes = prepare<{ readonly count: number }>(
    database,
    "SELECT total_changes() AS count",
  );
  const select = rowReader(database);
  const removeAll = (rows: readonly number[]) => {
    for (const row of rows) remove.run(row);
  };

  return {
    mailboxes: mailboxes.all,
    progress(uidValidity) {
      const mailbox = mailboxes.find(uidValidity);
      return mailbox === null ? null : { through: mailbox.through, modSeq: mailbox.modSeq };
    },
    add(uidValidity, messages, progress) {
      transaction(() => {
        const first = firstRow(mailboxes.put(uidValidity, progress));
        for (const { uid, texts } of messages) {
          insert.run(first + 2 * uid, texts === null ? LEFT_OUT : indexed(texts.header));
          insert.run(first + 2 * uid + 1, texts === null ? LEFT_OUT : indexed(texts.body));
        }
      });
    },
    remove(uidValidity, uids) {
      const mailbox = mailboxes.find(uidValidity);
      if (mailbox === null) return;
      const first = firstRow(mailbox);
      transaction(() => removeAll(uids.flatMap((uid) => [first + 2 * uid, first + 2 * uid + 1])));
    },
    mark: mailboxes.mark,
    uids(uidValidity, after, max) {
      const mailbox = mailboxes.find(uidValidity);
      if (mailbox === null) return [];
      const rows = select(mailbox, { runs: null, after: 2 * after + 1, max: 2 * max });
      return [...new Set(rows.map((row) => uidOf(mailbox, row)))];
    },
    forget(uidValidity, max) {
      const mailbox = mailboxes.find(uidValidity);
      if (mailbox === null) return true;
      const rows = select(mailbox, { runs: null, after: 0, max: 2 * max });
      transaction(() => {
        removeAll(rows);
        if (rows.length < 2 * max) mailboxes.remove(uidValidity);
      });
      return rows.length < 2 * max;
    },
    candidates({ uidValidity, texts, within, after, max }) {
      const mailbox = mailboxes.find(uidValidity);
      const runs = runsOf(texts);
      if (mailbox === null || runs.length === 0) return null;
      // What has a line feed may begin in the header and end in the body, which are rows of two.
      if (within === "whole" && texts.some((text) => text.includes("\n"))) return null;
      const rows = select(mailbox, { runs, after, max });
      const side = within === "header" ? 0 : 1;
      const wanted = within === "whole" ? rows : rows.filter((row) => row % 2 === side);
      const uids = wanted.map((row) => uidOf(mailbox, row));
      return { uids, next: rows.length < max ? null : rows.at(-1)! - firstRow(mailbox) };
    },
    tidy() {
      const before = changes.first()!.count;
      transaction(() => merge.run());
      // https://sqlite.org/fts5.html §6.8: one change is what the command itself makes.
      return changes.first()!.count - before > 1;
    },
    close: () => database.close(),
  };
}

interface IndexedMailbox extends Progress {
  readonly id: number;
}

function mailboxesIn(database: DatabaseSync) {
  const selectAll = prepare<{ readonly uidValidity: number }>(
    database,
    "SELECT uidValidity FROM mailboxes ORDER BY id",
  );
  const select = prepare<IndexedMailbox>(
    database,
    "SELECT id, through, modSeq FROM mailboxes WHERE uidValidity = ?",
  );
  const put = prepare<IndexedMailbox>(
    database,
    `INSERT INTO mailboxes (uidValidity, through, modSeq) VALUES (?, ?, ?)
     ON CONFLICT (uidValidity) DO UPDATE SET through = excluded.through
     RETURNING id, through, modSeq`,
  );
  const mark = prepare(database, "UPDATE mailboxes SET modSeq = ? WHERE uidValidity = ?");
  const remove = prepare(database, "DELETE FROM mailboxes WHERE uidValidity = ?");
  return {
    all: () => selectAll.all().map(({ uidValidity }) => uidValidity),
    find: (uidValidity: number) => select.first(uidValidity),
    put: (uidValidity: number, { through, modSeq }: Progress) =>
      put.first(uidValidity, through, modSeq)!,
    mark: (uidValidity: number, modSeq: ModSeq) => void mark.run(modSeq, uidValidity),
    remove: (uidValidity: number) => void remove.run(uidValidity),
  };
}

interface RowSearch {
  /** `null`: all rows. */
  readonly runs: readonly string[] | null;
  /** Counted from the first row of the mailbox. */
  readonly after: number;
  readonly max: number;
}

/** The rows of a mailbox that have all these runs, rising. */
function rowReader(database: DatabaseSync) {
  // The runtime binds numbers as REAL, by which no rows are looked up.
  const range = `rowid > CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER)
    ORDER BY rowid LIMIT CAST(? AS INTEGER)`;
  const all = prepare<{ readonly row: number }>(
    database,
    `SELECT id AS row FROM texts_docsize WHERE ${range.replaceAll("rowid", "id")}`,
  );
  const matching = prepare<{ readonly row: number }>(
    database,
    `SELECT rowid AS row FROM texts WHERE texts MATCH ? AND ${range}`,
  );
  return (mailbox: IndexedMailbox, { runs, after, max }: RowSearch): readonly number[] => {
    const first = firstRow(mailbox);
    const between = [first + after, first + ROWS_OF_MAILBOX, max] as const;
    const rows = runs === null
      ? all.all(...between)
      : matching.all(`(${runs.map(quoted).join(" AND ")}) OR ${quoted(LEFT_OUT)}`, ...between);
    return rows.map(({ row }) => row);
  };
}

function firstRow({ id }: IndexedMailbox): number {
  return id * ROWS_OF_MAILBOX;
}

function uidOf(mailbox: IndexedMailbox, row: number): Uid {
  return Math.floor((row - firstRow(mailbox)) / 2);
}

/**
 * In a text and in what is looked for alike, so that one is still in the other: SQLite would take
 * the zero for the end.
 */
function indexed(text: string): string {
  return text.replaceAll("\0", "\u0001");
}

/** Different runs of three characters; empty where no text has so many. */
function runsOf(texts: readonly string[]): readonly string[] {
  const runs = new Set<string>();
  for (const text of texts) {
    const characters = [...indexed(text.slice(0, LOOKED_AT_CHARACTERS))];
    // The last one may be half of a character, which no text has.
    if (text.length > LOOKED_AT_CHARACTERS) characters.pop();
    for (let at = 0; at + 3 <= characters.length && runs.size < RUNS_MAX; at++) {
      runs.add(characters.slice(at, at + 3).join(""));
    }
  }
  return [...runs];
}

/** A text can be as long as a command; its beginning has enough different runs. */
const LOOKED_AT_CHARACTERS = 1_000;

/** As a string in a query of FTS5: https://sqlite.org/fts5.html §3.1. */
function quoted(run: string): string {
  return `"${run.replaceAll('"', '""')}"`;
}

function transactionsOn(database: DatabaseSync): (work: () => void) => void {
  return (work) => {
    try {
      database.exec("BEGIN");
      work();
      database.exec("COMMIT");
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec("ROLLBACK");
      throw storeErrorOf(error);
    }
  };
}
