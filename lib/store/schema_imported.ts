/** What was brought into mailboxes from elsewhere; a step of `schema.ts`. */

/** Numbers rise with time within a mailbox, so that the oldest are found without counting. */
export const IMPORTED = `
CREATE TABLE imported (
  mailbox INTEGER NOT NULL REFERENCES mailboxes (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  key BLOB NOT NULL,
  PRIMARY KEY (mailbox, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX importedByKey ON imported (mailbox, key);
`;
