/**
 * The store in SQLite: one file, in WAL mode with `synchronous = FULL`, so that a COMMIT that has
 * returned is on the disk (https://sqlite.org/pragma.html#pragma_synchronous). Everything is
 * written in the transactions of the group; nothing waits inside of them, so whoever reads sees a
 * state that is durable.
 */
import { DatabaseSync } from "node:sqlite";
import { createAccounts } from "./accounts.ts";
import { announce } from "./arrivals.ts";
import { backupMaker, isCopied } from "./backup.ts";
import { contentBytes, prepareMessage } from "./content.ts";
import { openDirectory } from "./directory.ts";
import { createGroup, type Transactions } from "./group.ts";
import { migrate, type Migration } from "./schema.ts";
import { promised } from "./promised.ts";
import { prepare, scalar, storeErrorOf } from "./sql.ts";
import { sqliteAliases } from "./sqlite_aliases.ts";
import { sqliteAccept, sqliteDeliver } from "./sqlite_accept.ts";
import { sqliteCheck } from "./sqlite_check.ts";
import { type Contents, sqliteContents } from "./sqlite_content.ts";
import { sqliteChange } from "./sqlite_edit.ts";
import { sqliteEntries } from "./sqlite_entries.ts";
import { sqliteHistories, sqliteHistory } from "./sqlite_history.ts";
import { sqliteMail } from "./sqlite_mail.ts";
import { sqliteMailboxes } from "./sqlite_mailboxes.ts";
import { sqlitePolicies } from "./sqlite_policies.ts";
import { sqliteQueue } from "./sqlite_queue.ts";
import { openSchedule } from "./sqlite_schedule.ts";
import { loadAccounts, sqliteUsers } from "./sqlite_users.ts";
import { type Store, StoreError } from "./store.ts";
import { createMark } from "./watch.ts";

export interface SqliteOptions {
  /** `World.clock.turn`: what comes within one turn shares a commit. */
  readonly turn: () => Promise<void>;
  /** `World.clock.monotonicMs`; with it, commits wait a moment for what `expect` has told of. */
  readonly monotonicMs?: () => number;
  /** Where the database lies; `null` keeps it in memory, which needs no permission. */
  readonly directory: string | null;
  /**
   * `off` loses what was committed last when the power goes. It is there for the test which shows
   * that the test of durability would notice.
   */
  readonly synchronous?: "full" | "off";
  /** Those of `schema.ts`; a test of migrations brings its own. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the store, makes it where there is none, and holds it until it is disposed of.
 * @throws {StoreError} `locked`, `newer`, or what is wrong with the file or its disk
 */
export function openSqliteStore(options: SqliteOptions): Promise<Store> {
  return promised(() => {
    if (options.directory === null) return sqliteStore(new DatabaseSync(":memory:"), options);
    const { databasePath, opened, unlock } = openDirectory(options.directory, options.migrations);
    try {
      const database = new DatabaseSync(databasePath);
      const store = sqliteStore(database, { ...options, closed: unlock });
      opened();
      return store;
    } catch (error) {
      unlock();
      throw storeErrorOf(error);
    }
  });
}

interface DatabaseOptions extends Omit<SqliteOptions, "directory"> {
  /** Called when the database is closed. */
  readonly closed?: () => void;
}

/**
 * The store on an open database, which belongs to it from then on. For tests and simulations that
 * want to make the database fail, or to open it again after a crash.
 */
export function sqliteStore(
  database: DatabaseSync,
  options: DatabaseOptions,
): Store {
  try {
    migrate(database, options.migrations);
    configure(database, options.synchronous ?? "full");
    return storeOn(database, options);
  } catch (error) {
    database.close();
    throw error;
  }
}

function configure(database: DatabaseSync, synchronous: "full" | "off"): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
    PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}`);
}

/** Others may look into the file with their own tools; a commit, and all with it, waits so long. */
const BUSY_TIMEOUT_MS = 1000;
/** After one large transaction the log file need not stay large. */
const LOG_BYTES_KEPT = 64 * 1024 * 1024;

function storeOn(
  database: DatabaseSync,
  options: DatabaseOptions,
): Store {
  const contents = sqliteContents(database);
  const schedule = openSchedule(database);
  const transactions = sqliteTransactions(database, contents);
  transactions.begin();
  const opened = prepare<{ readonly value: number }>(
    database,
    "UPDATE counters SET value = value + 1 WHERE name = 'opened' RETURNING value",
  ).first()!.value;
  schedule.rebuild();
  transactions.commit();

  const accounts = createAccounts();
  loadAccounts(database, accounts);
  const marks = { accounts, queue: createMark(0) };
  const group = createGroup({ transactions, ...options });
  const deliver = sqliteDeliver(database);
  const histories = sqliteHistories(database);
  const insertMessage = sqliteAccept({ contents, schedule, deliver, histories });
  const shared = { database, group, contents, schedule, histories, marks };
  const entries = sqliteEntries(database, contents);
  const change = sqliteChange(shared);
  const parts = { ...shared, entries, change, deliver, insertMessage, opened };
  const freePages = prepare(database, `PRAGMA incremental_vacuum(${GIVEN_BACK_PAGES_MAX})`);
  const checkpoint = prepare(database, CHECKPOINT);

  return {
    users: sqliteUsers(parts),
    aliases: sqliteAliases(parts),
    mailboxes: sqliteMailboxes(parts),
    mail: sqliteMail(parts),
    queue: sqliteQueue(parts),
    history: sqliteHistory(parts),
    policies: sqlitePolicies(parts),
    async accept(message, reports = []) {
      const prepared = await Promise.all([message, ...reports].map(prepareMessage));
      await group.run(
        () => prepared.map(insertMessage),
        (arrivals) => arrivals.forEach((each) => announce(each, marks)),
        contentBytes(prepared),
      );
    },
    expect: group.expect,
    check: () => promised(() => sqliteCheck(database)),
    backup: backupMaker(database),
    async giveBack() {
      if (scalar(database, "PRAGMA freelist_count") !== 0) {
        await group.run(() => void freePages.all());
      }
      if (!isCopied(database)) checkpoint.all();
    },
    async [Symbol.asyncDispose]() {
      await group.close();
      if (!database.isOpen) return;
      const reason = new StoreError("closed", "the store is closed");
      accounts.end(reason);
      marks.queue.end(reason);
      try {
        tidy(database);
      } catch (error) {
        // Nothing depends on it: a full or broken disk must not be in the way of an orderly end.
        if (!(storeErrorOf(error) instanceof StoreError)) throw error;
      } finally {
        database.close();
        options.closed?.();
      }
    },
  };
}

function sqliteTransactions(database: DatabaseSync, contents: Contents): Transactions {
  const begin = prepare(database, "BEGIN IMMEDIATE");
  const savepoint = prepare(database, "SAVEPOINT item");
  const release = prepare(database, "RELEASE item");
  const rollbackItem = prepare(database, "ROLLBACK TO item");
  const commit = prepare(database, "COMMIT");
  const rollback = prepare(database, "ROLLBACK");
  return {
    begin() {
      // What an earlier rollback could not end, because the disk was broken, ends now or fails us.
      if (database.isTransaction) rollback.run();
      begin.run();
      contents.sweep();
    },
    attempt(work) {
      savepoint.run();
      try {
        const value = work();
        release.run();
        return { done: true, value };
      } catch (error) {
        // Of some failures of the disk SQLite undoes the whole transaction. What came next would be
        // committed one by one, behind the back of those who were told that it failed.
        if (!database.isTransaction) throw error;
        rollbackItem.run();
        release.run();
        return { done: false, error };
      }
    },
    commit: () => void commit.run(),
    rollback() {
      try {
        if (database.isTransaction) rollback.run();
      } catch {
        // Nobody was told that anything of it is there; the next transaction begins with this.
      }
    },
  };
}

/** Before closing: gives some free space back, and leaves everything in the one file. */
function tidy(database: DatabaseSync): void {
  database.prepare(`PRAGMA incremental_vacuum(${FREED_PAGES_MAX})`).all();
  database.exec(CHECKPOINT);
}

/** Moves everything from the log into the file, and cuts the log. */
const CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)";
/** 4 MiB, about 15 ms: mail is waiting meanwhile. */
const GIVEN_BACK_PAGES_MAX = 1024;
/** 32 MiB, a tenth of a second: the rest serves new mail, or goes the next time. */
const FREED_PAGES_MAX = 8192;
