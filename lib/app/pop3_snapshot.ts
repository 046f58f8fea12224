/** What a POP3 session keeps of a mailbox: little for each message, for there may be many. */
import type { Pop3Message, Pop3Snapshot } from "../pop3/backend.ts";
import type { Mail, Mailbox, Uid } from "../store/store.ts";

/** A mailbox is read in pages of so many, so that a large one does not hold up everybody else. */
const PAGE_ENTRIES_MAX = 1000;

/**
 * Reads what is in a mailbox now; between two pages others have their `turn`. What comes or goes
 * meanwhile may be in it or not.
 */
export async function readSnapshot(
  mail: Mail,
  mailbox: Mailbox,
  turn: () => Promise<void>,
): Promise<Pop3Snapshot> {
  const pages: Page[] = [];
  let count = 0;
  let size = 0;
  for (let after = 0;;) {
    const entries = await mail.list(mailbox.id, after, PAGE_ENTRIES_MAX);
    const sizes = Float64Array.from(entries, (entry) => entry.size);
    pages.push({ uids: Uint32Array.from(entries, (entry) => entry.uid), sizes });
    count += entries.length;
    size += sizes.reduce((sum, each) => sum + each, 0);
    if (entries.length < PAGE_ENTRIES_MAX) break;
    after = entries.at(-1)!.uid;
    await turn();
  }
  return {
    count,
    size,
    message(number) {
      // All pages but the last are full.
      const page = pages[Math.floor((number - 1) / PAGE_ENTRIES_MAX)]!;
      const at = (number - 1) % PAGE_ENTRIES_MAX;
      return { size: page.sizes[at]!, uniqueId: uniqueIdOf(mailbox, page.uids[at]!) };
    },
  };
}

/** Twelve bytes a message. */
interface Page {
  /** RFC 9051 §2.3.1.1: 32 bits each. */
  readonly uids: Uint32Array;
  readonly sizes: Float64Array;
}

/**
 * RFC 1939 §7: a uid is never used again, and the mailbox's own mark tells it from others before
 * it.
 */
function uniqueIdOf({ uidValidity }: Mailbox, uid: Uid): string {
  return `${uidValidity}.${uid}`;
}

/** The uid of a message in a snapshot. */
export function uidOf({ uniqueId }: Pop3Message): Uid {
  return Number(uniqueId.slice(uniqueId.indexOf(".") + 1));
}
