/** The one place where rows of SQLite become typed values. */
import type { DatabaseSync } from "node:sqlite";

export type Value = null | number | string | Uint8Array;

/** A statement that was prepared once. `Row` names the columns that it gives. */
export interface Query<Row> {
  first(...values: Value[]): Row | null;
  all(...values: Value[]): Row[];
  /** Gives how many rows were inserted, updated or deleted. */
  run(...values: Value[]): number;
}

export function prepare<Row = never>(database: DatabaseSync, sql: string): Query<Row> {
  const statement = database.prepare(sql);
  // The rows of node:sqlite have no prototype: copied, they equal other objects of their shape.
  return {
    first(...values) {
      const row = statement.get(...values) as Row | undefined;
      return row === undefined ? null : { ...row };
    },
    all: (...values) => (statement.all(...values) as Row[]).map((row) => ({ ...row })),
    run: (...values) => Number(statement.run(...values).changes),
  };
}

/** The only value of the only row, as a pragma gives it. */
export function scalar(database: DatabaseSync, sql: string): Value {
  const row = database.prepare(sql).get() as Record<string, Value> | undefined;
  return Object.values(row ?? {})[0] ?? null;
}
