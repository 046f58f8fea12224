/**
 * Contexts (RFC 5267 §4): searches whose results a client holds, and hears of as they change. It
 * hears with the news of the mailbox, and in its terms: a message leaves before its number does,
 * and joins behind it.
 */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { malformed } from "./error.ts";
import { findAmong, hasKey } from "./find.ts";
import { spansMeant } from "./messages.ts";
import type { Candidate } from "./search.ts";
import type { SearchKey } from "./search_command.ts";
import { formatSpans, spansOfNumbers } from "./sequence.ts";
import {
  type Context,
  done,
  type Reply,
  say,
  type Selected,
  selectedOf,
  type Serving,
} from "./serving.ts";
import type { Seen, View } from "./view.ts";

/** Each is a look at every message that comes or changes; a client shows a few views at once. */
export const CONTEXTS_MAX = 10;

/** RFC 5267 §4.3: a tag stands for one result. @throws {ImapError} */
export function checkTag(serving: Serving, tag: string): void {
  if (selectedOf(serving).contexts.has(tag)) throw malformed("that tag is in use");
}

/** From here on, changes to what was found are told; or it is said that they are not. */
export function* keepUpdated(
  serving: Serving,
  tag: string,
  { uid, keys, items }: Omit<Context, "members">,
  found: readonly Candidate<Seen>[],
): Step<ImapBackend, void> {
  const { contexts } = selectedOf(serving);
  const why = contexts.size === CONTEXTS_MAX
    ? "there are too many already"
    : hasKey(keys, isAboutTime)
    ? "what only time changes is not watched"
    : null;
  if (why !== null) {
    // RFC 5267 §4.3.1: the search itself is answered nevertheless.
    yield* say(serving, `NO [NOUPDATE "${tag}"] ${why}`);
    return;
  }
  const members = new Set(found.map(({ message }) => message.uid));
  contexts.set(tag, { uid, keys: settled(serving, keys), items, members });
}

/** RFC 5267 §4.3.5. */
export function cancelUpdate(serving: Serving, tags: readonly string[]): Reply {
  const { contexts } = selectedOf(serving);
  if (!tags.every((tag) => contexts.has(tag))) throw malformed("there is no such search");
  for (const tag of tags) contexts.delete(tag);
  return done("no further updates");
}

/** RFC 5267 §4.3.4: what is expunged leaves while its number still means it. */
export function* tellLeavers(serving: Serving, selected: Selected): Step<ImapBackend, void> {
  const { contexts, view } = selected;
  for (const [tag, context] of contexts) {
    const gone = [...context.members].filter((uid) => view.isGone(uid));
    yield* tellUpdate(serving, view, { tag, context, what: "REMOVEFROM", uids: gone });
    for (const uid of gone) context.members.delete(uid);
  }
}

/** RFC 5267 §4.3.3: behind EXISTS and FETCH, which say what the new numbers and flags are. */
export function* tellContexts(serving: Serving, selected: Selected): Step<ImapBackend, void> {
  const { contexts, view, contextsModSeq, modSeq } = selected;
  if (contexts.size > 0) {
    const changed = [...view.ofNumbers([{ from: 1, to: view.count }])]
      .filter(([, seen]) => seen.modSeq > contextsModSeq && !view.isGone(seen.uid));
    for (const [tag, context] of contexts) {
      const { members, keys } = context;
      const found = yield* findAmong(serving, keys, changed);
      const now = new Set(found.map(({ message }) => message.uid));
      const uids = changed.map(([, { uid }]) => uid);
      const left = uids.filter((uid) => members.has(uid) && !now.has(uid));
      const joined = uids.filter((uid) => !members.has(uid) && now.has(uid));
      yield* tellUpdate(serving, view, { tag, context, what: "REMOVEFROM", uids: left });
      yield* tellUpdate(serving, view, { tag, context, what: "ADDTO", uids: joined });
      for (const uid of left) members.delete(uid);
      for (const uid of joined) members.add(uid);
    }
  }
  selected.contextsModSeq = modSeq;
}

/** RFC 5267 §4.3.3: position 0 leaves the order to the client, which is that of the mailbox. */
function* tellUpdate(
  serving: Serving,
  view: View,
  { tag, context, what, uids }: {
    readonly tag: string;
    readonly context: Context;
    readonly what: "ADDTO" | "REMOVEFROM";
    readonly uids: readonly number[];
  },
): Step<ImapBackend, void> {
  if (uids.length === 0) return;
  const ids = context.uid ? uids : uids.map((uid) => view.numberOf(uid)!);
  const set = formatSpans(spansOfNumbers(ids.toSorted((a, b) => a - b)));
  const by = context.uid ? " UID" : "";
  yield* say(serving, `ESEARCH (TAG "${tag}")${by} ${what} (0 ${set})`);
}

/** RFC 5032 §3: these match, or do not, as time passes. */
function isAboutTime(name: SearchKey["key"]): boolean {
  return name === "YOUNGER" || name === "OLDER";
}

/**
 * RFC 5267 §4.3: numbers stand for the messages that had them when the search was made, and so does
 * a result that was saved.
 */
function settled(serving: Serving, key: SearchKey): SearchKey {
  switch (key.key) {
    case "AND":
      return { key: "AND", keys: key.keys.map((each) => settled(serving, each)) };
    case "OR":
      return { key: "OR", either: settled(serving, key.either), or: settled(serving, key.or) };
    case "NOT":
      return { key: "NOT", not: settled(serving, key.not) };
    case "SEQUENCE":
    case "UID": {
      if (key.key === "UID" && key.set !== "$") return key;
      const selected = selectedOf(serving);
      const spans = spansMeant(serving, selected, { set: key.set, uid: key.key === "UID" });
      const uids = key.key === "UID"
        ? spans
        : spansOfNumbers([...selected.view.ofNumbers(spans)].map(([, { uid }]) => uid));
      // No message has the UID 0: an empty set is still a set.
      return { key: "UID", set: uids.length === 0 ? [{ from: 0, to: 0 }] : uids };
    }
    default:
      return key;
  }
}
