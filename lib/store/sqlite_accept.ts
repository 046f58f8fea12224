/** One message with all its deliveries, inside a transaction; for `accept` and for reports. */
import type { DatabaseSync } from "node:sqlite";
import type { Arrivals } from "./arrivals.ts";
import { prepare } from "./sql.ts";
import type { Prepared } from "./content.ts";
import type { Contents, MessageRow } from "./sqlite_content.ts";
import type { Histories } from "./sqlite_history.ts";
import type { Schedule } from "./sqlite_schedule.ts";
import {
  type AccountId,
  type MailboxDelivery,
  type MailboxId,
  type ModSeq,
  StoreError,
  type Uid,
} from "./store.ts";

/** Puts a stored message into a mailbox. @throws {StoreError} `unknown` */
export type Deliver = (to: MailboxDelivery, message: MessageRow) => ModSeq;

/** Gives the function that inserts one message. @throws {StoreError} `unknown` from it */
export function sqliteAccept({ contents, schedule, deliver, histories }: {
  readonly contents: Contents;
  readonly schedule: Schedule;
  readonly deliver: Deliver;
  readonly histories: Histories;
}): (prepared: Prepared) => Arrivals {
  return (prepared) => {
    const row = contents.insert(prepared);
    histories.begin(row, prepared);
    const modSeqs = new Map<AccountId, ModSeq>();
    const { deliveries } = prepared.message;
    let queued = false;
    for (const delivery of deliveries) {
      if (delivery.to === "mailbox") modSeqs.set(delivery.account, deliver(delivery, row));
      else {
        schedule.insert(row, prepared.message, delivery);
        queued = true;
      }
    }
    return { modSeqs, queued };
  };
}

export function sqliteDeliver(database: DatabaseSync): Deliver {
  const countArrival = prepare<
    { readonly id: MailboxId; readonly uid: Uid; readonly modSeq: ModSeq }
  >(
    database,
    `UPDATE mailboxes SET uidNext = uidNext + 1, modSeq = ?3, messages = messages + 1,
       unseen = unseen + 1, size = size + ?4 + (SELECT size FROM messages WHERE id = ?5)
     WHERE account = ?1 AND name = ?2
     RETURNING id, uidNext - 1 AS uid, modSeq`,
  );
  const nextModSeq = prepare<{ readonly modSeq: ModSeq }>(
    database,
    "UPDATE accounts SET modSeq = modSeq + 1 WHERE id = ? RETURNING modSeq",
  );
  const insertEntry = prepare(
    database,
    "INSERT INTO entries (mailbox, uid, message, modSeq, prefix) VALUES (?, ?, ?, ?, ?)",
  );

  return (to, message) => {
    const account = nextModSeq.first(to.account);
    const mailbox = account && countArrival.first(
      to.account,
      to.mailbox,
      account.modSeq,
      to.prefix.length,
      message,
    );
    if (mailbox === null) {
      throw new StoreError("unknown", `account ${to.account} has no mailbox ${to.mailbox}`);
    }
    insertEntry.run(mailbox.id, mailbox.uid, message, mailbox.modSeq, to.prefix);
    return mailbox.modSeq;
  };
}
