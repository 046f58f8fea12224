/** Annotations of an account's mailboxes, and of the account itself (RFC 5464). */
import type { ImapAccount, ImapMetadataWatch } from "../imap/backend.ts";
import { refused } from "../imap/error.ts";
import { type MailboxId, StoreError } from "../store/store.ts";
import type { Owner } from "./imap_owner.ts";
import { NO_MAILBOX } from "./imap_refusals.ts";

/** RFC 5464 §4.3 names the code. */
const TOO_MANY = refused("there are too many annotations", "METADATA TOOMANY");

/** What of an account's calls is about annotations. */
export function metadataOf(
  { site: { store }, account, attempt, metadata: watches }: Owner,
): Pick<ImapAccount, "metadata" | "setMetadata" | "watchMetadata"> {
  let own: ImapMetadataWatch | null = null;

  /** `null` for the account itself. */
  async function idOf(name: string): Promise<MailboxId | null> {
    if (name === "") return null;
    const mailbox = await store.mail.mailbox(account, name);
    if (mailbox === null) throw NO_MAILBOX;
    return mailbox.id;
  }

  return {
    metadata: (name) =>
      attempt("metadata", async () => await store.mailboxes.metadata(account, await idOf(name))),
    setMetadata: (name, entries) =>
      attempt("metadata", async () => {
        try {
          await store.mailboxes.setMetadata(account, await idOf(name), entries);
        } catch (error) {
          throw error instanceof StoreError && error.kind === "limit" ? TOO_MANY : error;
        }
        watches.note(account, { mailbox: name, entries: entries.map(([entry]) => entry) }, own);
      }),
    watchMetadata: () => own = watches.open(account),
  };
}
