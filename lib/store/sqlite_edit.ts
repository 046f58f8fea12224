/**
 * Changing what is in mailboxes, in SQLite. A transaction may make ten thousand changes of one
 * mailbox: their marks and what they change of the counts are kept in memory meanwhile, and written
 * into the rows of mailbox and account once, at the end.
 */
import type { DatabaseSync } from "node:sqlite";
import { unknownAccount } from "./accounts.ts";
import { REMOVED_SLACK } from "./changes.ts";
import type { Counts } from "./flags.ts";
import { prepare } from "./sql.ts";
import type { Marks } from "./arrivals.ts";
import type { Group } from "./group.ts";
import {
  type AccountId,
  type MailboxId,
  type MailboxName,
  type ModSeq,
  REMOVED_KEPT,
  type Uid,
} from "./store.ts";

/** A mailbox that is being changed. */
export interface Edited {
  readonly id: MailboxId;
  readonly account: AccountId;
  readonly uidValidity: number;
  readonly counts: Counts;
  /** Removals that are to be remembered; whoever adds one counts it here. */
  removals: number;
  nextUid(): Uid;
  nextModSeq(): ModSeq;
}

/** What a transaction changes. */
export interface Edit {
  mailbox(id: MailboxId): Edited | null;
  named(name: MailboxName): Edited | null;
  /** For a change of the account that is in no mailbox. @throws {StoreError} `unknown` */
  nextModSeq(account: AccountId): ModSeq;
}

/** Runs a change in a transaction; when it is durable, whoever waits for its accounts is woken. */
export type Change = <T>(work: (edit: Edit) => T, bytes?: number) => Promise<T>;

export function sqliteChange({ database, group, marks }: {
  readonly database: DatabaseSync;
  readonly group: Group;
  readonly marks: Marks;
}): Change {
  const begin = editor(database);
  return (work, bytes) =>
    group.run(
      () => {
        const { edit, end } = begin();
        const value = work(edit);
        return { value, modSeqs: end() };
      },
      ({ modSeqs }) => {
        for (const [account, modSeq] of modSeqs) marks.accounts.advance(account, modSeq);
      },
      bytes,
    ).then(({ value }) => value);
}

interface Row extends Counts {
  readonly id: MailboxId;
  readonly account: AccountId;
  readonly uidValidity: number;
  readonly uidNext: Uid;
  readonly modSeq: ModSeq;
  readonly removals: number;
}

interface Begun {
  readonly edit: Edit;
  /** Writes everything; gives the accounts that have changed, with their newest marks. */
  end(): ReadonlyMap<AccountId, ModSeq>;
}

function editor(database: DatabaseSync): () => Begun {
  const columns = `SELECT id, account, uidValidity, uidNext, modSeq, messages, unseen, deleted,
    size, removals FROM mailboxes`;
  const selectById = prepare<Row>(database, `${columns} WHERE id = ?`);
  const selectByName = prepare<Row>(database, `${columns} WHERE account = ? AND name = ?`);
  const marks = accountMarks(database);
  const write = mailboxWriter(database);

  return () => {
    const open = new Map<MailboxId, Open>();
    const { next, end } = marks();
    const opened = (row: Row | null): Edited | null => {
      if (row === null) return null;
      const known = open.get(row.id) ?? openOf(row, () => next(row.account));
      open.set(row.id, known);
      return known.edited;
    };
    return {
      edit: {
        mailbox: (id) => open.get(id)?.edited ?? opened(selectById.first(id)),
        named: ({ account, name }) => opened(selectByName.first(account, name)),
        nextModSeq: next,
      },
      end() {
        for (const each of open.values()) if (each.modSeq() !== null) write(each);
        return end();
      },
    };
  };
}

interface Open {
  readonly edited: Edited;
  uidNext(): Uid;
  /** Its newest change; `null`: there was none. */
  modSeq(): ModSeq | null;
}

function openOf(row: Row, nextModSeq: () => ModSeq): Open {
  const { id, account, uidValidity, messages, unseen, deleted, size, removals } = row;
  let { uidNext } = row;
  let modSeq: ModSeq | null = null;
  return {
    edited: {
      id,
      account,
      uidValidity,
      counts: { messages, unseen, deleted, size },
      removals,
      nextUid: () => uidNext++,
      nextModSeq: () => modSeq = nextModSeq(),
    },
    uidNext: () => uidNext,
    modSeq: () => modSeq,
  };
}

function accountMarks(database: DatabaseSync) {
  const select = prepare<{ readonly modSeq: ModSeq }>(
    database,
    "SELECT modSeq FROM accounts WHERE id = ?",
  );
  const update = prepare(database, "UPDATE accounts SET modSeq = ? WHERE id = ?");
  return () => {
    const modSeqs = new Map<AccountId, ModSeq>();
    return {
      next(account: AccountId): ModSeq {
        const last = modSeqs.get(account) ?? select.first(account)?.modSeq;
        if (last === undefined) throw unknownAccount(account);
        modSeqs.set(account, last + 1);
        return last + 1;
      },
      end(): ReadonlyMap<AccountId, ModSeq> {
        for (const [account, modSeq] of modSeqs) update.run(modSeq, account);
        return modSeqs;
      },
    };
  };
}

function mailboxWriter(database: DatabaseSync): (open: Open) => void {
  const update = prepare(
    database,
    `UPDATE mailboxes SET uidNext = ?, modSeq = ?, messages = ?, unseen = ?, deleted = ?, size = ?,
     removals = ? WHERE id = ?`,
  );
  const forgetOldest = removalForgetter(database);
  return ({ edited, uidNext, modSeq }) => {
    const { id, removals, counts: { messages, unseen, deleted, size } } = edited;
    update.run(uidNext(), modSeq(), messages, unseen, deleted, size, removals, id);
    if (removals > REMOVED_KEPT + REMOVED_SLACK) forgetOldest(id);
  };
}

function removalForgetter(database: DatabaseSync): (mailbox: MailboxId) => void {
  const selectNewestForgotten = prepare<{ readonly modSeq: ModSeq }>(
    database,
    `SELECT modSeq FROM removed WHERE mailbox = ? ORDER BY modSeq DESC
     LIMIT 1 OFFSET ${REMOVED_KEPT}`,
  );
  const deleteRemoved = prepare(
    database,
    "DELETE FROM removed WHERE mailbox = ? AND modSeq <= ?",
  );
  const updateMailbox = prepare(
    database,
    `UPDATE mailboxes SET removals = ${REMOVED_KEPT}, forgotten = ? WHERE id = ?`,
  );
  return (mailbox) => {
    const { modSeq } = selectNewestForgotten.first(mailbox)!;
    deleteRemoved.run(mailbox, modSeq);
    updateMailbox.run(modSeq, mailbox);
  };
}
