/** NOTIFY (RFC 5465): a client hears of the events that it has asked for, at any time. */
import { Interrupted, read, readOrWake, type Step } from "../wire/session.ts";
import type { ImapBackend, ImapOverview } from "./backend.ts";
import { tellContexts, tellLeavers } from "./context.ts";
import { ImapError, refused } from "./error.ts";
import { tellMessages } from "./fetch.ts";
import type { FetchItem } from "./fetch_command.ts";
import { join } from "./format.ts";
import { listLine, nameOf, tellStatus } from "./lists.ts";
import type { StatusItem } from "./list_command.ts";
import { changesBetween, type MailboxChange } from "./mailbox_changes.ts";
import { SEPARATOR } from "./mailbox_name.ts";
import type { Numbered } from "./messages.ts";
import { learn, tellNews, type TellOptions } from "./news.ts";
import type { NotifyCommand, NotifyEvent, NotifyGroup } from "./notify_command.ts";
import { wantsMessages } from "./notify_command.ts";
import {
  accountOf,
  ask,
  BackendFailure,
  countsChanges,
  done,
  type Notifying,
  type Reply,
  say,
  type Selected,
  type Serving,
} from "./serving.ts";

/** Each change in the account is a look at all of them; people have some dozens. */
export const NOTIFY_MAILBOXES_MAX = 500;

/** RFC 5465 §3.1: what was asked for before is forgotten. */
export function* notify(
  serving: Serving,
  { groups, status }: NotifyCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const others = groups.filter(({ of }) => of.filter !== "selected");
  const modSeq = yield* ask(() => account.modSeq());
  const known = others.length === 0 ? [] : yield* ask(() => account.overview());
  if (known.length > NOTIFY_MAILBOXES_MAX) {
    throw refused("there are too many mailboxes to watch", "NOTIFICATIONOVERFLOW");
  }
  serving.notify?.metadata?.close();
  const notifying: Notifying = {
    selected: groups.find(({ of }) => of.filter === "selected") ?? null,
    others,
    metadata: others.some(wantsMetadata) ? account.watchMetadata() : null,
    known,
    modSeq,
    own: new Set(),
  };
  serving.notify = notifying;
  if (status) yield* tellHowTheyAre(serving, notifying);
  return done(groups.length === 0 ? "you will hear of nothing" : "you will hear of it");
}

/**
 * Everything that the client may hear now: of the mailbox that is open as {@linkcode tellNews} says
 * it, and of others what it has asked for.
 * @throws {MailboxGone}
 * @throws {BackendFailure}
 */
export function* tellAll(serving: Serving, options: TellOptions): Step<ImapBackend, void> {
  try {
    yield* tellEverything(serving, options);
  } catch (error) {
    // Nobody has asked, so a refusal is no answer.
    throw error instanceof ImapError ? new BackendFailure(error) : error;
  }
}

function* tellEverything(serving: Serving, options: TellOptions): Step<ImapBackend, void> {
  const { account, notify, selected } = serving;
  // Taken before the look, so that what comes meanwhile is looked at again.
  const modSeq = notify === null ? 0 : yield* ask(() => account!.modSeq());
  if (selected !== null) yield* tellSelected(serving, selected, options);
  if (notify === null) return;
  yield* tellOthers(serving, notify);
  notify.modSeq = modSeq;
}

function* tellSelected(
  serving: Serving,
  selected: Selected,
  options: TellOptions,
): Step<ImapBackend, void> {
  yield* learn(selected);
  yield* tellLeavers(serving, selected);
  const arrived = yield* tellNews(serving, selected, options);
  yield* tellContexts(serving, selected);
  yield* tellArrived(serving, selected, arrived);
}

/**
 * RFC 5465 §5.2: of new messages what was asked for with NOTIFY, and with the searches that they
 * have joined (§7), as one; not of those that this client has put there itself.
 */
function* tellArrived(
  serving: Serving,
  selected: Selected,
  arrived: readonly Numbered[],
): Step<ImapBackend, void> {
  const { contexts, placed } = selected;
  for (const numbered of arrived) {
    const [, { uid }] = numbered;
    if (placed.delete(uid)) continue;
    const joined = [...contexts.values()].filter(({ members }) => members.has(uid));
    const items = unique([
      ...serving.notify?.selected?.items ?? [],
      ...joined.flatMap(({ items }) => items),
    ]);
    if (items.length === 0) continue;
    yield* tellMessages(serving, selected, { chosen: [numbered], items });
  }
}

function unique(items: readonly FetchItem[]): readonly FetchItem[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/**
 * What the client says, or `"wake"` when something has changed of what it wants to hear.
 * @throws {BackendFailure} when that cannot be found out
 */
export function* hearOrChange(
  { account, notify }: Serving,
): Step<ImapBackend, Uint8Array | null | "wake"> {
  if (account === null || notify === null || !wantsAnything(notify)) {
    return yield* read<ImapBackend>();
  }
  const { modSeq, metadata } = notify;
  try {
    return yield* readOrWake<ImapBackend>((_backend, signal) =>
      Promise.race([
        account.changed(modSeq, signal),
        ...metadata === null ? [] : [metadata.changed(signal)],
      ])
    );
  } catch (error) {
    throw error instanceof Interrupted ? error : new BackendFailure(error);
  }
}

/** RFC 5465 §5.8: from here on it is as after NOTIFY NONE. */
export function* overflow(serving: Serving): Step<ImapBackend, void> {
  serving.notify?.metadata?.close();
  serving.notify = {
    selected: null,
    others: [],
    metadata: null,
    known: [],
    modSeq: 0,
    own: new Set(),
  };
  yield* say(serving, "OK [NOTIFICATIONOVERFLOW] you will hear of nothing any more");
}

function wantsAnything({ selected, others }: Notifying): boolean {
  return selected !== null || others.some(({ events }) => events.size > 0);
}

function wantsMetadata({ events }: NotifyGroup): boolean {
  return events.has("MailboxMetadataChange") || events.has("ServerMetadataChange");
}

/** RFC 5465 §3.1: what a client has to know to make sense of what it will hear. */
function* tellHowTheyAre(serving: Serving, notify: Notifying): Step<ImapBackend, void> {
  for (const mailbox of notify.known) {
    const groups = notify.others.filter((group) => wantsMessages(group) && fits(group, mailbox));
    if (mailbox.status === null || groups.length === 0 || isOpen(serving, mailbox)) continue;
    const flags = groups.some(({ events }) => events.has("FlagChange"));
    const items: readonly StatusItem[] = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
    const further: readonly StatusItem[] = flags ? ["UNSEEN", "HIGHESTMODSEQ"] : [];
    yield* tellStatus(serving, mailbox.name, mailbox.status, [...items, ...further]);
  }
}

function* tellOthers(serving: Serving, notify: Notifying): Step<ImapBackend, void> {
  if (notify.others.length === 0) return;
  const account = accountOf(serving);
  const before = notify.known;
  const after = yield* ask(() => account.overview());
  const metadata = notify.metadata?.take() ?? [];
  if (after.length > NOTIFY_MAILBOXES_MAX || metadata === "overflow") {
    return yield* overflow(serving);
  }
  notify.known = after;
  for (const change of changesBetween(before, after)) {
    const names = [
      named(before, change.name),
      named(after, change.name),
      ...change.oldName === null ? [] : [named(before, change.oldName)],
    ];
    const wants = (event: NotifyEvent) =>
      notify.others.some((group) =>
        group.events.has(event) && names.some((each) => fits(group, each))
      );
    if (!notify.own.has(change.name)) yield* tellName(serving, after, change, wants);
    yield* tellCounts(serving, named(after, change.name), change, wants);
  }
  notify.own.clear();
  for (const { mailbox, entries } of metadata) {
    const isWanted = notify.others.some((group) =>
      mailbox === ""
        ? group.events.has("ServerMetadataChange")
        : group.events.has("MailboxMetadataChange") && fits(group, named(after, mailbox))
    );
    // RFC 5465 §5.6, RFC 5464 §4.4.2: names of entries, and no values.
    if (!isWanted) continue;
    yield* say(serving, join(["METADATA ", nameOf(serving, mailbox), ` ${entries.join(" ")}`]));
  }
}

type Wants = (event: NotifyEvent) => boolean;

/** RFC 5465 §5.4 and §5.5: LIST, with everything that is true of the name. */
function* tellName(
  serving: Serving,
  mailboxes: readonly ImapOverview[],
  change: MailboxChange,
  wants: Wants,
): Step<ImapBackend, void> {
  const isNamed = change.named && wants("MailboxName");
  if (!isNamed && !(change.subscription && wants("SubscriptionChange"))) return;
  const found = { mailbox: named(mailboxes, change.name), childInfo: [] };
  const line = listLine(serving, mailboxes, found, { select: EXTENDED, back: EVERYTHING });
  const old = change.oldName === null
    ? []
    : [' ("OLDNAME" (', nameOf(serving, change.oldName), "))"];
  yield* say(serving, join([line, ...old]));
}

const EXTENDED = { subscribed: false, recursive: false, specialUse: false, extended: true };
const EVERYTHING = { subscribed: true, children: true, specialUse: true, status: [] };

/** RFC 5465 §5.1 to §5.3: STATUS, for a mailbox that is not open. */
function* tellCounts(
  serving: Serving,
  mailbox: ImapOverview,
  change: MailboxChange,
  wants: Wants,
): Step<ImapBackend, void> {
  if (mailbox.status === null || isOpen(serving, mailbox)) return;
  const items = new Set<StatusItem>();
  const { arrived, expunged, changed, unseen, replaced } = change;
  if (((arrived || replaced) && wants("MessageNew")) || (expunged && wants("MessageExpunge"))) {
    items.add("MESSAGES").add("UIDNEXT");
    if (replaced) items.add("UIDVALIDITY");
    if (countsChanges(serving)) items.add("HIGHESTMODSEQ");
  }
  if (wants("FlagChange")) {
    if (unseen) items.add("UIDVALIDITY").add("UNSEEN");
    if (changed && countsChanges(serving)) items.add("UIDVALIDITY").add("HIGHESTMODSEQ");
  }
  if (items.size > 0) yield* tellStatus(serving, mailbox.name, mailbox.status, [...items]);
}

function isOpen({ selected }: Serving, { status }: ImapOverview): boolean {
  return selected !== null && selected.mailbox.status.mailboxId === status?.mailboxId;
}

/** What is known of a name, also where there is nothing. */
function named(mailboxes: readonly ImapOverview[], name: string): ImapOverview {
  return mailboxes.find((each) => each.name === name) ??
    { name, exists: false, subscribed: false, use: null, status: null };
}

/** RFC 5465 §6. */
function fits({ of }: NotifyGroup, { name, subscribed }: ImapOverview): boolean {
  switch (of.filter) {
    case "selected":
      return false;
    case "personal":
      return true;
    case "subscribed":
      return subscribed;
    case "mailboxes":
      return of.names.includes(name);
    case "subtree":
      return of.names.some((each) => name === each || name.startsWith(each + SEPARATOR));
  }
}
