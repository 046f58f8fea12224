/** CREATE, DELETE, RENAME and SUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8, RFC 6154 §3). */
import { encode } from "../wire/bytes.ts";
import type { Step } from "../wire/session.ts";
import type { ImapBackend, SpecialUse } from "./backend.ts";
import type { CreateCommand, ImapCommand, RenameCommand } from "./command.ts";
import { refused } from "./error.ts";
import { tellName } from "./lists.ts";
import { INBOX, SEPARATOR } from "./mailbox_name.ts";
import { accountOf, ask, done, type Reply, say, type Serving } from "./serving.ts";

/** In UTF-8; the names of files have hardly more. */
export const MAILBOX_NAME_BYTES_MAX = 255;
/** Each level of a name may become a mailbox of its own. */
export const MAILBOX_LEVELS_MAX = 20;

/** Which names a command makes, takes away, or changes in another way: those above it, too. */
export function namesChangedBy(command: ImapCommand): readonly string[] {
  switch (command.verb) {
    case "CREATE":
    case "DELETE":
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      return withParents(command.mailbox);
    case "RENAME":
      return withParents(command.to);
    default:
      return [];
  }
}

function withParents(name: string): readonly string[] {
  const levels = name.split(SEPARATOR);
  return levels.map((_, at) => levels.slice(0, at + 1).join(SEPARATOR));
}

/** RFC 9051 §6.3.4; with `use` RFC 6154 §3. */
export function* create(
  serving: Serving,
  { mailbox, said, use }: CreateCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const name = checkedName(mailbox);
  const special = specialUse(use);
  const { mailboxId } = yield* ask(() => account.create(name, special));
  if (said !== mailbox) yield* tellName(serving, name, said);
  return done("created", `MAILBOXID (${mailboxId})`); // RFC 8474 §4.1
}

/** RFC 9051 §6.3.5: INBOX stays. */
export function* remove(
  serving: Serving,
  { mailbox, said }: { readonly mailbox: string; readonly said: string },
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  if (mailbox === INBOX) throw refused("INBOX stays", "CANNOT");
  const found = yield* ask(() => account.status(mailbox));
  yield* ask(() => account.remove(mailbox));
  // By its id: it may have got another name since it was opened.
  if (found !== null && serving.selected?.mailbox.status.mailboxId === found.mailboxId) {
    serving.selected = null;
    yield* say(serving, "OK [CLOSED] the mailbox that was open is gone");
  }
  if (said !== mailbox) yield* tellName(serving, mailbox, said);
  return done("deleted");
}

/** RFC 9051 §6.3.6. */
export function* rename(
  serving: Serving,
  { from, said, to }: RenameCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const name = checkedName(to);
  // RFC 9051 §6.3.6: INBOX stays, and only its messages go.
  const isWithin = from !== INBOX && name.startsWith(from + SEPARATOR);
  if (name === from || isWithin) {
    throw refused("a mailbox cannot go into itself", "CANNOT");
  }
  yield* ask(() => account.rename(from, name));
  if (from !== INBOX) yield* tellName(serving, name, said);
  return done("renamed");
}

/** RFC 9051 §6.3.7 and §6.3.8: a name may be subscribed to where there is no mailbox. */
export function* subscribe(
  serving: Serving,
  { mailbox, subscribed }: { readonly mailbox: string; readonly subscribed: boolean },
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const name = subscribed ? checkedName(mailbox) : mailbox;
  yield* ask(() => account.subscribe(name, subscribed));
  return done(subscribed ? "subscribed" : "no longer subscribed");
}

/**
 * A name that a mailbox may have. RFC 9051 §6.3.4: a separator at the end says that there will be
 * names below, and is no part of the name.
 * @throws {ImapError} CANNOT, LIMIT
 */
export function checkedName(mailbox: string): string {
  const name = mailbox.endsWith(SEPARATOR) ? mailbox.slice(0, -1) : mailbox;
  const levels = name.split(SEPARATOR);
  // RFC 9051 §5.1: wildcards and control characters would make names that nobody can ask for.
  if (levels.includes("") || /[\p{Cc}\u2028\u2029*%]/u.test(name)) {
    throw refused("a mailbox cannot have that name", "CANNOT");
  }
  const fits = encode(name).length <= MAILBOX_NAME_BYTES_MAX && levels.length <= MAILBOX_LEVELS_MAX;
  if (!fits) throw refused("that name is too long", "LIMIT");
  return name;
}

/** RFC 6154 §3: one use for one mailbox, and \All and \Flagged are for mailboxes that collect. */
function specialUse(use: readonly string[]): SpecialUse | null {
  if (use.length === 0) return null;
  const found = SETTABLE_USES.find((each) => each.toLowerCase() === use[0]!.toLowerCase());
  if (use.length > 1 || found === undefined) throw refused("no mailbox for that use", "USEATTR");
  return found;
}

const SETTABLE_USES: readonly SpecialUse[] = [
  "\\Archive",
  "\\Drafts",
  "\\Junk",
  "\\Sent",
  "\\Trash",
];
