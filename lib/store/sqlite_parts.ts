/** What the parts of the SQLite store share. */
import type { DatabaseSync } from "node:sqlite";
import type { Arrivals, Marks } from "./arrivals.ts";
import type { Prepared } from "./content.ts";
import type { Group } from "./group.ts";
import type { Deliver } from "./sqlite_accept.ts";
import type { Contents } from "./sqlite_content.ts";
import type { Change } from "./sqlite_edit.ts";
import type { Entries } from "./sqlite_entries.ts";
import type { Histories } from "./sqlite_history.ts";
import type { Schedule } from "./sqlite_schedule.ts";

export interface SqliteParts {
  readonly database: DatabaseSync;
  readonly group: Group;
  readonly contents: Contents;
  readonly schedule: Schedule;
  readonly histories: Histories;
  readonly marks: Marks;
  readonly entries: Entries;
  readonly change: Change;
  /** Inside a transaction. @throws {StoreError} `unknown` */
  readonly deliver: Deliver;
  /** Inside a transaction. @throws {StoreError} `unknown` */
  readonly insertMessage: (prepared: Prepared) => Arrivals;
  /** How often the store was opened: a token of an earlier time is stale. */
  readonly opened: number;
}
