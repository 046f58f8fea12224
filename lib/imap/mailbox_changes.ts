/** What happened to the mailboxes of an account between two looks at them (RFC 5465 §5). */
import type { ImapOverview, ImapStatus } from "./backend.ts";
import { SEPARATOR } from "./mailbox_name.ts";

/** What happened to one name. */
export interface MailboxChange {
  readonly name: string;
  /** RFC 5465 §5.4: it was made, removed or renamed, or something right below it was. */
  named: boolean;
  oldName: string | null;
  /** RFC 5465 §5.5. */
  subscription: boolean;
  /** Messages have come, gone, or changed. */
  arrived: boolean;
  expunged: boolean;
  changed: boolean;
  /** How many are unseen. */
  unseen: boolean;
  /** There is another mailbox behind the name now. */
  replaced: boolean;
}

type Mailboxes = readonly ImapOverview[];

/** By name. */
export function changesBetween(before: Mailboxes, after: Mailboxes): readonly MailboxChange[] {
  const changes = new Map<string, MailboxChange>();
  const of = (name: string): MailboxChange => {
    const change = changes.get(name) ?? unchanged(name);
    changes.set(name, change);
    return change;
  };
  noteNames(before, after, of);
  noteSubscriptions(before, after, of);
  noteMessages(before, after, of);
  return [...changes.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

type ChangeOf = (name: string) => MailboxChange;

function unchanged(name: string): MailboxChange {
  return {
    name,
    named: false,
    oldName: null,
    subscription: false,
    arrived: false,
    expunged: false,
    changed: false,
    unseen: false,
    replaced: false,
  };
}

function noteNames(before: Mailboxes, after: Mailboxes, of: ChangeOf): void {
  const was = byId(before);
  const is = byId(after);
  for (const [id, { name }] of is) {
    const old = was.get(id);
    if (old === undefined) noteMade(name, of);
    else if (old.name !== name && !movedWithParent(old.name, name, was, is)) {
      const change = of(name);
      change.named = true;
      change.oldName = old.name;
    }
  }
  for (const [id, { name }] of was) if (!is.has(id)) noteMade(name, of);
}

/** RFC 5465 §5.4: with what is made or removed goes its direct parent, whether it is one or not. */
function noteMade(name: string, of: ChangeOf): void {
  of(name).named = true;
  const parent = parentOf(name);
  if (parent !== null) of(parent).named = true;
}

/** RFC 5465 §5.4: nothing is told of the children of what was renamed. */
function movedWithParent(
  oldName: string,
  name: string,
  was: ReadonlyMap<string, ImapOverview>,
  is: ReadonlyMap<string, ImapOverview>,
): boolean {
  const [oldParent, parent] = [parentOf(oldName), parentOf(name)];
  if (oldParent === null || parent === null) return false;
  if (leafOf(oldName) !== leafOf(name)) return false;
  for (const [id, each] of was) {
    if (each.name === oldParent) return is.get(id)?.name === parent;
  }
  return false;
}

function noteSubscriptions(before: Mailboxes, after: Mailboxes, of: ChangeOf): void {
  const was = subscribedIn(before);
  const is = subscribedIn(after);
  for (const name of [...was, ...is]) {
    if (was.has(name) !== is.has(name)) of(name).subscription = true;
  }
}

function noteMessages(before: Mailboxes, after: Mailboxes, of: ChangeOf): void {
  const was = byId(before);
  const names = new Set(before.filter(({ status }) => status !== null).map(({ name }) => name));
  for (const [id, { name, status }] of byId(after)) {
    const old = was.get(id);
    if (old !== undefined) compare(old.status!, status!, () => of(name));
    else {
      if (names.has(name)) of(name).replaced = true;
      if (status!.messages > 0) of(name).arrived = true;
    }
  }
}

function compare(was: ImapStatus, is: ImapStatus, change: () => MailboxChange): void {
  const came = is.uidNext - was.uidNext;
  if (came > 0) change().arrived = true;
  // UIDs are given out one by one, so whoever is missing went.
  if (was.messages + came > is.messages) change().expunged = true;
  if (was.modSeq !== is.modSeq) change().changed = true;
  if (was.unseen !== is.unseen) change().unseen = true;
}

function byId(mailboxes: Mailboxes): ReadonlyMap<string, ImapOverview> {
  return new Map(
    mailboxes.flatMap((each) => each.status === null ? [] : [[each.status.mailboxId, each]]),
  );
}

function subscribedIn(mailboxes: Mailboxes): ReadonlySet<string> {
  return new Set(mailboxes.filter(({ subscribed }) => subscribed).map(({ name }) => name));
}

/** `null` at the top. */
export function parentOf(name: string): string | null {
  const at = name.lastIndexOf(SEPARATOR);
  return at === -1 ? null : name.slice(0, at);
}

function leafOf(name: string): string {
  return name.slice(name.lastIndexOf(SEPARATOR) + 1);
}
