/** What the store knows of messages without looking into them, read for many at once. */
import type { Step } from "../wire/session.ts";
import type { ImapBackend, ImapMessage, ImapSelected } from "./backend.ts";
import { ask, type Selected } from "./serving.ts";

/** Messages whose facts are in memory at once. */
export const FACTS_KEPT = 500;

/** Messages, and changes, that are read from the store in one call. */
export const PAGE_MESSAGES_MAX = 1_000;

/** Reads the mailbox behind a UID, in their order, page by page. */
export function* forEachMessage(
  mailbox: ImapSelected,
  visit: (message: ImapMessage) => void,
  behind = 0,
): Step<ImapBackend, void> {
  for (let after = behind;;) {
    const from = after;
    const page = yield* ask(() => mailbox.list(from, PAGE_MESSAGES_MAX));
    for (const message of page) visit(message);
    if (page.length < PAGE_MESSAGES_MAX) return;
    after = page.at(-1)!.uid;
  }
}

/** By UID; `uids` rise, and those that are gone are left out. */
export function* factsOf(
  { mailbox }: Pick<Selected, "mailbox">,
  uids: readonly number[],
): Step<ImapBackend, ReadonlyMap<number, ImapMessage>> {
  const facts = new Map<number, ImapMessage>();
  for (let at = 0; at < uids.length;) {
    const after = uids[at]! - 1;
    const left = uids.length - at;
    const page = yield* ask(() => mailbox.list(after, left));
    for (const message of page) facts.set(message.uid, message);
    // Where there are others between, one page is not enough.
    const reached = page.at(-1)?.uid ?? Infinity;
    while (at < uids.length && uids[at]! <= reached) at++;
  }
  return facts;
}

/** The items in pieces of at most {@linkcode FACTS_KEPT}. */
export function* inPieces<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += FACTS_KEPT) yield items.slice(at, at + FACTS_KEPT);
}
