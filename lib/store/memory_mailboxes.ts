/** The mailboxes of accounts in memory. */
import { INBOX, type Mailboxes } from "./mailboxes.ts";
import { unknownMailbox } from "./changes.ts";
import { accountRow, change, mailboxRow, namedRow } from "./memory_change.ts";
import { copyEntries } from "./memory_entries.ts";
import { insertMailbox, mailboxOf, nextModSeq, removeMailbox } from "./memory_mailbox.ts";
import type { AccountRow, Memory, MemoryParts } from "./memory_tables.ts";
import {
  changedMetadata,
  checkSubscription,
  listedOf,
  namesToCreate,
  refuseInbox,
  renaming,
} from "./naming.ts";
import { promised } from "./promised.ts";
import type { SpecialUse } from "./store.ts";

export function memoryMailboxes(parts: MemoryParts): Mailboxes {
  const { memory } = parts;
  return {
    list(account) {
      return promised(() => {
        const row = memory.accounts.get(account);
        if (row === undefined) return [];
        return listedOf([...row.mailboxes.values()].map(mailboxOf), [...row.subscriptions]);
      });
    },
    create(account, name, { use, at }) {
      return change(parts, (touch) => {
        const row = accountRow(memory, account);
        const names = namesToCreate([...row.mailboxes.keys()], name);
        makeAll(memory, row, names, { use, at });
        touch(row);
        return mailboxOf(namedRow(memory, { account, name }));
      });
    },
    rename(account, from, to, at) {
      return change(parts, (touch) => {
        const row = accountRow(memory, account);
        if (from === INBOX) renameInbox(memory, row, to, at);
        else rename(memory, row, from, to, at);
        touch(row);
      });
    },
    remove(id) {
      return change(parts, (touch) => {
        const mailbox = mailboxRow(memory, id);
        refuseInbox(mailbox.name);
        removeMailbox(memory, mailbox);
        mailbox.account.modSeq++;
        touch(mailbox.account);
      });
    },
    subscribe(account, name, subscribed) {
      return change(parts, (touch) => {
        const row = accountRow(memory, account);
        const { subscriptions } = row;
        if (subscribed && !subscriptions.has(name)) checkSubscription(name, subscriptions.size);
        if (subscribed) subscriptions.add(name);
        else subscriptions.delete(name);
        row.modSeq++;
        touch(row);
      });
    },
    usage(account) {
      const rows = [...memory.accounts.get(account)?.mailboxes.values() ?? []];
      return Promise.resolve({
        bytes: rows.reduce((bytes, { counts }) => bytes + counts.size, 0),
        messages: rows.reduce((messages, { counts }) => messages + counts.messages, 0),
      });
    },
    metadata(account, mailbox) {
      const owner = mailbox === null ? memory.accounts.get(account) : memory.mailboxes.get(mailbox);
      return Promise.resolve(owner?.metadata ?? new Map());
    },
    setMetadata(account, mailbox, entries) {
      return change(parts, (touch) => {
        const row = accountRow(memory, account);
        const owner = mailbox === null ? row : mailboxRow(memory, mailbox);
        if ("account" in owner && owner.account !== row) throw unknownMailbox(mailbox!);
        owner.metadata = changedMetadata(owner.metadata, entries);
        if (!("account" in owner)) return;
        nextModSeq(owner);
        touch(row);
      });
    },
  };
}

/** The last of these is for this use. */
function makeAll(
  memory: Memory,
  account: AccountRow,
  names: readonly string[],
  { use, at }: { readonly use: SpecialUse | null; readonly at: number },
): void {
  for (const name of names) {
    account.modSeq++;
    insertMailbox(memory, account, { name, use: name === names.at(-1) ? use : null, at });
  }
}

/** RFC 9051 §6.3.6: it stays, and is empty. */
function renameInbox(memory: Memory, account: AccountRow, to: string, at: number): void {
  const names = namesToCreate([...account.mailboxes.keys()], to);
  makeAll(memory, account, names, { use: null, at });
  const source = namedRow(memory, { account: account.id, name: INBOX });
  const target = namedRow(memory, { account: account.id, name: to });
  copyEntries(memory, { source, target, uids: [...source.entries.keys()], move: true, at });
}

function rename(
  memory: Memory,
  account: AccountRow,
  from: string,
  to: string,
  at: number,
): void {
  const { renamed, made } = renaming([...account.mailboxes.keys()], from, to);
  account.modSeq++;
  for (const [old, name] of renamed) {
    const row = account.mailboxes.get(old)!;
    account.mailboxes.delete(old);
    row.name = name;
    account.mailboxes.set(name, row);
  }
  makeAll(memory, account, made, { use: null, at });
}
