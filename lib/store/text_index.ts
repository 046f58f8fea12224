/**
 * An index of what is written in messages: every run of three characters of their texts, so that it
 * can tell which messages cannot have what somebody looks for. It only ever rules out; whoever is
 * left has to be read. It lies in a file of its own, which can be lost at any time: a message that
 * is not in the index is one that it cannot rule out.
 *
 * A message is known by its mailbox's UIDVALIDITY and its UID, which are never used for another one
 * (RFC 9051 §2.3.1.1), so an index that is older than the store beside it is not wrong either.
 */
import { DatabaseSync } from "node:sqlite";
import { prepare, storeErrorOf } from "./sql.ts";
import type { ModSeq, Uid } from "./store.ts";
import { INDEX, removeIndex, reserveIndex } from "./text_index_files.ts";

export interface TextIndex extends Disposable {
  /** Those of which something is indexed, by UIDVALIDITY. */
  mailboxes(): readonly number[];
  /** `null`: nothing of this mailbox is indexed. */
  progress(uidValidity: number): Progress | null;
  /**
   * Adds the next messages of a mailbox, by UID; from then on all messages up to `through` are
   * known. With the first ones begins the mailbox; removals after `modSeq` are to be told later.
   */
  add(uidValidity: number, messages: readonly IndexedMessage[], progress: Progress): void;
  /** Forgets messages that are not there any more; those that it never had are passed over. */
  remove(uidValidity: number, uids: readonly Uid[]): void;
  /** Removals up to this mark are dealt with. */
  mark(uidValidity: number, modSeq: ModSeq): void;
  /** Those that it has of a mailbox, behind `after`; at most `max`, rising. */
  uids(uidValidity: number, after: Uid, max: number): readonly Uid[];
  /** Forgets some messages of a mailbox, at most `max`, and in the end itself: then `true`. */
  forget(uidValidity: number, max: number): boolean;
  /**
   * A page of the messages up to `progress.through` that may have every one of these texts; a UID
   * may come twice. `null`: the mailbox is not indexed, or the texts are too short for that, or may
   * reach over the end of the header; so every message may have them.
   */
  candidates(search: TextSearch): TextPage | null;
  /** Brings some order into itself, for a few milliseconds; `false` when nothing is left to do. */
  tidy(): boolean;
  /** Begins anew, with nothing: what it has is damaged. */
  renew(): void;
}

export interface Progress {
  readonly through: Uid;
  readonly modSeq: ModSeq;
}

export interface IndexedMessage {
  readonly uid: Uid;
  /** `null` for a message that is left out: it is never ruled out. */
  readonly texts: IndexedTexts | null;
}

/** Texts in the form in which they are compared. */
export interface IndexedTexts {
  readonly header: string;
  readonly body: string;
}

export interface TextSearch {
  readonly uidValidity: number;
  /** All of them are wanted, in the form in which they are compared. */
  readonly texts: readonly string[];
  /** `whole`: in a text that is the header, a line feed, and the body. */
  readonly within: "header" | "body" | "whole";
  /** 0 for the first page, then `next` of the page before. */
  readonly after: number;
  readonly max: number;
}

export interface TextPage {
  readonly uids: readonly Uid[];
  /** `null` where no page follows. */
  readonly next: number | null;
}

export interface TextIndexOptions {
  /** Beside the store; `null` keeps it in memory. */
  readonly directory: string | null;
  /** What makes the texts; an index that was made by another one is begun anew. */
  readonly version: string;
}

/**
 * Opens the index, and begins it anew where it is missing, damaged, or of another version. The
 * caller holds the lock of the directory.
 * @throws {StoreError} what is wrong with the disk
 */
export function openTextIndex({ directory, version }: TextIndexOptions): TextIndex {
  // Another runtime may know other letters, and so make other texts of the same bytes.
  const maker = `${LAYOUT} ${version} ${Deno.version.deno}`;
  let opened = openUsable(directory, maker) ?? openNew(directory, maker);
  return {
    mailboxes: () => opened.mailboxes(),
    progress: (uidValidity) => opened.progress(uidValidity),
    add: (uidValidity, messages, progress) => opened.add(uidValidity, messages, progress),
    remove: (uidValidity, uids) => opened.remove(uidValidity, uids),
    mark: (uidValidity, modSeq) => opened.mark(uidValidity, modSeq),
    uids: (uidValidity, after, max) => opened.uids(uidValidity, after, max),
    forget: (uidValidity, max) => opened.forget(uidValidity, max),
    candidates: (search) => opened.candidates(search),
    tidy: () => opened.tidy(),
    renew() {
      opened.close();
      opened = openNew(directory, maker);
    },
    [Symbol.dispose]: () => opened.close(),
  };
}

/** Rises whenever the tables change. */
const LAYOUT = 1;

/**
 * `detail=none`: no places, so the index has a third of the bytes of the texts; long texts are
 * found by all their runs, in any order. `content=''`: the texts themselves are not in it.
 * `automerge=0`: what is written is brought into order by `tidy`, in small steps.
 */
const TABLES = `
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
const TIDIED_PAGES = 32;

type Opened = Omit<TextIndex, "renew" | keyof Disposable> & { close(): void };

/** `null` where there is none that can be used. */
function openUsable(directory: string | null, maker: string): Opened | null {
  if (directory === null) return null;
  let database: DatabaseSync | null = null;
  try {
    reserveIndex(directory);
    database = new DatabaseSync(`${directory}/${INDEX}`);
    const made = prepare<{ readonly by: string }>(database, "SELECT by FROM made").first();
    if (made?.by === maker) return indexIn(database);
  } catch {
    // It is damaged, or no index, or was never finished: a new one is as good.
  }
  if (database?.isOpen) database.close();
  return null;
}

function openNew(directory: string | null, maker: string): Opened {
  try {
    if (directory !== null) {
      removeIndex(directory);
      reserveIndex(directory);
    }
    const database = new DatabaseSync(directory === null ? ":memory:" : `${directory}/${INDEX}`);
    database.exec(`BEGIN; ${TABLES}`);
    prepare(database, "INSERT INTO made (by) VALUES (?)").run(maker);
    database.exec("COMMIT");
    return indexIn(database);
  } catch (error) {
    throw storeErrorOf(error);
  }
}

function indexIn(database: DatabaseSync): Opened {
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
