/** Reads everything that is in a store, for checkers. */
import type { Queued, Store } from "../../lib/store/store.ts";
import type { MailboxSnapshot, Snapshot } from "./sim.ts";

const PAGE_MAX = 1000;

export async function snapshot(store: Store): Promise<Snapshot> {
  const mailboxes: MailboxSnapshot[] = [];
  for (const { id, name } of store.users.list()) {
    const mailbox = await store.mail.mailbox(id, "INBOX");
    if (mailbox === null) continue;
    mailboxes.push({ account: name, mailbox, entries: await entriesOf(store, mailbox.id) });
  }
  return { mailboxes, queue: await queueOf(store), check: store.check };
}

async function entriesOf(store: Store, mailbox: number): Promise<MailboxSnapshot["entries"]> {
  const entries: MailboxSnapshot["entries"][number][] = [];
  for (let after = 0;;) {
    const page = await store.mail.list(mailbox, after, PAGE_MAX);
    for (const entry of page) {
      const body = await store.mail.body(mailbox, entry.uid);
      if (body !== null) entries.push({ ...entry, bytes: await body.slice(0, body.size) });
    }
    if (page.length < PAGE_MAX) return entries;
    after = page.at(-1)!.uid;
  }
}

async function queueOf(store: Store): Promise<readonly Queued[]> {
  const queue: Queued[] = [];
  for (let after = 0;;) {
    const page = await store.queue.list({ after, max: PAGE_MAX });
    queue.push(...page);
    if (page.length < PAGE_MAX) return queue;
    after = page.at(-1)!.id;
  }
}
