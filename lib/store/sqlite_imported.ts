/** What was brought into mailboxes from elsewhere, in SQLite. */
import { unknownName } from "./changes.ts";
import { contentBytes, prepareBrought } from "./content.ts";
import { newKeys } from "./imported.ts";
import { prepare } from "./sql.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { IMPORTED_KEPT, type Mail, type MailboxId } from "./store.ts";

export function sqliteImported(
  { database, group, change, entries }: SqliteParts,
): Pick<Mail, "take" | "forgetTaken"> {
  const selectKey = prepare<{ readonly number: number }>(
    database,
    "SELECT number FROM imported WHERE mailbox = ? AND key = ?",
  );
  const selectLast = prepare<{ readonly number: number }>(
    database,
    "SELECT ifnull(max(number), 0) AS number FROM imported WHERE mailbox = ?",
  );
  const insert = prepare(
    database,
    "INSERT INTO imported (mailbox, number, key) VALUES (?, ?, ?)",
  );
  const trim = prepare(database, "DELETE FROM imported WHERE mailbox = ? AND number <= ?");
  const forget = prepare(
    database,
    `DELETE FROM imported WHERE mailbox = ?1 AND number IN (
       SELECT number FROM imported WHERE mailbox = ?1 ORDER BY number LIMIT ?2
     )`,
  );
  const remember = (mailbox: MailboxId, keys: readonly Uint8Array[]) => {
    let { number } = selectLast.first(mailbox)!;
    for (const key of keys) insert.run(mailbox, ++number, key);
    trim.run(mailbox, number - IMPORTED_KEPT);
  };
  return {
    async take(to, messages, at) {
      const brought = await Promise.all(messages.map((each) => prepareBrought(each, at)));
      return await change((edit) => {
        const mailbox = edit.named(to);
        if (mailbox === null) throw unknownName(to);
        const isNew = newKeys(messages, (key) => selectKey.first(mailbox.id, key) !== null);
        entries.append(edit, to, brought.filter((_, each) => isNew[each]));
        const keys = messages.filter((_, each) => isNew[each]).map(({ key }) => key);
        remember(mailbox.id, keys);
        return keys.length;
      }, contentBytes(brought));
    },
    forgetTaken: (mailbox, max) => group.run(() => forget.run(mailbox, max)),
  };
}
