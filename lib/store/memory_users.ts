/** Accounts in memory. */
import { unknownAccount } from "./accounts.ts";
import { FIRST_MAILBOXES, INBOX } from "./mailboxes.ts";
import { insertMailbox, removeMailbox } from "./memory_mailbox.ts";
import type { AccountRow, Memory, MemoryParts } from "./memory_tables.ts";
import { type Account, type AccountId, FIRST_MODSEQ, StoreError, type Users } from "./store.ts";

export function memoryUsers({ memory, marks, group }: MemoryParts): Users {
  const { accounts } = marks;
  let decoyKey: Uint8Array | null = null;
  return {
    list: accounts.list,
    find: accounts.find,
    secret: accounts.secret,
    decoyKey: (fresh) => group.run(() => decoyKey ??= fresh.slice()),
    add(name, secret, createdAt) {
      return group.run((): Account => {
        if ([...memory.accounts.values()].some((account) => account.name === name)) {
          throw new StoreError("exists", `account ${name} exists already`);
        }
        return insertAccount(memory, name, createdAt);
      }, (account) => accounts.add(account, secret, FIRST_MODSEQ));
    },
    setSecret(id, secret) {
      return group.run(() => {
        if (!memory.accounts.has(id)) throw unknownAccount(id);
      }, () => accounts.setSecret(id, secret));
    },
    remove(id) {
      return group.run(() => {
        if (!memory.accounts.has(id)) throw unknownAccount(id);
        removeAccount(memory, id);
      }, () => accounts.remove(id));
    },
  };
}

/** Makes an account and its first mailboxes. */
function insertAccount(memory: Memory, name: string, createdAt: number): Account {
  const account = { id: memory.nextId(), name, createdAt };
  const row: AccountRow = {
    ...account,
    modSeq: FIRST_MODSEQ,
    mailboxes: new Map(),
    subscriptions: new Set(),
    metadata: new Map(),
  };
  memory.accounts.set(row.id, row);
  for (const [name, use] of [[INBOX, null] as const, ...FIRST_MAILBOXES]) {
    insertMailbox(memory, row, { name, use, at: createdAt });
    row.subscriptions.add(name);
  }
  return account;
}

/** An account with everything that is only its own; content that others still need stays. */
function removeAccount(memory: Memory, id: AccountId): void {
  const mailboxes = [...memory.accounts.get(id)?.mailboxes.values() ?? []];
  for (const mailbox of mailboxes) removeMailbox(memory, mailbox);
  memory.accounts.delete(id);
}
