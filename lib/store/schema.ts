/**
 * The tables, and how an older database becomes one of today. `PRAGMA user_version` counts the
 * migrations that were made; each is a transaction of its own, so a crash between two is harmless.
 */
import type { DatabaseSync } from "node:sqlite";
import { asciiDomain } from "../idna.ts";
import { IMPORTED } from "./schema_imported.ts";
import { MAILBOXES } from "./schema_mailboxes.ts";
import { prepare, scalar } from "./sql.ts";
import { PRIORITY_HEAD_START_MS, StoreError } from "./store.ts";

/** "SMTD": tells our database from others, also to `file(1)`. */
export const APPLICATION_ID = 0x534d5444;

/** A message fits its page with few overflows; larger pages made the commit slower. */
const PAGE_BYTES = 4096;

/**
 * Ids are never used again (AUTOINCREMENT): a session may still hold the id of a mailbox that went
 * with its account, and must not see somebody else's mail through it.
 *
 * What is looked up through a foreign key when its parent goes has an index: `entries.message` and
 * `queue.message` also say whether content is still needed.
 */
const TABLES = `
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('opened', 0), ('uidValidity', 0);

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  createdAt INTEGER NOT NULL,
  modSeq INTEGER NOT NULL,
  salt BLOB NOT NULL,
  iterations INTEGER NOT NULL,
  storedKey BLOB NOT NULL,
  serverKey BLOB NOT NULL
) STRICT;

CREATE TABLE mailboxes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  uidValidity INTEGER NOT NULL,
  uidNext INTEGER NOT NULL,
  modSeq INTEGER NOT NULL,
  removals INTEGER NOT NULL DEFAULT 0, -- how many of its rows are in "removed"
  forgotten INTEGER NOT NULL DEFAULT 0, -- removals up to this modSeq are forgotten
  UNIQUE (account, name)
) STRICT;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message TEXT NOT NULL UNIQUE,
  acceptedAt INTEGER NOT NULL,
  senderLocal TEXT,
  senderDomain TEXT,
  body TEXT NOT NULL CHECK (body IN ('7BIT', '8BITMIME')),
  size INTEGER NOT NULL
) STRICT;

CREATE TABLE chunks (
  message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  at INTEGER NOT NULL, -- counts from 0
  bytes BLOB NOT NULL,
  PRIMARY KEY (message, at)
) STRICT;

-- Messages at which nothing points any more while somebody reads them.
CREATE TABLE loose (
  message INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE entries (
  mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
  uid INTEGER NOT NULL,
  message INTEGER NOT NULL REFERENCES messages (id),
  modSeq INTEGER NOT NULL,
  prefix BLOB NOT NULL,
  PRIMARY KEY (mailbox, uid)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entriesByModSeq ON entries (mailbox, modSeq);
CREATE INDEX entriesByMessage ON entries (message);

CREATE TABLE removed (
  mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
  modSeq INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  PRIMARY KEY (mailbox, modSeq)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message INTEGER NOT NULL REFERENCES messages (id),
  hop TEXT NOT NULL,
  recipientLocal TEXT NOT NULL,
  recipientDomain TEXT NOT NULL,
  dueAt INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  reply TEXT -- JSON of Reply
) STRICT;
CREATE INDEX queueByHop ON queue (hop, dueAt, id);
CREATE INDEX queueByMessage ON queue (message);

CREATE TABLE hops (
  hop TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  reply TEXT NOT NULL -- JSON of Reply
) STRICT, WITHOUT ROWID;
`;

/** One step from a version to the next; it must not begin or end transactions. */
export type Migration = (database: DatabaseSync) => void;

/** In order; what was released never changes again, the next step is added at the end. */
export const MIGRATIONS: readonly Migration[] = [
  (database) => database.exec(TABLES),
  (database) => {
    database.exec(OPTIONS);
    for (const column of DOMAINS) spellDomains(database, column);
  },
  (database) => database.exec(KEYS),
  (database) => database.exec(TIMES),
  (database) => database.exec(HISTORY),
  (database) => database.exec(POLICIES),
  (database) => database.exec(ALIASES),
  (database) => database.exec(TURNS),
  (database) => database.exec(MAILBOXES),
  (database) => database.exec(IMPORTED),
];

/**
 * What clients say about a message and about a recipient beyond what version 1 knew: JSON of
 * EnvelopeOptions and RecipientOptions, so that the next extension needs no column.
 */
const OPTIONS = `
ALTER TABLE messages ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE queue ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
`;

/** Random values that have to outlive the process. */
const KEYS = `
CREATE TABLE keys (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** The order in which recipients of a hop are taken; a new figure needs a new index. */
export const RANK = `dueAt - priority * ${PRIORITY_HEAD_START_MS}`;

/** What of a message's envelope decides when its recipients' turn is. */
const TIMES = `
ALTER TABLE queue ADD COLUMN heldUntil INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN deadline INTEGER; -- NULL: there is none, or it was dealt with
ALTER TABLE queue ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
CREATE INDEX queueByRank ON queue (hop, ${RANK}, id);
CREATE INDEX queueByDeadline ON queue (deadline, id) WHERE deadline IS NOT NULL;
`;

/**
 * What `history.ts` promises, and the operator's hold. What is held stands apart in the indexes: a
 * long queue of it costs those nothing that look for what is due.
 */
const HISTORY = `
CREATE TABLE histories (
  id INTEGER PRIMARY KEY, -- that of the message, which may be gone
  message TEXT NOT NULL,
  messageId TEXT,
  about TEXT, -- the message that it is a report about
  acceptedAt INTEGER NOT NULL,
  accepted TEXT NOT NULL -- JSON of AcceptedColumn
) STRICT;
CREATE UNIQUE INDEX historiesByMessage ON histories (message);
CREATE INDEX historiesByMessageId ON histories (messageId) WHERE messageId IS NOT NULL;
CREATE INDEX historiesByAbout ON histories (about) WHERE about IS NOT NULL;

CREATE TABLE happenings (
  history INTEGER NOT NULL REFERENCES histories (id) ON DELETE CASCADE,
  number INTEGER NOT NULL, -- counts from 1, those that are forgotten included
  mayGo INTEGER NOT NULL, -- 1: it is nobody's end
  happening TEXT NOT NULL, -- JSON of Happening
  PRIMARY KEY (history, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE unreached (
  hop TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  reply TEXT NOT NULL, -- JSON of Reply
  PRIMARY KEY (hop, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX unreachedByAt ON unreached (at);

ALTER TABLE queue ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN holdReason TEXT;
DROP INDEX queueByHop;
DROP INDEX queueByRank;
DROP INDEX queueByDeadline;
CREATE INDEX queueByHop ON queue (hop, held, dueAt, id);
CREATE INDEX queueByRank ON queue (hop, held, ${RANK}, id);
CREATE INDEX queueByDeadline ON queue (deadline, id) WHERE deadline IS NOT NULL AND held = 0;

INSERT INTO histories (id, message, acceptedAt, accepted)
  SELECT m.id, m.message, m.acceptedAt, json_object(
    'sender', iif(senderLocal IS NULL, NULL,
      json_object('local', senderLocal, 'domain', senderDomain)),
    'size', size, 'origin', NULL, 'mailboxes', json_array(),
    'queued', (
      SELECT json_group_array(json_object('local', recipientLocal, 'domain', recipientDomain))
      FROM queue WHERE message = m.id
    )
  ) FROM messages m WHERE EXISTS (SELECT 1 FROM queue WHERE message = m.id);
`;

/** MTA-STS policies of other domains. */
const POLICIES = `
CREATE TABLE policies (
  domain TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  fetchedAt INTEGER NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('enforce', 'testing', 'none')),
  mx TEXT NOT NULL, -- JSON of a list
  maxAgeMs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX policiesByTime ON policies (fetchedAt);
`;

/** Names that lead to other addresses. */
const ALIASES = `
CREATE TABLE aliases (
  name TEXT PRIMARY KEY,
  targets TEXT NOT NULL, -- JSON of Address[]
  owner TEXT -- JSON of Address; NULL: it is not a list
) STRICT, WITHOUT ROWID;
`;

/** Whose turn it is, and how long it has waited. */
const TURNS = `
ALTER TABLE queue ADD COLUMN sender TEXT NOT NULL DEFAULT ''; -- '' is the null sender
ALTER TABLE queue ADD COLUMN since INTEGER NOT NULL DEFAULT 0; -- its acceptance, or its release
ALTER TABLE queue ADD COLUMN warned INTEGER NOT NULL DEFAULT 0; -- 1: its sender knows of the delay
UPDATE queue SET (sender, since) = (
  SELECT ifnull(senderLocal || '@' || senderDomain, ''), max(acceptedAt, heldUntil)
  FROM messages WHERE id = queue.message
);
CREATE INDEX queueBySender ON queue (hop, sender, held, ${RANK}, id);
CREATE INDEX queueByAge ON queue (warned, since, id) WHERE held = 0;
`;

interface Column {
  readonly table: string;
  readonly column: string;
}

/** Where version 1 kept domains; those beyond ASCII as they were written. */
const DOMAINS: readonly Column[] = [
  { table: "accounts", column: "name" },
  { table: "messages", column: "senderDomain" },
  { table: "queue", column: "recipientDomain" },
  { table: "queue", column: "hop" },
  { table: "hops", column: "hop" },
];

/** Brings domains to the spelling by which they are compared now; what is taken stays as it is. */
function spellDomains(database: DatabaseSync, { table, column }: Column): void {
  const select = `SELECT DISTINCT ${column} AS text FROM ${table} WHERE ${column} GLOB ?`;
  const update = prepare(
    database,
    `UPDATE OR IGNORE ${table} SET ${column} = ? WHERE ${column} = ?`,
  );
  for (const { text } of prepare<{ readonly text: string }>(database, select).all("*[^ -~]*")) {
    const at = text.lastIndexOf("@") + 1;
    const domain = asciiDomain(text.slice(at));
    if (domain !== null) update.run(text.slice(0, at) + domain, text);
  }
}

/**
 * Brings an open database to the newest version, and a new one into being.
 * @throws {StoreError} `newer`, before anything is changed.
 */
export function migrate(
  database: DatabaseSync,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const found = Number(scalar(database, "PRAGMA user_version"));
  refuseNewer(found, migrations.length);
  if (found === migrations.length) return;
  if (found === 0) prepareNew(database);
  database.exec("PRAGMA journal_mode = WAL");
  for (const [at, step] of migrations.slice(found).entries()) {
    database.exec("BEGIN IMMEDIATE");
    try {
      step(database);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.exec(`PRAGMA user_version = ${found + at + 1}`);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
  // The version must stand in the file itself, not only in its log: see refuseForeign.
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** Sets what can be set only while a database is empty. */
function prepareNew(database: DatabaseSync): void {
  if (scalar(database, "SELECT count(*) FROM sqlite_schema") !== 0) {
    throw new Error("this is not a database of smtpd: choose another data directory");
  }
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
}

/**
 * Looks at the first bytes of a database file before SQLite opens it, because opening may already
 * change it: a newer version's data must stay as it is (https://sqlite.org/fileformat2.html §1.3).
 * @throws {StoreError} `newer`
 * @throws {Error} when it is not ours.
 */
export function refuseForeign(
  header: Uint8Array,
  path: string,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  if (header.length === 0) return;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const short = header.length < HEADER_BYTES;
  const version = short ? 0 : view.getUint32(USER_VERSION_AT);
  const application = short ? null : view.getUint32(APPLICATION_ID_AT);
  // Zero in both: a crash came before the first migration; whether it is empty is seen later.
  if (application !== APPLICATION_ID && !(application === 0 && version === 0)) {
    throw new Error(`${path} is not a database of smtpd: choose another data directory`);
  }
  refuseNewer(version, migrations.length);
}

/** What {@linkcode refuseForeign} needs to see. */
export const HEADER_BYTES = 100;
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

function refuseNewer(found: number, known: number): void {
  if (found <= known) return;
  throw new StoreError(
    "newer",
    `the data directory has version ${found}, this program knows versions up to ${known}: ` +
      "use the program that wrote it, or a newer one; nothing was changed",
  );
}
