/**
 * Keeps an index of the texts in those mailboxes that are searched, beside everything else, and
 * asks it. It may lag behind: then more is read, and the answer is the same.
 */
import { SEARCH_CONTENT_VERSION, searchContentOf } from "../imap/search_content.ts";
import { describeError, type Log } from "../log.ts";
import { bytesOf } from "../mail/body.ts";
import { parseMime } from "../mail/mime.ts";
import type { World } from "../net/world.ts";
import {
  type Entry,
  type Mailbox,
  type MailboxId,
  type Store,
  StoreError,
  type Uid,
} from "../store/store.ts";
import { openTextIndex } from "../store/sqlite_text_index.ts";
import type { IndexedTexts, TextIndex, TextSearch } from "../store/text_index.ts";
import { IDLE_KEEPER, type Keeper } from "./keeper.ts";
import type { Space } from "./space.ts";

export interface SearchKeeper extends Keeper {
  /**
   * A test whether a message of this mailbox, by its UID, certainly has not all of the texts, which
   * are in the form for comparing; `null`: nothing is known.
   */
  without(mailbox: Mailbox, search: Wanted): Promise<((uid: Uid) => boolean) | null>;
}

export type Wanted = Pick<TextSearch, "texts" | "within">;

/**
 * The index beside the store in this directory, whose lock the caller holds; `null` keeps it in
 * memory.
 * @throws {StoreError} what is wrong with the disk
 */
export function openSearchIndex(directory: string | null): TextIndex {
  return openTextIndex({ directory, version: String(SEARCH_CONTENT_VERSION) });
}

/** For servers whose searches read everything. */
export const NO_SEARCH_KEEPER: SearchKeeper = {
  without: () => Promise.resolve(null),
  ...IDLE_KEEPER,
};

/** How often it looks for what has come and gone in the mailboxes that are indexed. */
const ROUND_MS = 10 * 60_000;
/** Between two steps of a few milliseconds everybody else has their turn. */
const STEP_PAUSE_MS = 5;
/** Of one step: messages that are added, or removed, */
const STEP_MESSAGES = 8;
/** and characters after which no further message is added. */
const STEP_CHARACTERS = 64 * 1024;
/** Larger messages are left out, for one of them is one step. */
export const INDEXED_BYTES_MAX = 2 * 1024 * 1024;
/** The same by the text in them. */
export const INDEXED_CHARACTERS_MAX = 256 * 1024;
/** What is read from the store, or from the index, at once. */
const PAGE_MAX = 1_000;

/** Begins with what was indexed before. */
export function startSearchKeeper(
  { world: { clock }, store: { mail, mailboxes, users }, log, space }: {
    readonly world: World;
    readonly store: Store;
    readonly log: Log;
    readonly space: Space;
  },
  index: TextIndex,
): SearchKeeper {
  const stopped = new AbortController();
  const { signal } = stopped;
  const wanted = new Set<MailboxId>();
  let rest = new AbortController();
  /** How often everything was begun anew. */
  let renewals = 0;

  const pause = () => clock.sleep(STEP_PAUSE_MS, signal);

  async function run(): Promise<void> {
    let isRound = true;
    while (!signal.aborted) {
      try {
        const known = isRound ? await indexedMailboxes() : [];
        for (const id of known) wanted.add(id);
        for (const id of wanted) {
          wanted.delete(id);
          await keepUp(id);
        }
      } catch (error) {
        failed(error);
      }
      isRound = false;
      rest = new AbortController();
      if (wanted.size > 0 || signal.aborted) continue;
      isRound = await clock.sleep(ROUND_MS, rest.signal).then(() => true, () => false);
    }
  }

  function failed(error: unknown): void {
    const kind = error instanceof StoreError ? error.kind : null;
    // A mailbox that went meanwhile is nobody's failure.
    if (signal.aborted || kind === "unknown") return;
    log.error("search-index-failed", { reason: describeError(error) });
    // What the disk will not do now it may do later; whatever else it is, a new one is as good.
    if (kind === null || kind === "corrupt") renew();
  }

  function renew(): void {
    renewals++;
    try {
      index.renew();
    } catch (error) {
      log.error("search-index-failed", { reason: describeError(error) });
    }
  }

  /** Those that are still there; the others are forgotten. */
  async function indexedMailboxes(): Promise<readonly MailboxId[]> {
    // Asked first: whatever is in it was in the store before.
    const gone = new Set(index.mailboxes());
    const there: MailboxId[] = [];
    for (const { id: account } of gone.size === 0 ? [] : users.list()) {
      for (const { mailbox } of await mailboxes.list(account)) {
        if (mailbox !== null && gone.delete(mailbox.uidValidity)) there.push(mailbox.id);
      }
      await clock.turn();
    }
    for (const uidValidity of gone) {
      while (!index.forget(uidValidity, STEP_MESSAGES)) await pause();
    }
    return there;
  }

  async function keepUp(id: MailboxId): Promise<void> {
    const mailbox = await mail.status(id);
    if (mailbox === null) return;
    await addNew(mailbox);
    await removeOld(mailbox);
    while (index.tidy()) await pause();
  }

  async function addNew({ id, uidValidity, modSeq }: Mailbox): Promise<void> {
    // What is left of the disk is for mail.
    while (await space.refusal(0) === null) {
      const progress = index.progress(uidValidity) ?? { through: 0, modSeq };
      const entries = await mail.list(id, progress.through, STEP_MESSAGES);
      const messages = [];
      let characters = 0;
      for (const { uid, size } of entries) {
        const texts = size > INDEXED_BYTES_MAX ? null : await textsOf(id, uid);
        messages.push({ uid, texts });
        characters += texts === null ? 0 : charactersOf(texts);
        if (characters > STEP_CHARACTERS) break;
      }
      const last = messages.at(-1);
      if (last === undefined) return;
      index.add(uidValidity, messages, { ...progress, through: last.uid });
      index.tidy();
      await pause();
    }
  }

  /** `null` where there is too much of it, or it cannot be read: then it is left out. */
  async function textsOf(id: MailboxId, uid: Uid): Promise<IndexedTexts | null> {
    try {
      const body = await mail.body(id, uid);
      if (body === null) return null;
      const bytes = await bytesOf(body);
      const { headers: header, body: text } = searchContentOf({ bytes, root: parseMime(bytes) });
      const texts = { header, body: text };
      return charactersOf(texts) > INDEXED_CHARACTERS_MAX ? null : texts;
    } catch {
      return null;
    }
  }

  async function removeOld({ id, uidValidity, modSeq }: Mailbox): Promise<void> {
    let since = index.progress(uidValidity)?.modSeq ?? modSeq;
    while (since < modSeq) {
      const changes = await mail.changes(id, since, PAGE_MAX);
      const gone = changes.forgotten ? await lost(id, uidValidity) : changes.removed;
      for (let at = 0; at < gone.length; at += STEP_MESSAGES) {
        index.remove(uidValidity, gone.slice(at, at + STEP_MESSAGES));
        await pause();
      }
      since = changes.modSeq;
      index.mark(uidValidity, since);
    }
  }

  /** Removals were forgotten: whoever is in the index, and not in the mailbox any more. */
  async function lost(id: MailboxId, uidValidity: number): Promise<readonly Uid[]> {
    const there = new Set<Uid>();
    for (let page: readonly Entry[] | null = null; page?.length !== 0;) {
      page = await mail.list(id, page?.at(-1)?.uid ?? 0, PAGE_MAX);
      for (const { uid } of page) there.add(uid);
      await clock.turn();
    }
    const gone: Uid[] = [];
    for (let page: readonly Uid[] | null = null; page?.length !== 0;) {
      page = index.uids(uidValidity, page?.at(-1) ?? 0, PAGE_MAX);
      gone.push(...page.filter((uid) => !there.has(uid)));
      await clock.turn();
    }
    return gone;
  }

  async function candidates(uidValidity: number, search: Wanted): Promise<Set<Uid> | null> {
    const found = new Set<Uid>();
    for (let after: number | null = 0; after !== null;) {
      const page = index.candidates({ ...search, uidValidity, after, max: PAGE_MAX });
      if (page === null) return null;
      for (const uid of page.uids) found.add(uid);
      after = page.next;
      if (after !== null) await clock.turn();
    }
    return found;
  }

  const running = run();
  return {
    async without({ id, uidValidity }, search) {
      try {
        const renewed = renewals;
        const through = index.progress(uidValidity)?.through ?? 0;
        const found = await candidates(uidValidity, search);
        wanted.add(id);
        rest.abort();
        // Of what was begun anew meanwhile, only a part may have been looked through.
        if (found === null || renewed !== renewals) return null;
        return (uid) => uid <= through && !found.has(uid);
      } catch (error) {
        failed(error);
        return null;
      }
    },
    async stop() {
      stopped.abort();
      rest.abort();
      await running;
    },
  };
}

function charactersOf({ header, body }: IndexedTexts): number {
  return header.length + body.length;
}
