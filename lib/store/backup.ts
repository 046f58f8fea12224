/**
 * A copy of a data directory whose store goes on to be used. In WAL mode commits are appended to a
 * log, and the file itself changes only when the log is moved into it, which nobody but this
 * process does (it holds the lock). So the log is moved, and while that is put off from then on,
 * the file is the store of that moment and stands still; the log only grows. Copying goes on beside
 * everything else; SQLite's own ways (its backup and VACUUM INTO) would hold up all of it.
 */
import type { DatabaseSync } from "node:sqlite";
import { dirname, resolve } from "node:path";
import { syncDirectory } from "./directory.ts";
import { prepare, scalar } from "./sql.ts";
import { StoreError } from "./store.ts";
import { INDEX_FILES } from "./text_index_files.ts";

/** The one file of a store that is closed. */
export const DATABASE = "smtpd.db";
/** What is there beside it while it is open. */
export const LOG = `${DATABASE}-wal`;
/** What belongs to the process, is copied in its own way, or is made again where it is missing. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  "lock",
  "control.sock",
  DATABASE,
  LOG,
  `${DATABASE}-shm`,
  ...INDEX_FILES,
]);

/** SQLite's own default, which is in force but for a backup. */
const CHECKPOINT_PAGES = 1000;

/**
 * Gives the function that copies into a directory that does not exist, or is empty; one time after
 * the other. What it makes is complete as soon as it has its name.
 * @throws {StoreError} `exists`, `unwritable`, `unknown`, `closed` from it
 */
export function backupMaker(database: DatabaseSync): (to: string) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return (to) => {
    const made = last.then(() => backUp(database, to));
    last = made.catch(() => {});
    return made;
  };
}

async function backUp(database: DatabaseSync, to: string): Promise<void> {
  mustBeOpen(database);
  const path = pathOf(database);
  if (path === "") throw new StoreError("unknown", "a store in memory has nothing to copy");
  await makeWhole(to, async (copy) => {
    await copyDatabase(database, path, copy);
    await copyOthers(dirname(path), copy);
  });
}

/**
 * Makes a directory that is either complete or not there.
 * @throws {StoreError} `exists` when something is there already, `unwritable`
 */
export async function makeWhole(
  to: string,
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  try {
    await makeDirectory(resolve(to), fill);
  } catch (error) {
    if (!(error instanceof Error) || !/\(os error \d+\)/.test(error.message)) throw error;
    const message = `cannot make ${to}: ${error.message}`;
    throw new StoreError("unwritable", message, { cause: error });
  }
}

async function makeDirectory(
  target: string,
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  await refuseContent(target);
  await Deno.mkdir(dirname(target), { recursive: true });
  // In the same directory, so that giving it its name moves no bytes.
  const copy = `${target}.unfinished`;
  await Deno.remove(copy, { recursive: true }).catch(ignoreNotFound);
  await Deno.mkdir(copy, { mode: 0o700 });
  try {
    await fill(copy);
    syncDirectory(copy);
    await Deno.rename(copy, target);
    syncDirectory(dirname(target));
  } catch (error) {
    await Deno.remove(copy, { recursive: true }).catch(ignoreNotFound);
    throw error;
  }
}

/** The files of another directory which are not the database. */
export async function copyOthers(from: string, to: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile && !NOT_COPIED.has(name)) await copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Durably, and closed to others. */
export async function copyFile(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.chmod(to, 0o600);
  // Here and not by SQLite, which would do it while everybody else waits.
  using copy = await Deno.open(to, { read: true, write: true });
  await copy.sync();
}

async function copyDatabase(database: DatabaseSync, from: string, copy: string): Promise<void> {
  mustBeOpen(database);
  emptyLog(database);
  database.exec("PRAGMA wal_autocheckpoint = 0");
  try {
    await copyFile(from, `${copy}/${DATABASE}`);
    // Closing moves the log into the file, in the middle of the copy perhaps.
    mustBeOpen(database);
  } finally {
    if (database.isOpen) database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  }
}

/** Whether a backup is being made, so that nothing may be moved from the log into the file. */
export function isCopied(database: DatabaseSync): boolean {
  return scalar(database, "PRAGMA wal_autocheckpoint") === 0;
}

function mustBeOpen(database: DatabaseSync): void {
  if (!database.isOpen) throw new StoreError("closed", "the store was closed meanwhile");
}

/** Everything is in the file then. @throws {Error} when somebody still reads what was before */
function emptyLog(database: DatabaseSync): void {
  const { busy } = prepare<{ readonly busy: number }>(
    database,
    "PRAGMA wal_checkpoint(TRUNCATE)",
  ).first()!;
  if (busy !== 0) throw new Error("another program reads the database: try again");
}

function pathOf(database: DatabaseSync): string {
  const query = "SELECT file FROM pragma_database_list WHERE name = 'main'";
  return prepare<{ readonly file: string | null }>(database, query).first()?.file ?? "";
}

async function refuseContent(path: string): Promise<void> {
  try {
    for await (const _ of Deno.readDir(path)) {
      throw new StoreError(
        "exists",
        `${path} is not empty: name a directory that is not there yet`,
      );
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotADirectory)) return ignoreNotFound(error);
    await Deno.lstat(path); // throws when it is not this one that is no directory
    throw new StoreError("exists", `${path} is there already, and is no directory`);
  }
}

/** For what need not be there. */
export function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
