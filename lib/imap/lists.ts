/** LIST, LSUB, STATUS and NAMESPACE (RFC 9051 §6.3, RFC 5258, RFC 5819, RFC 6154). */
import type { Step } from "../wire/session.ts";
import type { ImapBackend, ImapMailbox, ImapStatus } from "./backend.ts";
import { refused } from "./error.ts";
import { forEachMessage } from "./facts.ts";
import { join, type Piece, string } from "./format.ts";
import type { ListCommand, LsubCommand, StatusCommand, StatusItem } from "./list_command.ts";
import { encodeMailbox, SEPARATOR } from "./mailbox_name.ts";
import { countChanges } from "./news.ts";
import { isMeant, patternOf } from "./pattern.ts";
import { accountOf, ask, done, type Reply, say, type Serving, takesUtf8 } from "./serving.ts";

/** RFC 9051 §6.3.9. */
export function* list(
  serving: Serving,
  command: ListCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  // RFC 9051 §6.3.9: an empty name asks for the separator.
  if (command.patterns.length === 1 && command.patterns[0] === "" && !command.select.extended) {
    yield* say(serving, `LIST (\\Noselect) "${SEPARATOR}" ""`);
    return done("that is all");
  }
  const mailboxes = withParentsNamed(yield* ask(() => account.mailboxes()));
  const patterns = command.patterns.map((each) => patternOf(command.reference, each));
  for (const found of chosen(mailboxes, patterns, command)) {
    yield* say(serving, listLine(serving, mailboxes, found, command));
    if (command.back.status.length === 0 || !found.mailbox.exists) continue;
    const status = yield* ask(() => account.status(found.mailbox.name));
    if (status !== null) {
      yield* tellStatus(serving, found.mailbox.name, status, command.back.status);
    }
  }
  return done("that is all");
}

/** RFC 3501 §6.3.9: subscribed names; with `%` a parent stands for its children. */
export function* lsub(
  serving: Serving,
  { reference, pattern }: LsubCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const mailboxes = yield* ask(() => account.mailboxes());
  const wanted = patternOf(reference, pattern);
  const names = new Map<string, string>();
  for (const { name, subscribed } of mailboxes) {
    if (!subscribed) continue;
    if (isMeant(name, wanted)) names.set(name, "");
    else {
      for (const parent of parentsOf(name)) {
        if (isMeant(parent, wanted) && !names.has(parent)) names.set(parent, "\\Noselect");
      }
    }
  }
  for (const [name, flags] of names) {
    yield* say(serving, join([`LSUB (${flags}) "${SEPARATOR}" `, nameOf(serving, name)]));
  }
  return done("that is all");
}

/** RFC 9051 §6.3.11. */
export function* status(
  serving: Serving,
  { mailbox, items }: StatusCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  if (items.includes("HIGHESTMODSEQ")) yield* countChanges(serving);
  const found = yield* ask(() => account.status(mailbox));
  if (found === null) throw refused("there is no such mailbox", "NONEXISTENT");
  yield* tellStatus(serving, mailbox, found, items);
  return done("that is all");
}

/** RFC 9051 §6.3.10: everything is the user's own. */
export function* namespace(serving: Serving): Step<ImapBackend, Reply> {
  accountOf(serving);
  yield* say(serving, `NAMESPACE (("" "${SEPARATOR}")) NIL NIL`);
  return done("that is all");
}

/**
 * In IMAP4rev2: a mailbox by its name, and by the one that a client has for it, where that is
 * another (RFC 9051 §6.3.9.7).
 */
export function* tellName(
  serving: Serving,
  name: string,
  said: string,
): Step<ImapBackend, void> {
  if (!serving.enabled.has("IMAP4REV2")) return;
  const account = accountOf(serving);
  const mailboxes = yield* ask(() => account.mailboxes());
  const mailbox = mailboxes.find((each) => each.name === name) ??
    { name, exists: false, subscribed: false, use: null };
  const line = listLine(serving, mailboxes, { mailbox, childInfo: [] }, TOLD_UNASKED);
  const utf8 = takesUtf8(serving);
  const old = join([' ("OLDNAME" (', string(encodeMailbox(said, utf8), utf8), "))"]);
  yield* say(serving, ...said === name ? [line] : [line, old]);
}

/** As in an extended LIST: with whether it is subscribed to. */
const TOLD_UNASKED: Pick<ListCommand, "select" | "back"> = {
  select: { subscribed: false, recursive: false, specialUse: false, extended: true },
  back: { subscribed: true, children: true, specialUse: true, status: [] },
};

interface Found {
  readonly mailbox: ImapMailbox;
  /** RFC 5258 §3.5: it is told because of what is below. */
  readonly childInfo: readonly string[];
}

function chosen(
  mailboxes: readonly ImapMailbox[],
  patterns: readonly string[],
  { select }: ListCommand,
): readonly Found[] {
  const fits = (name: string) => patterns.some((each) => isMeant(name, each));
  const parents = new Set(existing(mailboxes).flatMap(({ name }) => parentsOf(name)));
  const isSelected = ({ name, subscribed, use, exists }: ImapMailbox) =>
    (!select.subscribed || subscribed) && (!select.specialUse || use !== null) &&
    (select.subscribed || exists || parents.has(name));
  const found = mailboxes
    .filter((mailbox) => isSelected(mailbox) && fits(mailbox.name))
    .map((mailbox): Found => ({ mailbox, childInfo: [] }));
  if (!select.recursive) return found;
  return withParents(mailboxes, found, { fits, isSelected, select });
}

/** RFC 5258 §3.5: parents that fit where only a child of theirs is meant. */
function withParents(
  mailboxes: readonly ImapMailbox[],
  found: readonly Found[],
  { fits, isSelected, select }: {
    readonly fits: (name: string) => boolean;
    readonly isSelected: (mailbox: ImapMailbox) => boolean;
    readonly select: ListCommand["select"];
  },
): readonly Found[] {
  const info = [
    ...select.subscribed ? ['"SUBSCRIBED"'] : [],
    ...select.specialUse ? ['"SPECIAL-USE"'] : [],
  ];
  const parents = new Set(
    mailboxes.filter(isSelected).flatMap(({ name }) => parentsOf(name)).filter(fits),
  );
  const named = new Map(found.map((each) => [each.mailbox.name, each]));
  for (const name of parents) {
    const known = mailboxes.find((each) => each.name === name) ??
      { name, exists: false, subscribed: false, use: null };
    named.set(name, { mailbox: known, childInfo: info });
  }
  return [...named.values()].sort((a, b) => a.mailbox.name < b.mailbox.name ? -1 : 1);
}

function existing(mailboxes: readonly ImapMailbox[]): readonly ImapMailbox[] {
  return mailboxes.filter(({ exists }) => exists);
}

/** RFC 9051 §6.3.5: a name that was removed stays as long as there are others below it. */
function withParentsNamed(mailboxes: readonly ImapMailbox[]): readonly ImapMailbox[] {
  const named = new Set(mailboxes.map(({ name }) => name));
  const parents = new Set(existing(mailboxes).flatMap(({ name }) => parentsOf(name)));
  const missing = [...parents].filter((name) => !named.has(name));
  if (missing.length === 0) return mailboxes;
  const placeholders = missing.map((name) => ({
    name,
    exists: false,
    subscribed: false,
    use: null,
  }));
  return [...mailboxes, ...placeholders].sort((a, b) => a.name < b.name ? -1 : 1);
}

function parentsOf(name: string): readonly string[] {
  const levels = name.split(SEPARATOR);
  return levels.slice(0, -1).map((_, at) => levels.slice(0, at + 1).join(SEPARATOR));
}

/** LIST of one mailbox, with what `select` and `back` ask to be told of it. */
export function listLine(
  serving: Serving,
  mailboxes: readonly ImapMailbox[],
  { mailbox, childInfo }: Found,
  { select, back }: Pick<ListCommand, "select" | "back">,
): Piece {
  const { name, exists, subscribed, use } = mailbox;
  const hasChildren = mailboxes.some((each) =>
    each.exists && each.name.startsWith(name + SEPARATOR)
  );
  const flags: string[] = [];
  if (!exists) flags.push(select.extended ? "\\NonExistent" : "\\Noselect");
  // RFC 5258 §3.4 and §4: asked for with RETURN, and told to whoever asks in the older way.
  if (!select.extended || back.children || exists || hasChildren) {
    flags.push(hasChildren ? "\\HasChildren" : "\\HasNoChildren");
  }
  if (subscribed && (back.subscribed || select.subscribed)) flags.push("\\Subscribed");
  if (use !== null) flags.push(use);
  const extended = childInfo.length === 0 ? "" : ` ("CHILDINFO" (${childInfo.join(" ")}))`;
  return join([`LIST (${flags.join(" ")}) "${SEPARATOR}" `, nameOf(serving, name), extended]);
}

/** STATUS of one mailbox. */
export function* tellStatus(
  serving: Serving,
  name: string,
  status: ImapStatus,
  items: readonly StatusItem[],
): Step<ImapBackend, void> {
  const freed = items.includes("DELETED-STORAGE") ? yield* deletedBytes(serving, name) : 0;
  const recent = items.includes("RECENT") ? yield* countRecent(serving, name, status) : 0;
  const known = { ...status, freed, recent };
  const values = items.map((item) => `${item} ${statusValue(serving, known, item)}`);
  yield* say(serving, join(["STATUS ", nameOf(serving, name), ` (${values.join(" ")})`]));
}

/** RFC 9208 §4.1.4: what an EXPUNGE would give back; asked for seldom, so it is counted then. */
function* deletedBytes(serving: Serving, name: string): Step<ImapBackend, number> {
  const account = accountOf(serving);
  const mailbox = yield* ask(() => account.select(name));
  if (mailbox === null) return 0;
  let bytes = 0;
  yield* forEachMessage(mailbox, ({ flags, size }) => {
    if (flags.includes("\\Deleted")) bytes += size;
  });
  return bytes;
}

/** RFC 3501 §6.3.10: mostly none or all of them; the others are counted. */
function* countRecent(
  serving: Serving,
  name: string,
  { messages, recentFrom, uidNext }: ImapStatus,
): Step<ImapBackend, number> {
  if (recentFrom === 1) return messages;
  if (recentFrom >= uidNext) return 0;
  const account = accountOf(serving);
  const mailbox = yield* ask(() => account.select(name));
  let count = 0;
  if (mailbox !== null) yield* forEachMessage(mailbox, () => count++, recentFrom - 1);
  return count;
}

function statusValue(
  serving: Serving,
  status: ImapStatus & { readonly freed: number; readonly recent: number },
  item: StatusItem,
): string {
  switch (item) {
    case "MESSAGES":
      return `${status.messages}`;
    case "RECENT":
      return `${status.recent}`;
    case "UIDNEXT":
      return `${status.uidNext}`;
    case "UIDVALIDITY":
      return `${status.uidValidity}`;
    case "UNSEEN":
      return `${status.unseen}`;
    case "DELETED":
      return `${status.deleted}`;
    case "SIZE":
      return `${status.size}`;
    case "HIGHESTMODSEQ":
      return `${status.modSeq}`;
    case "MAILBOXID":
      return `(${status.mailboxId})`;
    case "APPENDLIMIT":
      return `${serving.messageBytesMax}`;
    case "DELETED-STORAGE":
      return `${status.freed}`;
  }
}

/** A mailbox's name as this client takes it. */
export function nameOf(serving: Serving, name: string): Piece {
  const utf8 = takesUtf8(serving);
  return string(encodeMailbox(name, utf8), utf8);
}
