/**
 * What a server of the first version has left on its disk, written by hand: the program of today
 * has to open it, and to bring its mail to an end.
 */
import type { DatabaseSync } from "node:sqlite";
import type { StoredSecret } from "../../lib/sasl/secret.ts";
import { migrate, MIGRATIONS } from "../../lib/store/schema.ts";
import { EPOCH_MS } from "./clock.ts";
import type { Ledger, Submission } from "./ledger.ts";
import { markOf } from "./ledger.ts";
import { bytesOf } from "./talk.ts";

export interface OldMail {
  readonly domain: string;
  /** The one user that there was, and who both letters are from. */
  readonly user: string;
  readonly secret: StoredSecret;
  /** Whom the letter that waits is for. */
  readonly recipient: string;
  /** The numbers of the letters: one that was delivered to the user, and one that waits. */
  readonly numbers: readonly [delivered: number, waiting: number];
}

/** Fills an empty disk, and enters into the ledger what is promised thereby. */
export function leaveOldMail(database: DatabaseSync, mail: OldMail, ledger: Ledger): void {
  const { user, secret, recipient, numbers: [delivered, waiting] } = mail;
  migrate(database, MIGRATIONS.slice(0, 1));
  database.prepare(
    `INSERT INTO accounts (name, createdAt, modSeq, salt, iterations, storedKey, serverKey)
     VALUES (?, ?, 2, ?, ?, ?, ?)`,
  ).run(user, EPOCH_MS, secret.salt, secret.iterations, secret.storedKey, secret.serverKey);
  database.exec(`
    INSERT INTO mailboxes (account, name, uidValidity, uidNext, modSeq)
      VALUES (1, 'INBOX', 1, 2, 2);
    UPDATE counters SET value = 1 WHERE name = 'uidValidity'`);
  insertMessage(database, mail, delivered);
  database.prepare("INSERT INTO entries VALUES (1, 1, 1, 2, ?)")
    .run(bytesOf(`Return-Path: <${user}>\r\n`));
  insertMessage(database, mail, waiting);
  const { local, domain } = partsOf(recipient);
  database.prepare(
    `INSERT INTO queue (message, hop, recipientLocal, recipientDomain, dueAt)
     VALUES (2, ?, ?, ?, ?)`,
  ).run(domain, local, domain, EPOCH_MS);
  ledger.submissions.push(submissionOf(mail, delivered, user));
  ledger.submissions.push(submissionOf(mail, waiting, recipient));
}

function insertMessage(database: DatabaseSync, mail: OldMail, number: number): void {
  const { local, domain } = partsOf(mail.user);
  const content = bytesOf(`${traceOf(mail, number)}${contentOf(mail, number)}`);
  const { lastInsertRowid } = database.prepare(
    `INSERT INTO messages (message, acceptedAt, senderLocal, senderDomain, body, size)
     VALUES (?, ?, ?, ?, '7BIT', ?)`,
  ).run(idOf(number), EPOCH_MS, local, domain, content.length);
  database.prepare("INSERT INTO chunks VALUES (?, 0, ?)").run(lastInsertRowid, content);
}

function idOf(number: number): string {
  return `old${number}`;
}

function traceOf({ domain }: OldMail, number: number): string {
  return `Received: from old.test\r\n\tby ${domain} id ${idOf(number)}; ` +
    `Thu, 1 Jan 2026 00:00:00 +0000\r\n`;
}

function contentOf({ user }: OldMail, number: number): string {
  return `From: <${user}>\r\nSubject: ${markOf(number)}\r\n\r\nFrom old times.\r\n`;
}

function submissionOf(mail: OldMail, number: number, recipient: string): Submission {
  return {
    mark: markOf(number),
    server: mail.domain,
    beganAtMs: 0,
    endedAtMs: 0,
    user: mail.user,
    sender: mail.user,
    recipients: [{ address: recipient, code: 250, notify: null }],
    content: contentOf(mail, number),
    hasDeadline: false,
    answer: "accepted",
    id: idOf(number),
  };
}

function partsOf(address: string): { readonly local: string; readonly domain: string } {
  const at = address.lastIndexOf("@");
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
}
