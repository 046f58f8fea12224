/** What is noted about mailboxes (RFC 5464), in SQLite. */
import { unknownAccount } from "./accounts.ts";
import { unknownMailbox } from "./changes.ts";
import type { Mailboxes } from "./mailboxes.ts";
import { changedMetadata } from "./naming.ts";
import { promised } from "./promised.ts";
import { prepare } from "./sql.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import type { AccountId, MailboxId } from "./store.ts";

export function sqliteMetadata(
  { database, change }: SqliteParts,
): Pick<Mailboxes, "metadata" | "setMetadata"> {
  const select = prepare<{ readonly name: string; readonly value: Uint8Array }>(
    database,
    `SELECT name, value FROM metadata WHERE account = ? AND ifnull(mailbox, 0) = ?
     ORDER BY name`,
  );
  const remove = prepare(
    database,
    "DELETE FROM metadata WHERE account = ? AND ifnull(mailbox, 0) = ? AND name = ?",
  );
  const insert = prepare(
    database,
    `INSERT INTO metadata (account, mailbox, name, value) VALUES (?, nullif(?, 0), ?, ?)
     ON CONFLICT (account, ifnull(mailbox, 0), name) DO UPDATE SET value = excluded.value`,
  );
  const selectAccount = prepare(database, "SELECT 1 FROM accounts WHERE id = ?");
  const selectMailbox = prepare(database, "SELECT 1 FROM mailboxes WHERE id = ? AND account = ?");
  const read = (account: AccountId, mailbox: MailboxId | null) =>
    new Map(select.all(account, mailbox ?? 0).map(({ name, value }) => [name, value]));

  return {
    metadata: (account, mailbox) => promised(() => read(account, mailbox)),
    setMetadata(account, mailbox, entries) {
      return change((edit) => {
        if (selectAccount.first(account) === null) throw unknownAccount(account);
        if (mailbox !== null && selectMailbox.first(mailbox, account) === null) {
          throw unknownMailbox(mailbox);
        }
        changedMetadata(read(account, mailbox), entries);
        for (const [name, value] of entries) {
          if (value === null) remove.run(account, mailbox ?? 0, name);
          else insert.run(account, mailbox ?? 0, name, value);
        }
        if (mailbox !== null) edit.mailbox(mailbox)!.nextModSeq();
      });
    },
  };
}
