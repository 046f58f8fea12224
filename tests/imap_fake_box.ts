/** The mailboxes behind `imap_fake.ts`. */
import type { MetadataWatches } from "../lib/app/imap_metadata_watches.ts";
import type { ImapMessage, ImapNewMessage, SpecialUse } from "../lib/imap/backend.ts";

/** The messages of INBOX came a day after each other, the last of them a day ago. */
export const NOW = Date.UTC(2026, 1, 10, 12);

export interface Row extends ImapMessage {
  readonly content: Uint8Array;
}

export interface Box {
  name: string;
  readonly mailboxId: string;
  readonly use: SpecialUse | null;
  readonly uidValidity: number;
  uidNext: number;
  modSeq: number;
  recentFrom: number;
  rows: Row[];
  removed: { readonly uid: number; readonly modSeq: number }[];
  isRemoved: boolean;
  readonly metadata: Map<string, Uint8Array>;
  readonly watchers: Set<() => void>;
  /** What happens in the account. */
  readonly site: FakeSite;
}

/** What concerns the account as a whole. */
export interface FakeSite {
  modSeq: number;
  readonly watchers: Set<() => void>;
  readonly metadata: MetadataWatches;
}

/** An empty mailbox. */
export function newBox(site: FakeSite, name: string, use: SpecialUse | null, at: number): Box {
  return {
    name,
    mailboxId: `F${at}`,
    use,
    uidValidity: at,
    uidNext: 1,
    modSeq: 1,
    recentFrom: 1,
    rows: [],
    removed: [],
    isRemoved: false,
    metadata: new Map(),
    watchers: new Set(),
    site,
  };
}

/** What STATUS tells of it. */
export function statusOf(box: Box) {
  const { mailboxId, uidValidity, uidNext, modSeq, recentFrom, rows } = box;
  const having = (flag: string) => rows.filter(({ flags }) => flags.includes(flag)).length;
  return {
    mailboxId,
    uidValidity,
    uidNext,
    modSeq,
    recentFrom,
    messages: rows.length,
    unseen: rows.length - having("\\Seen"),
    deleted: having("\\Deleted"),
    size: rows.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Puts messages into it, and wakes whoever waits. */
export function insertAll(box: Box, messages: readonly ImapNewMessage[]) {
  const uids = messages.map((message) => insert(box, message));
  return { uidValidity: box.uidValidity, uids };
}

/** The same for one; gives its UID. */
export function insert(box: Box, { content, flags, receivedAt }: ImapNewMessage): number {
  const uid = box.uidNext++;
  box.rows.push({
    uid,
    modSeq: ++box.modSeq,
    flags,
    size: content.length,
    receivedAt: receivedAt ?? NOW,
    savedAt: NOW,
    emailId: `M${uid}`,
    content,
  });
  wake(box);
  return uid;
}

/** Wakes whoever waits for the mailbox, and for the account. */
export function wake(box: Box): void {
  for (const watcher of box.watchers) watcher();
  box.watchers.clear();
  happen(box.site);
}

/** Something has happened in the account. */
export function happen(site: FakeSite): void {
  site.modSeq++;
  for (const watcher of site.watchers) watcher();
  site.watchers.clear();
}

/** Resolves when they are woken, or not any more. */
export function untilWoken(watchers: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    watchers.add(resolve);
    signal.addEventListener("abort", () => {
      watchers.delete(resolve);
      resolve();
    });
  });
}
