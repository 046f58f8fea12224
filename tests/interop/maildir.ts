/** Maildirs, as programs that synchronise keep them: one folder for each mailbox. */
import { decodeUtf7 } from "../../lib/imap/mailbox_name.ts";
import type { Mailboxes } from "./imapflow.ts";

/** One message in a Maildir. */
export interface MaildirMail {
  /** As people write it; on the disk it is the modified UTF-7 of IMAP. */
  readonly mailbox: string;
  readonly path: string;
  readonly subject: string;
  /** Maildir's letters, in the order of the alphabet. */
  readonly letters: string;
  readonly text: string;
}

/** All mail in and below a folder. */
export async function readMaildirs(root: string, name = ""): Promise<readonly MaildirMail[]> {
  const mails: MaildirMail[] = [];
  for await (const entry of Deno.readDir(`${root}${name}`)) {
    if (!entry.isDirectory || entry.name === "tmp") continue;
    const below = `${name}/${entry.name}`;
    if (entry.name === "new" || entry.name === "cur") {
      for await (const file of Deno.readDir(`${root}${below}`)) {
        mails.push(await readMail(`${root}${below}/${file.name}`, name.slice(1)));
      }
    } else mails.push(...await readMaildirs(root, below));
  }
  return mails;
}

/** The same in the words of {@linkcode Mailboxes}, to be compared with what the server has. */
export function mailboxesIn(mails: readonly MaildirMail[]): Mailboxes {
  const mailboxes: Record<string, string[]> = {};
  for (const { mailbox, subject, letters } of mails) {
    (mailboxes[mailbox] ??= []).push(`${subject} ${letters}`.trim());
  }
  for (const subjects of Object.values(mailboxes)) subjects.sort();
  return mailboxes;
}

/** Gives a message these letters, as a mail program does that reads the Maildir. */
export async function markMail({ path }: MaildirMail, letters: string): Promise<void> {
  const marked = path.replace(/\/new\/(?=[^/]*$)/, "/cur/").replace(/(:2,.*)?$/, `:2,${letters}`);
  await Deno.rename(path, marked);
}

async function readMail(path: string, folder: string): Promise<MaildirMail> {
  const text = await Deno.readTextFile(path);
  return {
    mailbox: decodeUtf7(folder) ?? folder,
    path,
    subject: /^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? "",
    letters: [.../:2,(.*)$/.exec(path)?.[1] ?? ""].sort().join(""),
    text,
  };
}
