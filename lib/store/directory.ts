/** The data directory: closed to others, and held by one process at a time. */
import { dirname } from "node:path";
import { HEADER_BYTES, type Migration, refuseForeign } from "./schema.ts";
import { StoreError } from "./store.ts";

export interface DataDirectory {
  readonly databasePath: string;
  /** Writes down that there is a store from now on. */
  opened(): void;
  /** Lets the next process in. */
  unlock(): void;
}

/**
 * Makes the directory (0700) and the database file (0600) where they are missing, and takes the
 * lock.
 * @throws {StoreError} `locked`, `newer`; `corrupt` where there was a store, and its file is empty
 */
export function openDirectory(
  directory: string,
  migrations?: readonly Migration[],
): DataDirectory {
  makeDirectory(directory);
  const { held, opened, unlock } = lock(directory);
  try {
    const databasePath = `${directory}/smtpd.db`;
    const isNew = !exists(databasePath);
    const header = makeFile(databasePath);
    // SQLite would take it for a new database, and everybody's mail for never having been there.
    if (held && !isNew && header.length === 0) throw emptied(databasePath);
    refuseForeign(header, databasePath, migrations);
    return { databasePath, opened, unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  if (exists(directory)) return;
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  syncDirectory(dirname(directory));
}

/** Gives the first bytes of the file, none when it is new. */
function makeFile(path: string): Uint8Array {
  const isNew = !exists(path);
  // Made here and not by SQLite, which would let others read it; its log files take over the mode.
  using file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  if (isNew) syncDirectory(dirname(path));
  const header = new Uint8Array(HEADER_BYTES);
  return header.subarray(0, file.readSync(header) ?? 0);
}

function emptied(path: string): StoreError {
  return new StoreError(
    "corrupt",
    `${path} is empty, and was not: bring back a copy of it (or remove it, to begin anew)`,
  );
}

interface Lock extends Pick<DataDirectory, "opened" | "unlock"> {
  /** Whether there was a store here before. */
  readonly held: boolean;
}

/**
 * The lock belongs to the open file, so it ends with the process however that ends. The pid in it
 * is for people only; an empty line behind it says that a store was made.
 */
function lock(directory: string): Lock {
  const path = `${directory}/lock`;
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  if (!file.tryLockSync(true)) {
    file.close();
    throw inUse(directory);
  }
  const held = Deno.readTextFileSync(path).endsWith(`\n${OPENED}`);
  file.truncateSync(0);
  const write = (text: string) => void file.writeSync(new TextEncoder().encode(text));
  write(`${Deno.pid}\n${held ? OPENED : ""}`);
  return { held, opened: () => held || write(OPENED), unlock: () => file.close() };
}

const OPENED = "\n";

/**
 * Keeps everybody from using a data directory for as long as it is only read, and writes nothing
 * there. One that was never used, such as a backup, has no lock, and needs none.
 * @throws {StoreError} `locked`
 */
export function lockForReading(directory: string): Disposable {
  const path = `${directory}/lock`;
  if (!exists(path)) return { [Symbol.dispose]: () => {} };
  const file = Deno.openSync(path);
  if (file.tryLockSync(false)) return file;
  file.close();
  throw inUse(directory);
}

function inUse(directory: string): StoreError {
  const [pid = ""] = Deno.readTextFileSync(`${directory}/lock`).split("\n");
  const holder = pid === "" ? "" : ` (pid ${pid})`;
  return new StoreError(
    "locked",
    `data directory ${directory} is in use by another smtpd${holder}`,
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A new name is durable only when its directory is (fsync(2)); Windows has no such call. */
export function syncDirectory(path: string): void {
  if (Deno.build.os === "windows") return;
  using directory = Deno.openSync(path);
  directory.syncSync();
}
