/** Opening the index of texts: a database in a file of its own. */
import { DatabaseSync } from "node:sqlite";
import { prepare, storeErrorOf } from "./sql.ts";
import type { OpenedIndex, TextIndex } from "./text_index.ts";
import { INDEX, removeIndex, reserveIndex } from "./text_index_files.ts";
import { INDEX_TABLES, indexIn } from "./text_index_tables.ts";

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
    close: () => opened.close(),
    renew() {
      opened.close();
      opened = openNew(directory, maker);
    },
    [Symbol.dispose]: () => opened.close(),
  };
}

/** Rises whenever the tables change. */
const LAYOUT = 1;

/** `null` where there is none that can be used. */
function openUsable(directory: string | null, maker: string): OpenedIndex | null {
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

function openNew(directory: string | null, maker: string): OpenedIndex {
  try {
    if (directory !== null) {
      removeIndex(directory);
      reserveIndex(directory);
    }
    const database = new DatabaseSync(directory === null ? ":memory:" : `${directory}/${INDEX}`);
    database.exec(`BEGIN; ${INDEX_TABLES}`);
    prepare(database, "INSERT INTO made (by) VALUES (?)").run(maker);
    database.exec("COMMIT");
    return indexIn(database);
  } catch (error) {
    throw storeErrorOf(error);
  }
}
