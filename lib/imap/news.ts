/** Telling a client what has changed in its mailbox (RFC 9051 §5.2, §7.5.1; RFC 7162 §3.2.10). */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { ImapError } from "./error.ts";
import { forEachMessage, PAGE_MESSAGES_MAX } from "./facts.ts";
import { SYSTEM_FLAGS } from "./fetch_command.ts";
import type { Numbered } from "./messages.ts";
import type { NotifyEvent } from "./notify_command.ts";
import { formatSpans, isIn } from "./sequence.ts";
import { ask, countsChanges, say, type Selected, type Serving } from "./serving.ts";
import type { Seen } from "./view.ts";

/** Keywords of a mailbox that are told with it: as many as it can have. */
export const KEYWORDS_TOLD_MAX = 200;

/** The mailbox was removed by somebody else while it was open: the conversation ends. */
export class MailboxGone extends Error {
  override readonly name = "MailboxGone";
}

/** Takes in what is true now. @throws {MailboxGone} */
export function* learn(selected: Selected): Step<ImapBackend, void> {
  try {
    yield* readChanges(selected);
  } catch (error) {
    throw error instanceof ImapError ? new MailboxGone("the mailbox is gone") : error;
  }
}

function* readChanges(selected: Selected): Step<ImapBackend, void> {
  const { mailbox, view } = selected;
  for (;;) {
    const since = selected.modSeq;
    const changes = yield* ask(() => mailbox.changes(since, PAGE_MESSAGES_MAX));
    if (changes.forgotten) yield* compare(selected);
    view.learn(changes.messages);
    noteKeywords(selected, changes.messages);
    view.forget(changes.removed);
    selected.modSeq = changes.modSeq;
    if (!changes.more) return;
  }
}

/** Removals were forgotten: whoever is not in the list any more is gone. */
function* compare({ mailbox, view }: Selected): Step<ImapBackend, void> {
  const there = new Set<number>();
  yield* forEachMessage(mailbox, ({ uid }) => there.add(uid));
  const gone: number[] = [];
  for (const [, { uid }] of view.ofNumbers([{ from: 1, to: view.count }])) {
    if (!there.has(uid)) gone.push(uid);
  }
  view.forget(gone);
}

/** When news are told. */
export interface TellOptions {
  /**
   * Whether the numbers of messages may move now, which they may not in the answer to a command
   * that was said in numbers (RFC 9051 §7.5.1).
   */
  readonly expunges: boolean;
  /** Whether the client has moved messages itself: it hears of that whatever it has asked for. */
  readonly own: boolean;
}

/** Tells what the view has learnt of the open mailbox; gives the messages that have come. */
export function* tellNews(
  serving: Serving,
  selected: Selected,
  { expunges, own }: TellOptions,
): Step<ImapBackend, readonly Numbered[]> {
  const { notify } = serving;
  const { view } = selected;
  const known = view.largestUid;
  // RFC 5465 §3.1: without SELECTED, nothing of this is wanted.
  const wants = (event: NotifyEvent) =>
    notify === null || own || (notify.selected?.events.has(event) ?? false);
  const news = view.tell({
    expunges: expunges && wants("MessageExpunge"),
    arrivals: wants("MessageNew"),
    flags: wants("FlagChange"),
  });
  if (news.vanished.length > 0 && serving.enabled.has("QRESYNC")) {
    yield* say(serving, `VANISHED ${formatSpans(news.vanished)}`); // RFC 7162 §3.2.10
  } else for (const number of news.expunged) yield* say(serving, `${number} EXPUNGE`);
  // RFC 9051 §7.1 PERMANENTFLAGS: new ones are told, before somebody has them.
  if (selected.keywords.size > selected.keywordsTold) yield* tellFlags(serving, selected);
  if (news.exists !== null) {
    yield* noteRecent(selected, news.fresh);
    yield* say(serving, `${news.exists} EXISTS`);
    // RFC 3501 §7.3.2, which RFC 9051 has no more.
    if (!serving.enabled.has("IMAP4REV2")) {
      yield* say(serving, `${recentCount(selected)} RECENT`);
    }
  }
  for (const { number, seen } of news.changed) {
    yield* say(serving, `${number} FETCH (${flagItems(serving, selected, seen)})`);
  }
  yield* tellMark(serving, selected);
  return [...view.ofUids([{ from: known + 1, to: view.largestUid }])];
}

/**
 * RFC 7162 §3.1: from here on the client counts in mod-sequences; the first time it hears which one
 * the open mailbox has come to.
 */
export function* countChanges(serving: Serving): Step<ImapBackend, void> {
  if (countsChanges(serving)) return;
  serving.enabled.add("CONDSTORE");
  if (serving.selected === null) return;
  yield* say(serving, `OK [HIGHESTMODSEQ ${serving.selected.toldModSeq}] the newest change`);
}

/**
 * RFC 7162 §6: a client comes back with the greatest mod-sequence that it has heard. While removals
 * wait, whose mod-sequence may be less, it has to be told how far it really is.
 */
function* tellMark(serving: Serving, selected: Selected): Step<ImapBackend, void> {
  if (!selected.view.owes) selected.toldModSeq = selected.modSeq;
  else if (serving.enabled.has("QRESYNC")) {
    yield* say(serving, `OK [HIGHESTMODSEQ ${selected.toldModSeq}] not everything is told yet`);
  }
}

/** Keeps in mind which keywords there are. */
export function noteKeywords(
  selected: Selected,
  messages: Iterable<{ readonly flags: readonly string[] }>,
): void {
  const { keywords, view } = selected;
  const note = ({ flags }: { readonly flags: readonly string[] }) => {
    for (const flag of flags) if (!flag.startsWith("\\")) keywords.add(flag);
  };
  for (const message of messages) note(message);
  if (keywords.size <= KEYWORDS_TOLD_MAX) return;
  // Some that were met are forgotten meanwhile: those that messages have are begun with anew.
  keywords.clear();
  selected.keywordsTold = 0;
  for (const seen of view.all()) note(seen);
}

/** FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5 and §7.1). */
export function* tellFlags(serving: Serving, selected: Selected): Step<ImapBackend, void> {
  const { keywords, readOnly } = selected;
  selected.keywordsTold = keywords.size;
  const flags = [...SYSTEM_FLAGS, ...[...keywords].slice(0, KEYWORDS_TOLD_MAX)].join(" ");
  yield* say(serving, `FLAGS (${flags})`);
  // Where there are so many, the client is not to expect that it can make more.
  const more = keywords.size < KEYWORDS_TOLD_MAX ? " \\*" : "";
  const permanent = readOnly ? "" : flags + more;
  yield* say(serving, `OK [PERMANENTFLAGS (${permanent})] can be kept`);
}

/**
 * RFC 3501 §2.3.2: messages are recent in the session that is told of them first. One that changes
 * nothing (EXAMINE, §6.3.2) sees them as such, and they stay so for the next. `fresh`: the UID from
 * which on they are new here.
 */
export function* noteRecent(selected: Selected, fresh: number): Step<ImapBackend, void> {
  const { mailbox, view, readOnly, recent } = selected;
  const to = view.largestUid;
  const untold = yield* ask(() => mailbox.recent(readOnly ? null : to));
  const from = Math.max(untold, fresh);
  if (from > to) return;
  // Where nobody else was told between, one span grows, however long the session lasts.
  const last = recent.at(-1);
  if (last !== undefined && from <= last.to + 1) recent[recent.length - 1] = { ...last, to };
  else recent.push({ from, to });
}

/** How many of those that are there are recent. */
export function recentCount({ view, recent }: Selected): number {
  return view.countOf(recent);
}

/** FLAGS as a client that did not ask for them is told: with the UID and MODSEQ it may need. */
export function flagItems(serving: Serving, selected: Selected, seen: Seen): string {
  const items = [`FLAGS ${flagList(serving, selected, seen)}`];
  // RFC 7162 §3.2, RFC 9051 §7.5.2 and RFC 5465 §5.1: by number alone, the client may take it for
  // another one.
  const { enabled, notify } = serving;
  const named = countsChanges(serving) || enabled.has("IMAP4REV2") || notify !== null;
  if (named) items.unshift(`UID ${seen.uid}`);
  if (countsChanges(serving)) items.push(`MODSEQ (${seen.modSeq})`); // RFC 7162 §3.2
  return items.join(" ");
}

/** The flags of a message in parentheses. */
export function flagList(
  { enabled }: Serving,
  { recent }: Selected,
  { flags, uid }: Pick<Seen, "flags" | "uid">,
): string {
  const isRecent = isIn(recent, uid) && !enabled.has("IMAP4REV2");
  return `(${[...flags, ...isRecent ? ["\\Recent"] : []].join(" ")})`;
}
