/** Accounts in SQLite, read from memory. */
import type { DatabaseSync } from "node:sqlite";
import type { StoredSecret } from "../sasl/secret.ts";
import { type Accounts, unknownAccount } from "./accounts.ts";
import { FIRST_MAILBOXES, INBOX } from "./mailboxes.ts";
import { prepare } from "./sql.ts";
import type { Contents, MessageRow } from "./sqlite_content.ts";
import { mailboxMaker, subscriptionKeeper } from "./sqlite_mailboxes.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import {
  type Account,
  type AccountId,
  FIRST_MODSEQ,
  type ModSeq,
  StoreError,
  type Users,
} from "./store.ts";

interface AccountRow {
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: number;
  readonly modSeq: ModSeq;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Reads all accounts, once. */
export function loadAccounts(database: DatabaseSync, accounts: Accounts): void {
  for (const row of prepare<AccountRow>(database, "SELECT * FROM accounts ORDER BY id").all()) {
    const { id, name, createdAt, modSeq, salt, iterations, storedKey, serverKey } = row;
    accounts.add({ id, name, createdAt }, { salt, iterations, storedKey, serverKey }, modSeq);
  }
}

export function sqliteUsers(parts: SqliteParts): Users {
  const { database, group } = parts;
  const { accounts } = parts.marks;
  const insertAccount = prepare<{ readonly id: AccountId }>(
    database,
    `INSERT INTO accounts (name, createdAt, modSeq, salt, iterations, storedKey, serverKey)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING id`,
  );
  const makeMailbox = mailboxMaker(database);
  const subscriptions = subscriptionKeeper(database);
  const updateSecret = prepare(
    database,
    `UPDATE accounts SET salt = ?, iterations = ?, storedKey = ?, serverKey = ? WHERE id = ?`,
  );
  const keepKey = prepare(
    database,
    "INSERT INTO keys VALUES ('decoy', ?) ON CONFLICT (name) DO NOTHING",
  );
  const readKey = prepare<{ readonly value: Uint8Array }>(
    database,
    "SELECT value FROM keys WHERE name = 'decoy'",
  );
  const removeAccount = accountRemover(database, parts.contents);

  return {
    list: accounts.list,
    find: accounts.find,
    secret: accounts.secret,
    decoyKey(fresh) {
      return group.run(() => {
        keepKey.run(fresh);
        return readKey.first()!.value;
      });
    },
    add(name, secret, createdAt) {
      return group.run((): Account => {
        const row = insertAccount.first(name, createdAt, FIRST_MODSEQ, ...secretColumns(secret));
        if (row === null) throw new StoreError("exists", `account ${name} exists already`);
        for (const [name, use] of [[INBOX, null] as const, ...FIRST_MAILBOXES]) {
          makeMailbox({ account: row.id, name, use, at: createdAt, modSeq: FIRST_MODSEQ });
          subscriptions.add(row.id, name);
        }
        return { id: row.id, name, createdAt };
      }, (account) => accounts.add(account, secret, FIRST_MODSEQ));
    },
    setSecret(id, secret) {
      return group.run(() => {
        if (updateSecret.run(...secretColumns(secret), id) === 0) throw unknownAccount(id);
      }, () => accounts.setSecret(id, secret));
    },
    remove(id) {
      return group.run(() => removeAccount(id), () => accounts.remove(id));
    },
  };
}

function secretColumns(secret: StoredSecret) {
  return [secret.salt, secret.iterations, secret.storedKey, secret.serverKey] as const;
}

/** An account with everything that is only its own; content that others still need stays. */
function accountRemover(database: DatabaseSync, contents: Contents): (id: AccountId) => void {
  const ofAccount = "mailbox IN (SELECT id FROM mailboxes WHERE account = ?)";
  const deleteEntries = prepare<{ readonly message: MessageRow }>(
    database,
    `DELETE FROM entries WHERE ${ofAccount} RETURNING message`,
  );
  const deleteRemoved = prepare(database, `DELETE FROM removed WHERE ${ofAccount}`);
  const deleteMailboxes = prepare(database, "DELETE FROM mailboxes WHERE account = ?");
  const deleteAccount = prepare(database, "DELETE FROM accounts WHERE id = ?");
  return (id) => {
    const entries = deleteEntries.all(id);
    deleteRemoved.run(id);
    deleteMailboxes.run(id);
    if (deleteAccount.run(id) === 0) throw unknownAccount(id);
    contents.release(new Set(entries.map((entry) => entry.message)));
  };
}
