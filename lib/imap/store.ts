/** STORE, COPY, MOVE, EXPUNGE and REPLACE (RFC 9051 §6.4, RFC 7162 §3.1.3, RFC 6851, RFC 8508). */
import type { Step } from "../wire/session.ts";
import type { AppendMessage, ReplaceCommand } from "./append_command.ts";
import { assemble } from "./append.ts";
import type { ImapBackend, ImapPlaced } from "./backend.ts";
import { malformed, refused } from "./error.ts";
import type { CopyCommand, StoreCommand } from "./fetch_command.ts";
import { meant, type Numbered } from "./messages.ts";
import { countChanges, flagItems, learn } from "./news.ts";
import { formatSpans, type SequenceSet, spansOfNumbers } from "./sequence.ts";
import {
  ask,
  countsChanges,
  done,
  notePlaced,
  type Reply,
  say,
  type Selected,
  selectedOf,
  type Serving,
  writableOf,
} from "./serving.ts";
import type { Seen } from "./view.ts";

/** RFC 9051 §6.4.6. */
export function* store(
  serving: Serving,
  command: StoreCommand,
): Step<ImapBackend, Reply> {
  const selected = writableOf(serving);
  const { mailbox, view } = selected;
  const { change, flags, unchangedSince, silent, uid } = command;
  if (unchangedSince !== null) yield* countChanges(serving);
  const chosen = meant(serving, selected, command);
  const numbers = new Map(chosen.map(([number, seen]) => [seen.uid, number]));
  const uids = [...numbers.keys()];
  // What others have changed meanwhile is told also to a client that asks for silence.
  const owed = new Set(silent ? uids.filter((each) => view.isChanged(each)) : []);
  const { messages, modified } = yield* ask(() =>
    mailbox.store({ uids, change, flags, unchangedSince })
  );
  for (const message of messages) {
    const known = view.at(numbers.get(message.uid)!);
    // Somebody came between the look at what is new and the change: that is news, too.
    if (silent && !isExpected(message, known, command)) owed.add(message.uid);
  }
  view.learn(messages);
  for (const message of messages) {
    const number = numbers.get(message.uid)!;
    if (!owed.has(message.uid)) view.told(message.uid);
    // RFC 7162 §3.1.3: SILENT hides the flags, and never the mod-sequence.
    if (!silent) {
      yield* say(
        serving,
        `${number} FETCH (${changedItems(serving, selected, uid, view.at(number))})`,
      );
    } else if (countsChanges(serving)) {
      yield* say(
        serving,
        `${number} FETCH (${uid ? `UID ${message.uid} ` : ""}MODSEQ (${message.modSeq}))`,
      );
    }
  }
  const gone = uids.length - messages.length - modified.length;
  if (modified.length > 0) {
    const failed = uid ? modified : modified.map((each) => numbers.get(each)!);
    const code = `MODIFIED ${formatSpans(spansOfNumbers(failed))}`;
    // RFC 7162 §3.1.3: OK where nothing else went wrong.
    return done("some have changed meanwhile", code);
  }
  // RFC 9051 §6.4.6: the others were changed.
  if (gone > 0 && !uid) throw refused("some of the messages are gone", "EXPUNGEISSUED");
  return done("changed");
}

/** Whether a message has the flags that a client works out which changes them and hears nothing. */
function isExpected(
  { flags: now }: Pick<Seen, "flags">,
  { flags: known }: Pick<Seen, "flags">,
  { change, flags }: Pick<StoreCommand, "change" | "flags">,
): boolean {
  // RFC 9051 §2.3.2: keywords are the same in either case.
  const [before, given, after] = [known, flags, now].map((all) =>
    new Set(all.map((flag) => flag.toLowerCase()))
  ) as [Set<string>, Set<string>, Set<string>];
  const expected = change === "set"
    ? given
    : change === "add"
    ? before.union(given)
    : before.difference(given);
  return expected.symmetricDifference(after).size === 0;
}

function changedItems(
  serving: Serving,
  selected: ReturnType<typeof writableOf>,
  uid: boolean,
  seen: Parameters<typeof flagItems>[2],
): string {
  const items = flagItems(serving, selected, seen);
  return uid && !items.startsWith("UID ") ? `UID ${seen.uid} ${items}` : items;
}

/** RFC 9051 §6.4.7 and §6.4.8. */
export function* copy(
  serving: Serving,
  command: CopyCommand,
): Step<ImapBackend, Reply> {
  const move = command.verb === "MOVE";
  const selected = move ? writableOf(serving) : selectedOf(serving);
  const { mailbox } = selected;
  const chosen = meant(serving, selected, command);
  const uids = chosen.map(([, seen]) => seen.uid);
  if (uids.length === 0) return done("there was nothing to do");
  const placed = yield* ask(() => mailbox.copy(uids, command.mailbox, { move }));
  notePlaced(serving, command.mailbox, placed.uids);
  const code = copyCode(placed);
  if (!move) return done("copied", code);
  // RFC 6851 §4.3: COPYUID comes before the EXPUNGEs that follow from it.
  if (code !== null) yield* say(serving, `OK [${code}] moved`);
  return done("moved", yield* learnRemovals(serving, selected));
}

/**
 * Takes in what went. RFC 7162 §3.2.7 and RFC 6851 §4.4: a client that counts changes hears up to
 * which of them it knows everything now; gives the code for that.
 */
function* learnRemovals(
  serving: Serving,
  selected: Selected,
): Step<ImapBackend, string | null> {
  const before = selected.modSeq;
  yield* learn(selected);
  const isTold = countsChanges(serving) && selected.modSeq > before;
  return isTold ? `HIGHESTMODSEQ ${selected.modSeq}` : null;
}

/** RFC 4315 §3. */
function copyCode(
  { uidValidity, uids, from }: ImapPlaced & { readonly from: readonly number[] },
): string | null {
  if (uids.length === 0) return null;
  return `COPYUID ${uidValidity} ${formatSpans(spansOfNumbers(from))} ${
    formatSpans(spansOfNumbers(uids))
  }`;
}

/** RFC 9051 §6.4.3, and RFC 4315 §2.1 where a set is named. */
export function* expunge(
  serving: Serving,
  set: SequenceSet | null,
): Step<ImapBackend, Reply> {
  const selected = writableOf(serving);
  const uids = set === null
    ? null
    : meant(serving, selected, { set, uid: true }).map(([, seen]) => seen.uid);
  yield* ask(() => selected.mailbox.expunge(uids));
  return done("expunged", yield* learnRemovals(serving, selected));
}

/** RFC 8508 §3: one message for another. */
export function* replace(
  serving: Serving,
  command: ReplaceCommand,
): Step<ImapBackend, Reply> {
  const selected = writableOf(serving);
  const [old, ...more] = meant(serving, selected, command) as readonly Numbered[];
  if (more.length > 0) throw malformed("REPLACE is for one message");
  // RFC 9051 §6.4.9: a UID may be that of a message which is gone, and no mistake.
  if (old === undefined) throw refused("there is no such message", "NONEXISTENT");
  const message = yield* assemble(serving, command.message as AppendMessage);
  const placed = yield* ask(() => selected.mailbox.replace(old[1].uid, command.mailbox, message));
  notePlaced(serving, command.mailbox, placed.uids);
  // RFC 8508 §3.3: where the new one is, before the old one goes.
  const code = `APPENDUID ${placed.uidValidity} ${placed.uids[0]}`;
  yield* say(serving, `OK [${code}] the new one is there`);
  return done("replaced", yield* learnRemovals(serving, selected));
}
