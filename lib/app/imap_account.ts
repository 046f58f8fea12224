/** The mailboxes of whoever has logged in by IMAP. */
import type { ImapAccount, ImapMailbox } from "../imap/backend.ts";
import type { Listed } from "../store/mailboxes.ts";
import { append } from "./imap_append.ts";
import { metadataOf } from "./imap_metadata.ts";
import type { Owner } from "./imap_owner.ts";
import { NO_MAILBOX } from "./imap_refusals.ts";
import { selectedMailbox, statusOf } from "./imap_selected.ts";

/** What somebody who has logged in can do. */
export function createImapAccount(owner: Owner): ImapAccount {
  const { site, account, attempt, recents } = owner;
  const { mail, mailboxes } = site.store;
  const { clock } = site.world;
  return {
    ...metadataOf(owner),
    mailboxes: () => attempt("list", async () => (await mailboxes.list(account)).map(imapMailbox)),
    overview: () =>
      attempt("list", async () =>
        (await mailboxes.list(account)).map((listed) => ({
          ...imapMailbox(listed),
          status: listed.mailbox === null ? null : statusOf(listed.mailbox, recents),
        }))),
    modSeq: () => mail.modSeq(account),
    changed: (since, signal) => mail.changed(account, since, signal),
    status: (name) =>
      attempt("status", async () => {
        const mailbox = await mail.mailbox(account, name);
        return mailbox === null ? null : statusOf(mailbox, recents);
      }),
    create: (name, use) =>
      attempt("create", async () => {
        const { objectId } = await mailboxes.create(account, name, { use, at: clock.now() });
        return { mailboxId: objectId };
      }),
    remove: (name) =>
      attempt("remove", async () => {
        const mailbox = await mail.mailbox(account, name);
        if (mailbox === null) throw NO_MAILBOX;
        await mailboxes.remove(mailbox.id);
        recents.forget(mailbox.id);
      }),
    rename: (from, to) => attempt("rename", () => mailboxes.rename(account, from, to, clock.now())),
    subscribe: (name, subscribed) =>
      attempt("subscribe", () => mailboxes.subscribe(account, name, subscribed)),
    select: (name) =>
      attempt("select", async () => {
        const mailbox = await mail.mailbox(account, name);
        return mailbox === null ? null : selectedMailbox(owner, mailbox);
      }),
    append: (name, messages) => attempt("append", () => append(owner, name, messages)),
    quota: () =>
      attempt("quota", async () => {
        const { quotaBytes, quotaMessages } = site.config;
        const usage = await mailboxes.usage(account);
        return { ...usage, bytesMax: quotaBytes, messagesMax: quotaMessages };
      }),
  };
}

function imapMailbox({ name, subscribed, mailbox }: Listed): ImapMailbox {
  return { name, subscribed, exists: mailbox !== null, use: mailbox?.use ?? null };
}
