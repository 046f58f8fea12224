/** The mailboxes of accounts in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import { unknownMailbox, unknownName } from "./changes.ts";
import { INBOX, type Mailboxes, type Usage } from "./mailboxes.ts";
import { checkSubscription, listedOf, namesToCreate, refuseInbox, renaming } from "./naming.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import type { MessageRow } from "./sqlite_content.ts";
import type { Edit } from "./sqlite_edit.ts";
import { sqliteMetadata } from "./sqlite_metadata.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import type { AccountId, Mailbox, MailboxId, ModSeq, SpecialUse } from "./store.ts";

/** The columns in the names of {@linkcode Mailbox}. */
export const SELECT_MAILBOX = `SELECT id, account, name, 'M' || made AS objectId, use, uidValidity,
  uidNext, modSeq, messages, unseen, deleted, size FROM mailboxes`;

export function sqliteMailboxes(parts: SqliteParts): Mailboxes {
  const { database, change } = parts;
  const selectAll = prepare<Mailbox>(database, `${SELECT_MAILBOX} WHERE account = ?`);
  const selectOne = prepare<Mailbox>(database, `${SELECT_MAILBOX} WHERE id = ?`);
  const selectUsage = prepare<Usage>(
    database,
    `SELECT ifnull(sum(size), 0) AS bytes, ifnull(sum(messages), 0) AS messages FROM mailboxes
     WHERE account = ?`,
  );
  const subscriptions = subscriptionKeeper(database);
  const make = mailboxMaker(database);
  const remove = mailboxRemover(parts);
  const rename = renamer(parts, make);
  const selectNames = prepare<{ readonly name: string }>(
    database,
    "SELECT name FROM mailboxes WHERE account = ?",
  );
  const namesOf = (account: AccountId) => selectNames.all(account).map(({ name }) => name);

  return {
    list: (account) => promised(() => listedOf(selectAll.all(account), subscriptions.of(account))),
    create(account, name, { use, at }) {
      return change((edit) => {
        let id: MailboxId | null = null;
        for (const each of namesToCreate(namesOf(account), name)) {
          const modSeq = edit.nextModSeq(account);
          id = make({ account, name: each, use: each === name ? use : null, at, modSeq });
        }
        return selectOne.first(id)!;
      });
    },
    rename: (account, from, to, at) =>
      change((edit) => rename({ edit, account, from, to, at, there: namesOf(account) })),
    remove: (mailbox) => change((edit) => remove(edit, mailbox)),
    subscribe: (account, name, subscribed) =>
      change((edit) => {
        edit.nextModSeq(account);
        if (subscribed) subscriptions.add(account, name);
        else subscriptions.remove(account, name);
      }),
    usage: (account) => promised(() => selectUsage.first(account)!),
    ...sqliteMetadata(parts),
  };
}

/** Makes a mailbox, inside a transaction. */
export type MakeMailbox = (options: {
  readonly account: AccountId;
  readonly name: string;
  readonly use: SpecialUse | null;
  readonly at: number;
  readonly modSeq: ModSeq;
}) => MailboxId;

export function mailboxMaker(database: DatabaseSync): MakeMailbox {
  // RFC 9051 §2.3.1.1 advises the time; the counter keeps it rising when clocks do not.
  const nextUidValidity = prepare<{ readonly value: number }>(
    database,
    `UPDATE counters SET value = max(value + 1, ?) WHERE name = 'uidValidity' RETURNING value`,
  );
  const insert = prepare<{ readonly id: MailboxId }>(
    database,
    `INSERT INTO mailboxes (account, name, use, uidValidity, made, uidNext, modSeq)
     VALUES (?1, ?2, ?3, ?4, ?4, 1, ?5) RETURNING id`,
  );
  return ({ account, name, use, at, modSeq }) => {
    const uidValidity = nextUidValidity.first(Math.floor(at / 1000))!.value;
    return insert.first(account, name, use, uidValidity, modSeq)!.id;
  };
}

/** The names that accounts are subscribed to; changed inside a transaction. */
export interface Subscriptions {
  of(account: AccountId): readonly string[];
  /** @throws {StoreError} `limit` */
  add(account: AccountId, name: string): void;
  remove(account: AccountId, name: string): void;
}

export function subscriptionKeeper(database: DatabaseSync): Subscriptions {
  const select = prepare<{ readonly name: string }>(
    database,
    "SELECT name FROM subscriptions WHERE account = ? ORDER BY name",
  );
  const selectCount = prepare<{ readonly count: number; readonly there: number }>(
    database,
    `SELECT count(*) AS count, ifnull(sum(name = ?2), 0) AS there FROM subscriptions
     WHERE account = ?1`,
  );
  const insert = prepare(database, "INSERT INTO subscriptions (account, name) VALUES (?, ?)");
  const remove = prepare(database, "DELETE FROM subscriptions WHERE account = ? AND name = ?");
  return {
    of: (account) => select.all(account).map(({ name }) => name),
    add(account, name) {
      const { count, there } = selectCount.first(account, name)!;
      if (there > 0) return;
      checkSubscription(name, count);
      insert.run(account, name);
    },
    remove: (account, name) => void remove.run(account, name),
  };
}

interface Rename {
  readonly edit: Edit;
  readonly account: AccountId;
  readonly from: string;
  readonly to: string;
  readonly at: number;
  /** The names of all mailboxes of the account. */
  readonly there: readonly string[];
}

function renamer(
  { database, entries }: SqliteParts,
  make: MakeMailbox,
): (rename: Rename) => void {
  const update = prepare(database, "UPDATE mailboxes SET name = ? WHERE account = ? AND name = ?");
  return ({ edit, account, from, to, at, there }) => {
    const makeAll = (names: readonly string[]) => {
      for (const name of names) {
        make({ account, name, use: null, at, modSeq: edit.nextModSeq(account) });
      }
    };
    if (from === INBOX) {
      makeAll(namesToCreate(there, to));
      const inbox = edit.named({ account, name: INBOX });
      if (inbox === null) throw unknownName({ account, name: INBOX });
      entries.copy(edit, inbox.id, null, { account, name: to }, { move: true, at });
      return;
    }
    const { renamed, made } = renaming(there, from, to);
    edit.nextModSeq(account);
    for (const [old, name] of renamed) update.run(name, account, old);
    makeAll(made);
  };
}

function mailboxRemover(
  { database, contents }: SqliteParts,
): (edit: Edit, mailbox: MailboxId) => void {
  const select = prepare<Mailbox>(database, `${SELECT_MAILBOX} WHERE id = ?`);
  const deleteEntries = prepare<{ readonly message: MessageRow }>(
    database,
    "DELETE FROM entries WHERE mailbox = ? RETURNING message",
  );
  const deleteRemoved = prepare(database, "DELETE FROM removed WHERE mailbox = ?");
  const deleteMailbox = prepare(database, "DELETE FROM mailboxes WHERE id = ?");
  return (edit, id) => {
    const mailbox = select.first(id);
    if (mailbox === null) throw unknownMailbox(id);
    refuseInbox(mailbox.name);
    edit.nextModSeq(mailbox.account);
    const messages = deleteEntries.all(id).map(({ message }) => message);
    deleteRemoved.run(id);
    deleteMailbox.run(id);
    contents.release(new Set(messages));
  };
}
