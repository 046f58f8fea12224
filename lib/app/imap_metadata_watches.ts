/**
 * Who wants to know what metadata others set (RFC 5465 §5.6). The store keeps values and no history
 * of them, so changes are handed on here; nothing is kept where nobody listens.
 */
import type { ImapMetadataChange, ImapMetadataWatch } from "../imap/backend.ts";
import type { AccountId } from "../store/store.ts";
import { createMark } from "../store/watch.ts";

/** All watches of one server. */
export interface MetadataWatches {
  open(account: AccountId): ImapMetadataWatch;
  /** Hands a change on to all of the account but `own`, whose client has made it. */
  note(account: AccountId, change: ImapMetadataChange, own: ImapMetadataWatch | null): void;
}

/** Changes that wait for a client which does not read; then it is told that there were more. */
export const METADATA_CHANGES_KEPT = 100;

interface Watch extends ImapMetadataWatch {
  push(change: ImapMetadataChange): void;
}

/** Watches of any number of accounts. */
export function createMetadataWatches(): MetadataWatches {
  const open = new Map<AccountId, Set<Watch>>();
  return {
    open(account) {
      const ofAccount = open.get(account) ?? new Set();
      open.set(account, ofAccount);
      const watch = createWatch(() => {
        ofAccount.delete(watch);
        if (ofAccount.size === 0 && open.get(account) === ofAccount) open.delete(account);
      });
      ofAccount.add(watch);
      return watch;
    },
    note(account, change, own) {
      for (const watch of open.get(account) ?? []) if (watch !== own) watch.push(change);
    },
  };
}

function createWatch(close: () => void): Watch {
  const changes: ImapMetadataChange[] = [];
  const pushed = createMark(0);
  let taken = 0;
  return {
    push(change) {
      if (changes.length <= METADATA_CHANGES_KEPT) changes.push(change);
      pushed.advance(pushed.value() + 1);
    },
    take() {
      taken = pushed.value();
      const all = changes.splice(0);
      return all.length > METADATA_CHANGES_KEPT ? "overflow" : all;
    },
    changed: (signal) => pushed.passed(taken, signal),
    close,
  };
}
