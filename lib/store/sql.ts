/** The one place where rows of SQLite become typed values, and its failures a kind of ours. */
import type { DatabaseSync } from "node:sqlite";
import { StoreError, type StoreErrorKind } from "./store.ts";

export type Value = null | number | string | Uint8Array;

/** A statement that was prepared once. `Row` names the columns that it gives. */
export interface Query<Row> {
  first(...values: Value[]): Row | null;
  all(...values: Value[]): Row[];
  /** The same as they come, for whoever makes something else of them at once: in half the time. */
  rows(...values: Value[]): Row[];
  /** Gives how many rows were inserted, updated or deleted. */
  run(...values: Value[]): number;
}

export function prepare<Row = never>(database: DatabaseSync, sql: string): Query<Row> {
  const statement = database.prepare(sql);
  // The rows of node:sqlite have no prototype: copied, they equal other objects of their shape.
  return {
    first(...values) {
      const row = told(() => statement.get(...values)) as Row | undefined;
      return row === undefined ? null : { ...row };
    },
    all: (...values) => (told(() => statement.all(...values)) as Row[]).map((row) => ({ ...row })),
    rows: (...values) => told(() => statement.all(...values)) as Row[],
    run: (...values) => Number(told(() => statement.run(...values)).changes),
  };
}

/** The only value of the only row, as a pragma gives it. */
export function scalar(database: DatabaseSync, sql: string): Value {
  const row = database.prepare(sql).get() as Record<string, Value> | undefined;
  return Object.values(row ?? {})[0] ?? null;
}

/**
 * What a failure of SQLite means for whoever asked; any other error as it is. The runtime has its
 * code only sometimes (https://sqlite.org/rescode.html), so its words decide, which are as stable.
 */
export function storeErrorOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const found = MEANINGS.find(([pattern]) => pattern.test(error.message));
  if (found === undefined) return error;
  const [, kind, words] = found;
  return new StoreError(kind, `${words} (${error.message})`, { cause: error });
}

const MEANINGS: readonly (readonly [words: RegExp, kind: StoreErrorKind, meaning: string])[] = [
  [/^database or disk is full/, "full", "the disk is full"],
  [/^attempt to write a readonly database/, "readOnly", "the database cannot be written"],
  [/^database (table )?is locked/, "busy", "another program holds the database"],
  [/^database disk image is malformed/, "corrupt", "the database is damaged"],
  [/^file is not a database/, "corrupt", "the database is damaged"],
  [/^disk I\/O error/, "io", "the disk failed"],
  [/^unable to open database file/, "io", "the database cannot be opened"],
];

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeErrorOf(error);
  }
}
