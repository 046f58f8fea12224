/** A mailbox of a server inside of a program: its mail as it lies there, in the program's hands. */
import { ImapError } from "../imap/error.ts";
import { canonical } from "../imap/mailbox_name.ts";
import { checkedName } from "../imap/manage.ts";
import { bytesOf } from "../mail/body.ts";
import { type ReceivedMail, receivedMail } from "../mail/received.ts";
import { type Account, type Entry, type Mailbox, StoreError } from "../store/store.ts";
import type { Site } from "./site.ts";

/** A message as it lies in a mailbox. */
export interface StoredMail extends ReceivedMail {
  /** Its number there: none that comes later has it, whatever is removed (RFC 9051 §2.3.1.1). */
  readonly uid: number;
  /**
   * Flags of RFC 9051 §2.3.2: `\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`, and behind
   * them the keywords that mail programs give, like `$Junk`.
   */
  readonly flags: readonly string[];
  /** When it came to the server (INTERNALDATE of RFC 9051 §2.3.3). */
  readonly receivedAt: Date;
}

/** Which mail is searched for. Everything that is given must fit; without anything, all does. */
export interface WantedMail {
  /** In the field From: a part of it in any case, or a pattern. */
  readonly from?: string | RegExp;
  /** In the field To: a part of it in any case, or a pattern. */
  readonly to?: string | RegExp;
  /** In the subject: a part of it in any case, or a pattern. */
  readonly subject?: string | RegExp;
  /** In the text: a part of it in any case, or a pattern. */
  readonly text?: string | RegExp;
  /** Flags that it has, all of them; in any case of letters. */
  readonly flags?: readonly string[];
  /** Flags of which it has none: `["\\Seen"]` for what nobody has read. */
  readonly withoutFlags?: readonly string[];
  /** Came then or later. */
  readonly since?: Date;
  /** Came earlier. */
  readonly before?: Date;
}

/** Flags that are set and taken away; a flag in both is away. */
export interface FlagsToChange {
  /** These are set, whether they were or not. */
  readonly add?: readonly string[];
  /** These are taken away. */
  readonly remove?: readonly string[];
}

/** One message or several, as they were listed or by their uids. */
export type ChosenMail = number | StoredMail | readonly (number | StoredMail)[];

/**
 * One mailbox of a user. What is changed here is seen at once by whoever has it open by IMAP; and
 * what they change, by the next call. Messages that are gone already are passed over. Every method
 * throws a `RangeError` when there is no such mailbox (any more), and a {@linkcode MailError}
 * `unavailable` when the server is stopped.
 */
export interface UserMailbox {
  /** As mail programs see it: `INBOX`, `Sent`, `Work/Plans`. */
  readonly name: string;
  /** All its mail, the oldest first. */
  list(): Promise<readonly StoredMail[]>;
  /** The mail that fits, the oldest first. */
  search(wanted: WantedMail): Promise<readonly StoredMail[]>;
  /**
   * Sets flags and takes them away; the others stay.
   * @throws {RangeError} for what is no flag, and for more than 200 keywords in one mailbox
   */
  flag(mail: ChosenMail, flags: FlagsToChange): Promise<void>;
  /**
   * Into another mailbox of the same user, where the messages get other uids.
   * @throws {RangeError} when that is not there; the message of the error names those that are
   */
  move(mail: ChosenMail, mailbox: string): Promise<void>;
  /** For good: nothing is left in `Trash`. */
  delete(mail: ChosenMail): Promise<void>;
}

/** Of this account; `running` throws when the server is stopped. */
export function userMailbox(
  running: () => Site,
  account: Account,
  mailboxName: string,
): UserMailbox {
  const name = canonical(mailboxName);

  /** Runs with the mailbox as it is now; the store's refusals are the caller's mistakes. */
  async function within<T>(run: (site: Site, mailbox: Mailbox) => Promise<T>): Promise<T> {
    const site = running();
    return await orRangeError(async () => run(site, await openedMailbox(site, account, name)));
  }
  const all = () => within(({ store }, { id }) => storedMail(store, id, 0));

  return {
    name,
    list: all,
    search: async (wanted) => (await all()).filter((mail) => isWanted(mail, wanted)),
    flag: (mail, { add = [], remove = [] }) =>
      within(async ({ store }, { id }) => {
        const uids = uidsOf(mail);
        for (const [change, flags] of [["add", add], ["remove", remove]] as const) {
          if (flags.length === 0) continue;
          await store.mail.setFlags(id, { uids, change, flags, unchangedSince: null });
        }
      }),
    move: (mail, to) =>
      within(async (site, { id }) => {
        const target = await openedMailbox(site, account, canonical(to));
        const at = site.world.clock.now();
        const options = { move: true, at };
        const place = { account: account.id, name: target.name };
        await site.store.mail.copy(id, uidsOf(mail), place, options);
      }),
    delete: (mail) => within(({ store }, { id }) => store.mail.remove(id, uidsOf(mail))),
  };
}

/** The names of an account's mailboxes, in their order. */
export async function mailboxNames(
  { store }: Pick<Site, "store">,
  { id }: Account,
): Promise<readonly string[]> {
  const listed = await store.mailboxes.list(id);
  return listed.flatMap(({ name, mailbox }) => mailbox === null ? [] : [name]);
}

/** Makes a mailbox, and those above it. @throws {RangeError} when it is there, or cannot be. */
export async function createMailbox(site: Site, { id }: Account, wanted: string): Promise<void> {
  await orRangeError(async () => {
    const name = checkedName(canonical(wanted));
    await site.store.mailboxes.create(id, name, { use: null, at: site.world.clock.now() });
  });
}

/** The mail of a mailbox that came behind the uid `after`, the oldest first. */
export async function storedMail(
  { mail }: Site["store"],
  mailbox: Mailbox["id"],
  after: number,
): Promise<readonly StoredMail[]> {
  const found: StoredMail[] = [];
  for (let last = after;;) {
    const page = await mail.list(mailbox, last, PAGE_ENTRIES_MAX);
    for (const entry of page) {
      const body = await mail.body(mailbox, entry.uid);
      if (body !== null) found.push(stored(entry, await receivedMail(await bytesOf(body))));
    }
    if (page.length < PAGE_ENTRIES_MAX) return found;
    last = page.at(-1)!.uid;
  }
}

/** Whether a text is what is wanted: a part of it in any case, or a pattern. */
export function fits(value: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  // `search` does not mind where a pattern with the flag g or y has stopped the last time.
  if (wanted instanceof RegExp) return value.search(wanted) !== -1;
  return value.toLowerCase().includes(wanted.toLowerCase());
}

/** One page of a mailbox. */
const PAGE_ENTRIES_MAX = 1000;

function stored({ uid, flags, receivedAt }: Entry, received: ReceivedMail): StoredMail {
  return { ...received, uid, flags, receivedAt: new Date(receivedAt) };
}

function isWanted(mail: StoredMail, wanted: WantedMail): boolean {
  const has = (flag: string) => mail.flags.some((each) => sameFlag(each, flag));
  const { flags = [], withoutFlags = [], since, before } = wanted;
  return fits(mail.from, wanted.from) && fits(mail.to, wanted.to) &&
    fits(mail.subject, wanted.subject) && fits(mail.text, wanted.text) &&
    flags.every(has) && !withoutFlags.some(has) &&
    (since === undefined || mail.receivedAt >= since) &&
    (before === undefined || mail.receivedAt < before);
}

/** RFC 9051 §2.3.2: in any case of letters. */
function sameFlag(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function uidsOf(chosen: ChosenMail): readonly number[] {
  const several = Array.isArray(chosen) ? chosen as readonly (number | StoredMail)[] : [chosen];
  return several.map((each) => typeof each === "number" ? each : (each as StoredMail).uid);
}

async function openedMailbox(site: Site, account: Account, name: string): Promise<Mailbox> {
  const mailbox = await site.store.mail.mailbox(account.id, name);
  if (mailbox !== null) return mailbox;
  const names = (await mailboxNames(site, account)).join(", ");
  throw new RangeError(`${account.name} has no mailbox ${name}, only ${names}`);
}

/** What was asked for cannot be: that is the caller's mistake. */
async function orRangeError<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const isMistake = error instanceof ImapError ||
      (error instanceof StoreError && ["exists", "limit", "unknown"].includes(error.kind));
    if (isMistake) throw new RangeError(error.message, { cause: error });
    throw error;
  }
}
