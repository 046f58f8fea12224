/**
 * Removes mail that is older, or more, than the operator keeps: a little at a time, and as EXPUNGE
 * does it, so that everybody who looks at a mailbox hears of it.
 */
import { describeError } from "../log.ts";
import { INBOX } from "../store/mailboxes.ts";
import type { Account, Entry, Mailbox } from "../store/store.ts";
import { IDLE_KEEPER, type Keeper, startKeeper } from "./keeper.ts";
import type { Site } from "./site.ts";

/** How often it looks: what is kept is counted in days, or in messages, and not to the minute. */
const ROUND_MS = 10 * 60_000;
/** Messages of one step, which is one transaction of a few milliseconds. */
const STEP_MAX = 100;
/** The same for large messages; one alone is always taken. */
const STEP_BYTES_MAX = 4 * 1024 * 1024;
/** Between two steps everybody else has their turn: 1,000 messages a second at most. */
const STEP_PAUSE_MS = 100;

type Parts = Pick<Site, "world" | "store" | "log" | "config" | "maildrops">;

/** Does nothing where everything is kept. */
export function startMailKeeper(site: Parts): Keeper {
  const { world: { clock }, log, config } = site;
  if (config.keepDays === null && config.keepMessages === null) return IDLE_KEEPER;
  const rounds = { clock, log, failed: "keep-failed", roundMs: ROUND_MS };
  return startKeeper(rounds, (signal) => tidyAll(site, signal));
}

/** One account whose mailboxes cannot be read is not in the way of the others. */
async function tidyAll(site: Parts, signal: AbortSignal): Promise<void> {
  const { world: { clock }, store, log } = site;
  for (const account of store.users.list()) {
    try {
      for (const { mailbox } of await store.mailboxes.list(account.id)) {
        if (mailbox !== null) await tidy({ ...site, account, mailbox, signal });
      }
    } catch (error) {
      if (signal.aborted) return;
      log.error("keep-failed", { user: account.name, reason: describeError(error) });
    }
    await clock.turn();
    if (signal.aborted) return;
  }
}

interface Tidying extends Parts {
  readonly account: Account;
  readonly mailbox: Mailbox;
  readonly signal: AbortSignal;
}

async function tidy(tidying: Tidying): Promise<void> {
  const { account, mailbox, log, config: { keepDays, keepMessages } } = tidying;
  const removed = {
    old: keepDays === null ? 0 : await removeOld(tidying, keepDays),
    many: keepMessages === null ? 0 : await removeExcess(tidying, keepMessages),
  };
  if (removed.old + removed.many === 0) return;
  log.info("mail-removed", { user: account.name, mailbox: mailbox.name, ...removed });
}

/**
 * By the time at which a message came into this mailbox, not by its INTERNALDATE: what somebody
 * brings from elsewhere, or throws into the Trash, has its days from then on. Gives how many went.
 */
async function removeOld(tidying: Tidying, keepDays: number): Promise<number> {
  const { world: { clock }, store: { mail }, mailbox } = tidying;
  const now = clock.now();
  const before = now - keepDays * 24 * 60 * 60_000;
  let removed = 0;
  for (let after = 0;;) {
    const page = await mail.list(mailbox.id, after, STEP_MAX);
    const old = page.filter(({ savedAt }) => savedAt < before);
    removed += await removeAll(tidying, old);
    const last = page.at(-1);
    if (last === undefined || page.length < STEP_MAX) return removed;
    // What comes behind came later, unless the clock was ahead when these came.
    if (old.length === 0 && last.savedAt <= now) return removed;
    after = last.uid;
  }
}

/** The oldest of a mailbox that has too many. Gives how many went. */
async function removeExcess(tidying: Tidying, keepMessages: number): Promise<number> {
  const { store: { mail }, mailbox } = tidying;
  if (mailbox.messages <= keepMessages) return 0;
  for (let removed = 0;;) {
    const oldest = await mail.list(mailbox.id, 0, STEP_MAX);
    // Counted behind the list: what its owner has removed meanwhile is not to go twice.
    const there = (await mail.status(mailbox.id))?.messages ?? 0;
    const excess = oldest.slice(0, Math.max(0, there - keepMessages));
    const gone = await removeAll(tidying, excess);
    removed += gone;
    if (gone < STEP_MAX) return removed;
  }
}

/** Step by step; gives how many went: fewer, where a POP3 session has the mailbox open. */
async function removeAll(tidying: Tidying, entries: readonly Entry[]): Promise<number> {
  const { world: { clock }, store: { mail }, maildrops, account, mailbox, signal } = tidying;
  for (let done = 0;;) {
    if (done === entries.length) return done;
    const uids = fitting(entries.slice(done)).map(({ uid }) => uid);
    const remove = async () => {
      await mail.remove(mailbox.id, uids);
      return true;
    };
    const isRemoved =
      await (mailbox.name === INBOX ? maildrops.tidy(account.id, remove) : remove());
    if (isRemoved === null) return done; // it has its turn when the session is over
    done += uids.length;
    await clock.sleep(STEP_PAUSE_MS, signal);
  }
}

/** The first of these that are not too much for one step. */
function fitting(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0;
  const tooMany = entries.findIndex(({ size }, at) => {
    bytes += size;
    return at > 0 && bytes > STEP_BYTES_MAX;
  });
  return tooMany === -1 ? entries : entries.slice(0, tooMany);
}
