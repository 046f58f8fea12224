/**
 * A copy of a database in memory, row by row: SQLite's own ways to make one write files, and a
 * simulation may not.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** What belongs to the file and not to its tables. The first two have to be set before these. */
const SETTINGS = ["page_size", "auto_vacuum", "application_id", "user_version"] as const;

/**
 * Copies what is committed, of a database with a table that counts (AUTOINCREMENT).
 * @throws {Error} when a transaction is open, or there is more than tables and indexes
 */
export function copyDatabase(from: DatabaseSync): DatabaseSync {
  if (from.isTransaction) throw new Error("database table is locked");
  const to = new DatabaseSync(":memory:");
  for (const setting of SETTINGS) to.exec(`PRAGMA ${setting} = ${settingOf(from, setting)}`);
  // A row may point at one that comes later.
  to.exec("PRAGMA foreign_keys = OFF; BEGIN");
  const objects = from.prepare(
    "SELECT type, name, sql FROM main.sqlite_schema WHERE name NOT GLOB 'sqlite_*' ORDER BY rowid",
  ).all() as { readonly type: string; readonly name: string; readonly sql: string }[];
  const tables = objects.filter(({ type }) => type === "table");
  for (const { name, sql } of tables) {
    if (/^CREATE VIRTUAL/i.test(sql)) throw new Error(`${name} cannot be copied`);
    to.exec(sql);
  }
  for (const { name } of tables) copyRows(from, to, name);
  // What the rows themselves have counted is not all that there ever was.
  to.exec("DELETE FROM sqlite_sequence");
  copyRows(from, to, "sqlite_sequence");
  for (const { type, sql } of objects) if (type !== "table") to.exec(sql);
  to.exec("COMMIT");
  return to;
}

function settingOf(database: DatabaseSync, setting: string): number {
  return Number(database.prepare(`PRAGMA ${setting}`).get()![setting]);
}

/** Whoever uses the database may have temporary tables that are called the same. */
function copyRows(from: DatabaseSync, to: DatabaseSync, table: string): void {
  const [first, ...others] = from.prepare(`SELECT * FROM main.${table}`).all();
  if (first === undefined) return;
  const columns = Object.keys(first);
  const places = columns.map(() => "?").join(", ");
  const insert = to.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`);
  for (const row of [first, ...others]) {
    insert.run(...columns.map((column) => row[column] as SQLInputValue));
  }
}
