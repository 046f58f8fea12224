/** A data directory from a backup. */
import { DatabaseSync } from "node:sqlite";
import { copyFile, copyOthers, DATABASE, ignoreNotFound, LOG, makeWhole } from "./backup.ts";
import { lockForReading } from "./directory.ts";
import { HEADER_BYTES, refuseForeign } from "./schema.ts";
import { prepare } from "./sql.ts";
import { sqliteStore } from "./sqlite.ts";
import { StoreError } from "./store.ts";

export interface RestoreOptions {
  readonly from: string;
  /** Does not exist, or is empty. */
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Why everything that waits is held: it may have been delivered since. */
  readonly reason: string;
  /** `World.clock.turn` */
  readonly turn: () => Promise<void>;
}

export interface Restored {
  readonly accounts: number;
  /** Recipients that are held. */
  readonly held: number;
}

/**
 * Copies a backup to where a server can use it. What waits in its queue is held, for it may have
 * been delivered since; each mailbox gets a new UIDVALIDITY, for the uids that were given out since
 * will be given to other messages (RFC 9051 §2.3.1.1).
 * @throws {StoreError} `unknown` when there is no backup, `exists` when there is something at `to`,
 * `newer` when a newer version made it, `locked` when it is no backup and a server uses it
 * @throws {Error} that says what is wrong with the backup
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { from, to, now, reason, turn } = options;
  const path = `${from}/${DATABASE}`;
  refuseForeign(await headerOf(path), path);
  let restored: Restored = { accounts: 0, held: 0 };
  await makeWhole(to, async (directory) => {
    // What is written meanwhile would be copied by half.
    using _lock = lockForReading(from);
    await copyFile(path, `${directory}/${DATABASE}`);
    // Where somebody has looked into the backup with their own tools.
    await copyFile(`${from}/${LOG}`, `${directory}/${LOG}`).catch(ignoreNotFound);
    await copyOthers(from, directory);
    const database = new DatabaseSync(`${directory}/${DATABASE}`);
    restored = await renew(database, { path, now, reason, turn });
  });
  return restored;
}

/**
 * Makes of a copy what a server can go on with; see {@linkcode restore}. Closes it.
 * @throws {Error} that says what is wrong with the copy, which is called `path`
 */
export async function renew(
  database: DatabaseSync,
  { path, now, reason, turn }:
    & Pick<RestoreOptions, "now" | "reason" | "turn">
    & { readonly path: string },
): Promise<Restored> {
  await using store = sqliteStore(database, { turn });
  const faults = await store.check();
  if (faults.length > 0) throw new Error(`${path} is damaged: ${faults.join("; ")}`);
  renewUidValidity(database, now);
  return {
    accounts: store.users.list().length,
    held: await store.queue.hold({ reason, at: now }),
  };
}

async function headerOf(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const header = new Uint8Array(HEADER_BYTES);
    return header.subarray(0, await file.read(header) ?? 0);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StoreError("unknown", `there is no backup: ${path} is missing`);
  }
}

/**
 * How many mailboxes the server that went on after the backup may have made while the clock said
 * nothing new: it was set back, or they came faster than one in a second. Of the 32 bits that there
 * are (RFC 9051 §2.3.1.1), some 25 000 restores take all.
 */
const UID_VALIDITIES_SKIPPED = 100_000;

/** Greater than all that were ever given out, also by the server that went on after the backup. */
function renewUidValidity(database: DatabaseSync, now: number): void {
  database.exec("BEGIN IMMEDIATE");
  prepare(database, "UPDATE counters SET value = value + ? WHERE name = 'uidValidity'")
    .run(UID_VALIDITIES_SKIPPED);
  const mailboxes = prepare<{ readonly id: number }>(
    database,
    "SELECT id FROM mailboxes ORDER BY id",
  ).all();
  const next = prepare<{ readonly value: number }>(
    database,
    `UPDATE counters SET value = max(value + 1, ?) WHERE name = 'uidValidity' RETURNING value`,
  );
  const update = prepare(database, "UPDATE mailboxes SET uidValidity = ? WHERE id = ?");
  for (const { id } of mailboxes) update.run(next.first(Math.floor(now / 1000))!.value, id);
  database.exec("COMMIT");
}
