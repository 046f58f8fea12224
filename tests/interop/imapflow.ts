/** The one file that knows imapflow, a client that many programs read with; others look with it. */
import type { ImapFlow } from "$imapflow";
import type { Peer } from "./run.ts";

export type { ImapFlow };

/** The ports that a server needs to be read by IMAP. */
export const IMAP_PORTS: readonly string[] = ["--imap-port", "0", "--imaps-port", "0"];

/** Where somebody's mailboxes are. */
export interface Account {
  /** With TLS from the first byte. */
  readonly port: number;
  /** PEM, of the server; it is verified by the name `localhost`. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
}

/** An account of our server, at the port with TLS from the first byte. */
export async function accountAt(
  { ports, ca }: Peer,
  { user, password }: { readonly user: string; readonly password: string } = BOB,
): Promise<Account> {
  return { port: ports["imaps"]!, ca: await Deno.readTextFile(ca), user, password };
}

const BOB = { user: "bob", password: "hunter2" };

/** Logs in, does the work, and logs out. */
export async function withImapflow<T>(
  { port, ca, user, password }: Account,
  work: (client: ImapFlow) => Promise<T>,
): Promise<T> {
  // Only here, because importing it needs to read the environment.
  const { ImapFlow } = await import("$imapflow");
  const client = new ImapFlow({
    host: "localhost",
    port,
    secure: true,
    tls: { ca },
    auth: { user, pass: password },
    logger: false,
    // Deno 2.7 cannot inflate what its own node:tls gives; 2.9 can, from servers on either.
    disableCompression: Deno.version.deno.startsWith("2.7."),
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

/** The messages of each mailbox that has some: the subject, then the flags in Maildir's letters. */
export type Mailboxes = Readonly<Record<string, readonly string[]>>;

/** What an account has, whatever program is tested; sorted, for programs have their own order. */
export function mailboxesOf(account: Account): Promise<Mailboxes> {
  return withImapflow(account, async (client) => {
    const mailboxes: Record<string, readonly string[]> = {};
    for (const { path } of await client.list()) {
      await client.mailboxOpen(path, { readOnly: true });
      const mails: string[] = [];
      for await (
        const { envelope, flags } of client.fetch("1:*", { envelope: true, flags: true })
      ) {
        mails.push(`${envelope?.subject} ${lettersOf(flags ?? new Set())}`.trim());
      }
      if (mails.length > 0) mailboxes[path] = mails.sort();
    }
    return mailboxes;
  });
}

/** For each mailbox the mark of its last change; equal marks mean that nothing was changed. */
export function marksOf(account: Account): Promise<Readonly<Record<string, string>>> {
  return withImapflow(account, async (client) => {
    const marks: Record<string, string> = {};
    for (const { path } of await client.list()) {
      const status = await client.status(path, { highestModseq: true, uidNext: true });
      if (status !== false) marks[path] = `${status.highestModseq} ${status.uidNext}`;
    }
    return marks;
  });
}

const LETTERS: Readonly<Record<string, string>> = {
  "\\Answered": "R",
  "\\Deleted": "T",
  "\\Draft": "D",
  "\\Flagged": "F",
  "\\Seen": "S",
};

function lettersOf(flags: ReadonlySet<string>): string {
  return [...flags].map((flag) => LETTERS[flag] ?? flag).sort().join("");
}
