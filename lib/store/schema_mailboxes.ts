/** The tables of mailboxes with flags, as IMAP has them; a step of `schema.ts`. */

/**
 * What is counted of a mailbox stands in its row, so that opening one costs the same whatever is in
 * it. Entries that are there are new mail: nobody has seen them. Where a time is NULL it is that at
 * which the message was accepted, so that delivery writes no more than before.
 *
 * `made` is the first `uidValidity`; another may come with a restored backup.
 */
export const MAILBOXES = `
ALTER TABLE mailboxes ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN use TEXT;
ALTER TABLE mailboxes ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN size INTEGER NOT NULL DEFAULT 0;

ALTER TABLE entries ADD COLUMN flags INTEGER NOT NULL DEFAULT 0; -- the bits of flags.ts
ALTER TABLE entries ADD COLUMN keywords TEXT NOT NULL DEFAULT ''; -- by name, with blanks between
ALTER TABLE entries ADD COLUMN receivedAt INTEGER;
ALTER TABLE entries ADD COLUMN savedAt INTEGER;

UPDATE mailboxes SET (made, messages, unseen, size) = (
  SELECT mailboxes.uidValidity, count(*), count(*), ifnull(sum(length(e.prefix) + m.size), 0)
  FROM entries e JOIN messages m ON m.id = e.message WHERE e.mailbox = mailboxes.id
);

CREATE TABLE keywords (
  mailbox INTEGER NOT NULL REFERENCES mailboxes (id) ON DELETE CASCADE,
  keyword TEXT NOT NULL, -- as it was spelled first
  PRIMARY KEY (mailbox, keyword)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name TEXT NOT NULL, -- there need not be a mailbox of that name
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE metadata (
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  mailbox INTEGER REFERENCES mailboxes (id) ON DELETE CASCADE, -- NULL: of the account itself
  name TEXT NOT NULL,
  value BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX metadataByName ON metadata (account, ifnull(mailbox, 0), name);
CREATE INDEX metadataByMailbox ON metadata (mailbox);

-- What parseMime found; offsets depend on how long the fields are that delivery put in front.
-- Whoever changes what parseMime finds empties this table in a new step.
CREATE TABLE parts (
  message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  prefixBytes INTEGER NOT NULL,
  parts TEXT NOT NULL, -- JSON of Part
  PRIMARY KEY (message, prefixBytes)
) STRICT, WITHOUT ROWID;

INSERT INTO mailboxes (account, name, use, uidValidity, made, uidNext, modSeq)
  SELECT account, name, use, value + number, value + number, 1, 1 FROM (
    SELECT a.id AS account, u.name, u.use, c.value,
      row_number() OVER (ORDER BY a.id, u.name) AS number
    FROM accounts a, counters c, (
      SELECT 'Archive' AS name, '\\Archive' AS use UNION ALL SELECT 'Drafts', '\\Drafts'
      UNION ALL SELECT 'Junk', '\\Junk' UNION ALL SELECT 'Sent', '\\Sent'
      UNION ALL SELECT 'Trash', '\\Trash'
    ) u WHERE c.name = 'uidValidity'
  );
UPDATE counters SET value = max(value, (SELECT ifnull(max(uidValidity), 0) FROM mailboxes))
  WHERE name = 'uidValidity';
INSERT INTO subscriptions SELECT account, name FROM mailboxes;
`;
