/** SELECT, EXAMINE, CLOSE and UNSELECT (RFC 9051 §6.3.2 and §6.4, RFC 7162 §3.1 and §3.2). */
import type { Step } from "../wire/session.ts";
import type { ImapBackend, ImapMessage, ImapSelected } from "./backend.ts";
import type { Resync, SelectCommand } from "./command.ts";
import { malformed, refused } from "./error.ts";
import { forEachMessage, PAGE_MESSAGES_MAX } from "./facts.ts";
import { tellName } from "./lists.ts";
import { flagItems, learn, noteKeywords, noteRecent, recentCount, tellFlags } from "./news.ts";
import { formatSpans, isIn, type Span, spansOf, spansOfNumbers } from "./sequence.ts";
import {
  accountOf,
  ask,
  done,
  type Reply,
  say,
  type Selected,
  selectedOf,
  type Serving,
} from "./serving.ts";
import { View } from "./view.ts";

/** Opens a mailbox; the one that was open is closed, also when this fails (RFC 9051 §6.3.2). */
export function* select(
  serving: Serving,
  command: SelectCommand,
): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  if (serving.selected !== null) {
    serving.selected = null;
    // RFC 7162 §3.2.11: from here on everything is about the new one.
    yield* say(serving, "OK [CLOSED] the mailbox before is closed");
  }
  serving.saved = [];
  if (command.condstore) serving.enabled.add("CONDSTORE");
  if (command.qresync !== null && !serving.enabled.has("QRESYNC")) {
    throw malformed("enable QRESYNC first"); // RFC 7162 §3.2.5
  }
  const mailbox = yield* ask(() => account.select(command.mailbox));
  if (mailbox === null) throw refused("there is no such mailbox", "NONEXISTENT");
  const messages: ImapMessage[] = [];
  yield* forEachMessage(mailbox, (message) => {
    // What came since the mailbox was looked up is told as news, and not counted before UIDNEXT.
    if (message.uid < mailbox.status.uidNext) messages.push(message);
  });
  const readOnly = command.verb === "EXAMINE";
  const selected: Selected = {
    mailbox,
    readOnly,
    view: new View(messages),
    modSeq: mailbox.status.modSeq,
    toldModSeq: mailbox.status.modSeq,
    recent: [],
    contexts: new Map(),
    contextsModSeq: mailbox.status.modSeq,
    placed: new Set(),
    keywords: new Set(),
    keywordsTold: 0,
  };
  yield* noteRecent(selected, mailbox.status.recentFrom);
  yield* tellMailbox(serving, selected, messages);
  // RFC 9051 §6.3.2: in IMAP4rev2 the name is told, and whether it is the one that was said.
  yield* tellName(serving, mailbox.name, command.said);
  serving.selected = selected;
  if (command.qresync !== null && command.qresync.uidValidity === mailbox.status.uidValidity) {
    yield* resync(serving, selected, command.qresync, messages);
  }
  return done("selected", readOnly ? "READ-ONLY" : "READ-WRITE");
}

/** RFC 9051 §6.4.1: what is deleted goes, and nobody is told. */
export function* close(serving: Serving): Step<ImapBackend, Reply> {
  const { mailbox, readOnly } = selectedOf(serving);
  if (!readOnly) yield* ask(() => mailbox.expunge(null));
  serving.selected = null;
  return done("closed");
}

/** RFC 9051 §6.4.2: nothing goes. */
export function unselect(serving: Serving): Reply {
  selectedOf(serving);
  serving.selected = null;
  return done("closed");
}

function* tellMailbox(
  serving: Serving,
  selected: Selected,
  messages: readonly ImapMessage[],
): Step<ImapBackend, void> {
  const { mailbox: { status } } = selected;
  noteKeywords(selected, messages);
  yield* tellFlags(serving, selected);
  yield* say(serving, `${messages.length} EXISTS`);
  if (!serving.enabled.has("IMAP4REV2")) {
    yield* say(serving, `${recentCount(selected)} RECENT`);
    const unseen = messages.findIndex((each) => !each.flags.includes("\\Seen"));
    if (unseen !== -1) yield* say(serving, `OK [UNSEEN ${unseen + 1}] the first one`);
  }
  yield* say(serving, `OK [UIDVALIDITY ${status.uidValidity}] numbers hold as long as this`);
  yield* say(serving, `OK [UIDNEXT ${status.uidNext}] the next number`);
  yield* say(serving, `OK [HIGHESTMODSEQ ${status.modSeq}] the newest change`);
  yield* say(serving, `OK [MAILBOXID (${status.mailboxId})] the mailbox`); // RFC 8474 §4.2
}

/** RFC 7162 §3.2.5.1: what is gone since, then what changed. */
function* resync(
  serving: Serving,
  selected: Selected,
  { modSeq, known }: Resync,
  messages: readonly ImapMessage[],
): Step<ImapBackend, void> {
  const { mailbox, view } = selected;
  const wanted: readonly Span[] = known === null || known === "$"
    ? [{ from: 1, to: mailbox.status.uidNext - 1 }]
    : spansOf(known, mailbox.status.uidNext - 1);
  const removed = yield* removedSince(mailbox, modSeq, wanted, messages);
  // RFC 7162 §3.2.10.1: what has been counted goes as news, with its number.
  const gone = removed.filter((uid) => view.numberOf(uid) === null);
  if (gone.length > 0) {
    yield* say(serving, `VANISHED (EARLIER) ${formatSpans(spansOfNumbers(gone))}`);
  }
  for (const [number, seen] of view.ofUids(wanted)) {
    if (seen.modSeq <= modSeq) continue;
    yield* say(serving, `${number} FETCH (${flagItems(serving, selected, seen)})`);
  }
  yield* learn(selected);
}

/** The UIDs that went after a mark; where that is forgotten, all that are not there. */
export function* removedSince(
  mailbox: ImapSelected,
  since: number,
  wanted: readonly Span[],
  messages: Iterable<{ readonly uid: number }>,
): Step<ImapBackend, readonly number[]> {
  const gone: number[] = [];
  for (let mark = since;;) {
    const from = mark;
    const changes = yield* ask(() => mailbox.changes(from, PAGE_MESSAGES_MAX));
    if (changes.forgotten) return absentees(wanted, messages, mailbox.status.uidNext);
    gone.push(...changes.removed.filter((uid) => isIn(wanted, uid)));
    if (!changes.more) return gone;
    mark = changes.modSeq;
  }
}

function absentees(
  wanted: readonly Span[],
  messages: Iterable<{ readonly uid: number }>,
  uidNext: number,
): readonly number[] {
  const there = new Set([...messages].map(({ uid }) => uid));
  const gone: number[] = [];
  for (const { from, to } of wanted) {
    for (let uid = from; uid <= Math.min(to, uidNext - 1); uid++) {
      if (!there.has(uid)) gone.push(uid);
    }
  }
  return gone;
}
