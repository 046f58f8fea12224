/**
 * The disk of a simulated machine: one SQLite database that outlives the processes which open it.
 * A process that dies leaves behind what was committed; its open transaction is rolled back, as the
 * next one that opens a real file would do.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { copyDatabase } from "./copy_database.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Prng } from "./prng.ts";

export interface SimDisk {
  /** What lies on the disk, for a scenario that prepares it before the first start. */
  readonly database: DatabaseSync;
  /** The database as one process has it. */
  open(life: Life): DatabaseSync;
  /** The process is gone: what it had not committed is undone. */
  recover(): void;
  /** No room for more than a few pages, until it is told otherwise. */
  fill(full: boolean): void;
  /** Bytes that are free; `null` when it cannot be told. */
  freeBytes(): number | null;
  /** How long a commit takes just now. */
  delayMs(): number;
  /** The last copy that was made of it, and put elsewhere. */
  readonly backup: Backup | null;
  /** Puts a copy elsewhere, in place of the last one. */
  keep(backup: Backup): void;
  /** The disk is gone, and a new one has what was in the last copy. */
  restore(): void;
  /** The machine is not needed any more. */
  close(): void;
}

export interface Backup {
  readonly database: DatabaseSync;
  /** What was durable then is in it, and nothing else. */
  readonly atMs: number;
}

export interface DiskOptions {
  readonly faults: Faults;
  readonly prng: Prng;
  readonly tell: (line: string) => void;
}

/** Thrown at a process that is dead, so that it does nothing more. */
export class Gone extends Error {
  override readonly name = "Gone";
}

const PAGES_MAX = 2 ** 30;
const PAGE_BYTES = 4096;

export function createDisk(options: DiskOptions): SimDisk {
  const { faults, prng } = options;
  const blind = prng.chance(0.3);
  let database = new DatabaseSync(":memory:");
  let backup: Backup | null = null;
  let freePages: number | null = null;
  return {
    get database() {
      return database;
    },
    get backup() {
      return backup;
    },
    open: (life) => opened(database, { ...options, life }),
    recover() {
      if (database.isTransaction) database.exec("ROLLBACK");
      for (const { type, name } of temporary(database)) database.exec(`DROP ${type} temp.${name}`);
    },
    fill(full) {
      freePages = full ? prng.below(20) : null;
      const pages = freePages === null ? PAGES_MAX : pagesOf(database) + freePages;
      database.exec(`PRAGMA max_page_count = ${pages}`);
    },
    freeBytes() {
      // Some only find out when they write.
      if (freePages === null || blind) return null;
      return freePages * PAGE_BYTES;
    },
    delayMs: () => faults.strikes("diskSlow") ? 3000 * prng.fraction() : 2 * prng.fraction(),
    keep(made) {
      backup?.database.close();
      backup = made;
    },
    restore() {
      if (backup === null) throw new Error("there is no backup");
      database.close();
      database = copyDatabase(backup.database);
      freePages = null;
    },
    close() {
      database.close();
      backup?.database.close();
    },
  };
}

/**
 * The tables that live as long as the process which made them; their triggers first, which go with
 * them.
 */
function temporary(database: DatabaseSync): readonly { type: string; name: string }[] {
  const rows = database.prepare("SELECT type, name FROM temp.sqlite_schema ORDER BY type DESC")
    .all();
  return rows.map((row) => ({ type: String(row.type), name: String(row.name) }))
    .filter(({ type, name }) => type !== "index" && !name.startsWith("sqlite_"));
}

function pagesOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA page_count").get()!.page_count);
}

interface Access extends DiskOptions {
  readonly life: Life;
}

/** Closing it leaves the database open, for the next process. */
function opened(database: DatabaseSync, access: Access): DatabaseSync {
  const { life } = access;
  const perform = performer(database, access);
  const replaced: Partial<Record<keyof DatabaseSync, unknown>> = {
    close: () => {},
    function: (name: string, run: Parameters<DatabaseSync["function"]>[1]) =>
      database.function(name, run),
    exec: (sql: string) => perform(sql, () => database.exec(sql)),
    prepare: (sql: string) => guarded(perform("", () => database.prepare(sql)), sql, perform),
  };
  return new Proxy(database, {
    get(target, name) {
      // A process that is dead finds no database, and does not look further.
      if (name === "isOpen" || name === "isTransaction") return life.isAlive() && target[name];
      return replaced[name as keyof DatabaseSync] ?? Reflect.get(target, name, target);
    },
  });
}

type Perform = <T>(sql: string, run: () => T) => T;

function guarded(statement: StatementSync, sql: string, perform: Perform): StatementSync {
  return new Proxy(statement, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: readonly unknown[]) =>
        perform(sql, () => Reflect.apply(value, target, args));
    },
  });
}

/**
 * A process can die before a transaction, in the middle of it, before COMMIT, and after COMMIT,
 * before it knows.
 */
function performer(database: DatabaseSync, access: Access): Perform {
  const { life, faults, prng, tell } = access;
  let durable = false;

  function mayDie(): void {
    if (!life.act()) throw new Gone("the process is dead");
  }

  return (sql, run) => {
    if (!life.isAlive()) throw new Gone("the process is dead");
    if (!/^(BEGIN|RELEASE|COMMIT)/.test(sql)) return run();
    mayDie();
    // Whatever is only in memory (temporary tables) does not ask the disk.
    if (sql.startsWith("BEGIN")) durable = sql === "BEGIN IMMEDIATE";
    if (durable && sql.startsWith("BEGIN") && faults.strikes("diskRefuses")) {
      tell("refuses to begin");
      throw new Error("database is locked");
    }
    if (sql !== "COMMIT" || !durable) return run();
    durable = false;
    if (faults.strikes("diskRefuses")) {
      tell("refuses to commit");
      // After some failures SQLite has undone everything by itself, after others it has not.
      if (prng.chance(0.5)) database.exec("ROLLBACK");
      throw new Error("disk I/O error");
    }
    const value = run();
    mayDie();
    return value;
  };
}
