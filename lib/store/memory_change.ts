/** Changes of mailboxes in memory, and who hears of them. */
import { unknownAccount } from "./accounts.ts";
import { unknownMailbox, unknownName } from "./changes.ts";
import { findMailbox } from "./memory_mailbox.ts";
import type { AccountRow, MailboxRow, Memory, MemoryParts } from "./memory_tables.ts";
import type { AccountId, MailboxId, MailboxName } from "./store.ts";

/** Notes an account that has changed. */
export type Touch = (account: AccountRow) => void;

/** Runs a change; when that is committed, whoever waits for the accounts it touched is woken. */
export function change<T>(
  { group, marks }: MemoryParts,
  work: (touch: Touch) => T,
  bytes?: number,
): Promise<T> {
  return group.run(
    () => {
      const touched = new Set<AccountRow>();
      const value = work((account) => touched.add(account));
      return { value, touched };
    },
    ({ touched }) => {
      for (const { id, modSeq } of touched) marks.accounts.advance(id, modSeq);
    },
    bytes,
  ).then(({ value }) => value);
}

/** @throws {StoreError} `unknown` */
export function accountRow(memory: Memory, id: AccountId): AccountRow {
  const row = memory.accounts.get(id);
  if (row === undefined) throw unknownAccount(id);
  return row;
}

/** @throws {StoreError} `unknown` */
export function mailboxRow(memory: Memory, id: MailboxId): MailboxRow {
  const row = memory.mailboxes.get(id);
  if (row === undefined) throw unknownMailbox(id);
  return row;
}

/** @throws {StoreError} `unknown` */
export function namedRow(memory: Memory, to: MailboxName): MailboxRow {
  const row = findMailbox(memory, to.account, to.name);
  if (row === null) throw unknownName(to);
  return row;
}
