/** Whether everything in the database is as it has to be. Reads all of it. */
import type { DatabaseSync } from "node:sqlite";
import { CHUNK_BYTES } from "./content.ts";
import { DELETED, SEEN } from "./flags.ts";
import { prepare, type Value } from "./sql.ts";
import { IS_FREE } from "./sqlite_schedule.ts";
import { StoreError } from "./store.ts";

/** What cannot be read is told once, and is not in the way of the rest. */
const HAPPENING = "iif(json_valid(e.happening), e.happening, '{}')";

/** Design, promise 2: each recipient that was queued still waits, or came to one end. */
const HISTORY_RULES: readonly string[] = [
  `SELECT format('message %s waits and has no history', m.message) FROM messages m
   WHERE EXISTS (SELECT 1 FROM queue WHERE message = m.id)
     AND NOT EXISTS (SELECT 1 FROM histories WHERE id = m.id)`,
  `SELECT format('message %s has the history of %s', m.message, h.message)
   FROM messages m JOIN histories h USING (id) WHERE m.message <> h.message`,
  `WITH queued AS (
     SELECT id, r ->> 'local' AS local, r ->> 'domain' AS domain, count(*) AS count FROM (
       SELECT h.id, r.value AS r FROM histories h,
         json_each(iif(json_valid(h.accepted), h.accepted, '{}'), '$.queued') r
       UNION ALL SELECT e.history, r.value FROM happenings e,
         json_each(${HAPPENING}, '$.outcomes') o, json_each(o.value, '$.queued') r
     ) GROUP BY 1, 2, 3
   ), waiting AS (
     SELECT message AS id, recipientLocal AS local, recipientDomain AS domain, count(*) AS count
     FROM queue GROUP BY 1, 2, 3
   ), ended AS (
     SELECT e.history AS id, r.value ->> 'local' AS local, r.value ->> 'domain' AS domain,
       count(*) AS count
     FROM happenings e, json_each(${HAPPENING}, '$.outcomes') o,
       json_each(o.value, '$.recipients') r
     WHERE o.value ->> 'outcome' NOT IN ('deferred', 'delayed') GROUP BY 1, 2, 3
   )
   SELECT format('message %s: %s@%s was queued %d times, waits %d times and ended %d times',
     h.message, q.local, q.domain, q.count, ifnull(w.count, 0), ifnull(e.count, 0))
   FROM queued q JOIN histories h USING (id)
     LEFT JOIN waiting w USING (id, local, domain) LEFT JOIN ended e USING (id, local, domain)
   WHERE q.count <> ifnull(w.count, 0) + ifnull(e.count, 0)`,
  `SELECT format('message %s: happening %d cannot be read', h.message, e.number)
   FROM happenings e JOIN histories h ON h.id = e.history WHERE NOT json_valid(e.happening)`,
  `SELECT format('message %s: its acceptance cannot be read', message)
   FROM histories WHERE NOT json_valid(accepted)`,
];

/** What stands in the row of a mailbox is what counting its messages gives. */
const COUNT_RULES: readonly string[] = [
  `SELECT format('mailbox %d counts %s and has %s', id, kept, found) FROM (
     SELECT b.id, format('%d messages, %d unseen, %d deleted, %d bytes',
         b.messages, b.unseen, b.deleted, b.size) AS kept,
       format('%d messages, %d unseen, %d deleted, %d bytes', count(e.uid),
         count(e.uid) FILTER (WHERE NOT e.flags & ${SEEN}),
         count(e.uid) FILTER (WHERE e.flags & ${DELETED}),
         ifnull(sum(length(e.prefix) + m.size), 0)) AS found
     FROM mailboxes b LEFT JOIN entries e ON e.mailbox = b.id
       LEFT JOIN messages m ON m.id = e.message GROUP BY b.id
   ) WHERE kept <> found`,
  `SELECT format('mailbox %d: uid %d has the keyword %s, which the mailbox does not know',
     e.mailbox, e.uid, k.value)
   FROM entries e, json_each('["' || replace(e.keywords, ' ', '","') || '"]') k
   WHERE e.keywords <> ''
     AND NOT EXISTS (SELECT 1 FROM keywords WHERE mailbox = e.mailbox AND keyword = k.value)`,
  `SELECT format('message %s: its parts cannot be read', m.message)
   FROM parts p JOIN messages m ON m.id = p.message WHERE NOT json_valid(p.parts)`,
];

/** Each gives one sentence for each fault that it finds. */
const RULES: readonly string[] = [
  `SELECT format('account %s has no INBOX', name) FROM accounts a
   WHERE NOT EXISTS (SELECT 1 FROM mailboxes WHERE account = a.id AND name = 'INBOX')`,
  `SELECT format('mailbox %d: its mark %d is past that of its account, %d',
     b.id, b.modSeq, a.modSeq)
   FROM mailboxes b JOIN accounts a ON a.id = b.account WHERE b.modSeq > a.modSeq`,
  `SELECT format('mailbox %d: its uidValidity %d was not given out yet', id, uidValidity)
   FROM mailboxes
   WHERE uidValidity > (SELECT value FROM counters WHERE name = 'uidValidity')`,
  `SELECT format('mailbox %d: uid %d is not below its uidNext, %d', b.id, x.uid, b.uidNext)
   FROM mailboxes b JOIN (
     SELECT mailbox, uid FROM entries UNION ALL SELECT mailbox, uid FROM removed
   ) x ON x.mailbox = b.id WHERE x.uid >= b.uidNext`,
  `SELECT format('mailbox %d: uid %d has mark %d, past that of its mailbox, %d',
     b.id, x.uid, x.modSeq, b.modSeq)
   FROM mailboxes b JOIN (
     SELECT mailbox, uid, modSeq FROM entries UNION ALL SELECT mailbox, uid, modSeq FROM removed
   ) x ON x.mailbox = b.id WHERE x.modSeq > b.modSeq`,
  `SELECT format('mailbox %d: uid %d is there and is removed', e.mailbox, e.uid)
   FROM entries e JOIN removed r ON r.mailbox = e.mailbox AND r.uid = e.uid`,
  `SELECT format('mailbox %d: two changes have mark %d', e.mailbox, e.modSeq)
   FROM entries e JOIN removed r ON r.mailbox = e.mailbox AND r.modSeq = e.modSeq`,
  `SELECT format('mailbox %d counts %d removals and remembers %d', id, removals, found) FROM (
     SELECT id, removals, (SELECT count(*) FROM removed WHERE mailbox = b.id) AS found
     FROM mailboxes b
   ) WHERE removals <> found`,
  ...COUNT_RULES,
  `SELECT format('mailbox %d: uid %d has no content', e.mailbox, e.uid) FROM entries e
   WHERE NOT EXISTS (SELECT 1 FROM messages WHERE id = e.message)`,
  `SELECT format('queued recipient %d has no content', q.id) FROM queue q
   WHERE NOT EXISTS (SELECT 1 FROM messages WHERE id = q.message)`,
  `SELECT format('message %s is kept though nothing needs it', message) FROM messages m
   WHERE NOT EXISTS (SELECT 1 FROM entries WHERE message = m.id)
     AND NOT EXISTS (SELECT 1 FROM queue WHERE message = m.id)
     AND NOT EXISTS (SELECT 1 FROM loose WHERE message = m.id)`,
  `SELECT format('message %s has %d bytes of %d', message, found, size) FROM (
     SELECT message, size,
       (SELECT ifnull(sum(length(bytes)), 0) FROM chunks WHERE message = m.id) AS found
     FROM messages m
   ) WHERE found <> size`,
  `SELECT format('message %s: chunk %d has not its length', m.message, c.at)
   FROM chunks c JOIN messages m ON m.id = c.message
   WHERE length(c.bytes) <> min(${CHUNK_BYTES}, m.size - c.at * ${CHUNK_BYTES})`,
  `SELECT format('hop %s is deferred though nothing waits for it', hop) FROM hops h
   WHERE NOT EXISTS (SELECT 1 FROM queue WHERE hop = h.hop)`,
  ...HISTORY_RULES,
  `SELECT format('the queue counts %d recipients and has %d', recipients, found)
   FROM temp.size, (SELECT count(*) AS found FROM queue) WHERE recipients <> found`,
  `SELECT format('hop %s is due at %s and not at %s', hop, found, expected) FROM (
     SELECT hop, s.dueAt || iif(s.down, ', down', '') AS found,
       e.dueAt || iif(e.down, ', down', '') AS expected
     FROM temp.schedule s FULL JOIN (
       SELECT q.hop, max(min(q.dueAt), ifnull(h.until, 0)) AS dueAt, h.hop IS NOT NULL AS down
       FROM queue q LEFT JOIN hops h ON h.hop = q.hop WHERE ${IS_FREE} GROUP BY q.hop
     ) e USING (hop)
   ) WHERE found IS NOT expected`,
  `SELECT format('alias %s leads nowhere', name) FROM aliases
   WHERE json_array_length(targets) = 0`,
];

/** Sentences for people; the database's own about damaged pages come first. */
export function sqliteCheck(database: DatabaseSync): readonly string[] {
  const damage = readable(() => textsOf(database, "PRAGMA integrity_check"));
  const dangling = readable(() =>
    prepare<{ readonly table: string; readonly parent: string }>(
      database,
      "PRAGMA foreign_key_check",
    ).all().map(({ table, parent }) => `a row of ${table} points at nothing in ${parent}`)
  );
  const broken = RULES.flatMap((rule) => readable(() => textsOf(database, rule)));
  return [...new Set([...damage.filter((text) => text !== "ok"), ...dangling, ...broken])];
}

/** What is damaged cannot be read to its end, and that is a fault to be named, too. */
function readable(texts: () => readonly string[]): readonly string[] {
  try {
    return texts();
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
    return [error.message];
  }
}

function textsOf(database: DatabaseSync, sql: string): string[] {
  return prepare<Record<string, Value>>(database, sql).all().map((row) =>
    String(Object.values(row)[0])
  );
}
