/** The history of messages in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import type { Address } from "../mail/address.ts";
import { messageIdOf } from "../mail/message_id.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Prepared } from "./content.ts";
import type { Group } from "./group.ts";
import { everQueued, mayGo, nextAfter, queuedIn, shortened, withUnreached } from "./happenings.ts";
import {
  ATTEMPTS_KEPT,
  type ForgetOptions,
  type Happening,
  type History,
  type HistoryId,
  type MessageHistory,
  type Origin,
  type Unreached,
  UNREACHED_KEPT,
} from "./history.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import type { MessageRow } from "./sqlite_content.ts";
import type { AccountId } from "./store.ts";

/** What writes history; inside a transaction. */
export interface Histories {
  /** A message's history has the number of its row, and outlives it. */
  begin(message: MessageRow, prepared: Prepared): void;
  append(message: MessageRow, happening: Happening): void;
  unreached(found: Omit<Unreached, "what">): void;
}

/** What the column `accepted` holds, as JSON. */
interface AcceptedColumn {
  readonly sender: Address | null;
  readonly size: number;
  readonly origin: Origin | null;
  readonly mailboxes: readonly AccountId[];
  readonly queued: readonly Address[];
}

export function sqliteHistories(database: DatabaseSync): Histories {
  const insertHistory = prepare(
    database,
    `INSERT INTO histories (id, message, messageId, about, acceptedAt, accepted)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const insertHappening = prepare<{ readonly number: number }>(
    database,
    `INSERT INTO happenings (history, number, mayGo, happening)
     SELECT ?1, ifnull(max(number), 0) + 1, ?2, ?3 FROM happenings WHERE history = ?1
     RETURNING number`,
  );
  const deleteOldest = prepare(
    database,
    `DELETE FROM happenings WHERE history = ?1 AND number IN (
       SELECT number FROM happenings WHERE history = ?1 AND mayGo = 1
       ORDER BY number DESC LIMIT -1 OFFSET ?2
     )`,
  );
  const insertUnreached = prepare(
    database,
    "INSERT OR REPLACE INTO unreached (hop, at, until, reply) VALUES (?, ?, ?, ?)",
  );
  const deleteUnreached = prepare(
    database,
    `DELETE FROM unreached WHERE hop = ?1 AND at < (
       SELECT at FROM unreached WHERE hop = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2
     )`,
  );

  return {
    begin(row, { message, messageId }) {
      const { origin = null } = message;
      insertHistory.run(
        row,
        message.id,
        messageId,
        origin?.from === "report" ? origin.about : null,
        message.acceptedAt,
        JSON.stringify(columnOf(message)),
      );
    },
    append(row, happening) {
      const goes = mayGo(happening);
      const { number } = insertHappening.first(row, goes ? 1 : 0, JSON.stringify(happening))!;
      if (goes && number > ATTEMPTS_KEPT) deleteOldest.run(row, ATTEMPTS_KEPT);
    },
    unreached({ hop, at, until, reply }) {
      insertUnreached.run(hop, at, until, JSON.stringify(shortened(reply)));
      deleteUnreached.run(hop, UNREACHED_KEPT - 1);
    },
  };
}

function columnOf(message: Prepared["message"]): AcceptedColumn {
  const { envelope, content, origin = null, deliveries } = message;
  return {
    sender: envelope.sender,
    size: content.size,
    origin,
    mailboxes: deliveries.flatMap((each) => each.to === "mailbox" ? [each.account] : []),
    queued: queuedIn(deliveries),
  };
}

interface HistoryRow {
  readonly id: HistoryId;
  readonly message: string;
  readonly messageId: string | null;
  readonly acceptedAt: number;
  readonly accepted: string;
}

export function sqliteHistory(
  { database, group }: { readonly database: DatabaseSync; readonly group: Group },
): History {
  const selectHistories = prepare<HistoryRow>(
    database,
    `SELECT id, message, messageId, acceptedAt, accepted FROM histories
     WHERE id IN (
       SELECT id FROM histories WHERE message = ?1 UNION
       SELECT id FROM histories WHERE messageId = ?2 AND messageId IS NOT NULL
     ) ORDER BY id DESC LIMIT ?3`,
  );
  const complete = historyReader(database);
  const forget = forgetter(database);
  return {
    find: (name, max) =>
      promised(() => selectHistories.all(name, messageIdOf(name), max).map(complete)),
    forget: (before, options) => group.run(() => forget(before, options)),
  };
}

function historyReader(database: DatabaseSync): (row: HistoryRow) => MessageHistory {
  const selectHappenings = prepare<{ readonly number: number; readonly happening: string }>(
    database,
    "SELECT number, happening FROM happenings WHERE history = ? ORDER BY number",
  );
  const selectReports = prepare<{ readonly message: string }>(
    database,
    "SELECT message FROM histories WHERE about = ? ORDER BY id",
  );
  const selectName = prepare<{ readonly name: string }>(
    database,
    "SELECT name FROM accounts WHERE id = ?",
  );
  const selectUnreached = prepare<
    { readonly hop: string; readonly at: number; readonly until: number; readonly reply: string }
  >(
    database,
    "SELECT hop, at, until, reply FROM unreached WHERE hop = ? AND at >= ? ORDER BY at",
  );
  return ({ message, messageId, acceptedAt, accepted, id }) => {
    const { sender, size, origin, mailboxes, queued } = JSON.parse(accepted) as AcceptedColumn;
    const rows = selectHappenings.all(id);
    const happenings = rows.map(({ happening }) => JSON.parse(happening) as Happening);
    const hops = [...new Set(everQueued(queued, happenings).map(({ domain }) => domain))];
    const unreached = hops.flatMap((hop) => selectUnreached.all(hop, acceptedAt)).map((each) =>
      ({ ...each, what: "unreached", reply: JSON.parse(each.reply) as Reply }) as const
    );
    return {
      message,
      messageId,
      acceptedAt,
      sender,
      size,
      origin,
      mailboxes: mailboxes.map((account) => selectName.first(account)?.name ?? null),
      queued,
      reports: selectReports.all(message).map((report) => report.message),
      happenings: withUnreached(queued, happenings, unreached),
      forgotten: (rows.at(-1)?.number ?? 0) - rows.length,
    };
  };
}

function forgetter(
  database: DatabaseSync,
): (before: number, options: ForgetOptions) => HistoryId | null {
  const selectOld = prepare<{ readonly id: HistoryId; readonly acceptedAt: number }>(
    database,
    "SELECT id, acceptedAt FROM histories WHERE id > ? ORDER BY id LIMIT ?",
  );
  // What has no time was written by nobody who runs a server; it counts as old.
  const deleteEnded = prepare(
    database,
    `DELETE FROM histories WHERE id = ?1 AND acceptedAt < ?2
       AND NOT EXISTS (SELECT 1 FROM queue WHERE message = ?1)
       AND NOT EXISTS (
         SELECT 1 FROM happenings WHERE history = ?1 AND happening ->> 'at' >= ?2
       )`,
  );
  const deleteUnreached = prepare(
    database,
    `DELETE FROM unreached WHERE (hop, at) IN (
       SELECT hop, at FROM unreached WHERE at < ?1
         AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.hop = unreached.hop) LIMIT ?2
     )`,
  );
  return (before, { after, max, now }) => {
    const rows = selectOld.all(after, max);
    for (const { id } of rows) deleteEnded.run(id, before);
    deleteUnreached.run(before, max);
    return nextAfter(rows, before, { max, now });
  };
}
