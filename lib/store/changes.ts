/** One page of changes, merged from what is there and what is gone. */
import {
  type Changes,
  type Entry,
  type MailboxId,
  type MailboxName,
  type ModSeq,
  StoreError,
  type Uid,
} from "./store.ts";

export interface Removal {
  readonly modSeq: ModSeq;
  readonly uid: Uid;
}

/** After that many removals beyond those that are kept, the oldest are forgotten, all at once. */
export const REMOVED_SLACK = 1000;

/**
 * Takes the first `max` of both by `modSeq`. Each is given in rising order, after `since`, and with
 * one more than `max`, if there are so many, so that a full page is told from the last.
 */
export function changesPage(found: {
  readonly entries: readonly Entry[];
  readonly removed: readonly Removal[];
  readonly max: number;
  /** The account's newest mark. */
  readonly newest: ModSeq;
  readonly forgotten: boolean;
}): Changes {
  const { entries, removed, max } = found;
  const marks = [...entries, ...removed].map((change) => change.modSeq).sort((a, b) => a - b);
  const last = marks[max - 1];
  const more = marks.length > max && last !== undefined;
  const modSeq = more ? last : found.newest;
  return {
    entries: entries.filter((entry) => entry.modSeq <= modSeq),
    removed: removed.filter((each) => each.modSeq <= modSeq).map((each) => each.uid),
    modSeq,
    more,
    forgotten: found.forgotten,
  };
}

export function unknownMailbox(id: MailboxId): StoreError {
  return new StoreError("unknown", `there is no mailbox ${id}`);
}

export function unknownName({ account, name }: MailboxName): StoreError {
  return new StoreError("unknown", `account ${account} has no mailbox ${name}`);
}
