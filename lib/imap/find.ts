/** Finding messages for SEARCH, SORT and THREAD: the cheap keys first, the content where needed. */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { dissect } from "./dissect.ts";
import { factsOf, inPieces } from "./facts.ts";
import { meant, type Numbered, spansMeant } from "./messages.ts";
import { type Candidate, matches, type SearchSetting } from "./search.ts";
import { searchContentOf } from "./search_content.ts";
import type { SearchKey } from "./search_command.ts";
import type { Span } from "./sequence.ts";
import { countsChanges, type Selected, selectedOf, type Serving } from "./serving.ts";

/** Those that are meant, in the order of the mailbox. */
export function* find(serving: Serving, keys: SearchKey): Step<ImapBackend, readonly Candidate[]> {
  const selected = selectedOf(serving);
  // RFC 7162 §3.1: whoever asks for it counts in mod-sequences from then on.
  if (!countsChanges(serving) && asksForModSeq(keys)) serving.enabled.add("CONDSTORE");
  const setting = settingOf(serving, selected);
  const found: Candidate[] = [];
  for (const piece of inPieces(narrowed(serving, selected, keys))) {
    const facts = yield* factsOf(selected, piece.map(([, { uid }]) => uid));
    for (const [number, { uid }] of piece) {
      const message = facts.get(uid);
      if (message === undefined) continue;
      const candidate = { number, message };
      if (yield* isFound(selected, keys, candidate, setting)) found.push(candidate);
    }
  }
  return found;
}

/** Whether MODSEQ is among the keys: then the answer has the highest one (RFC 7162 §3.1.5). */
export function asksForModSeq(key: SearchKey): boolean {
  return hasKey(key, (name) => name === "MODSEQ");
}

/** Whether the header is not enough. */
function isAboutText(key: SearchKey): boolean {
  return hasKey(key, (name) => name === "BODY" || name === "TEXT");
}

function hasKey(key: SearchKey, isWanted: (name: SearchKey["key"]) => boolean): boolean {
  switch (key.key) {
    case "AND":
      return key.keys.some((each) => hasKey(each, isWanted));
    case "OR":
      return hasKey(key.either, isWanted) || hasKey(key.or, isWanted);
    case "NOT":
      return hasKey(key.not, isWanted);
    default:
      return isWanted(key.key);
  }
}

function* isFound(
  selected: Selected,
  keys: SearchKey,
  candidate: Candidate,
  setting: SearchSetting,
): Step<ImapBackend, boolean> {
  const answer = matches(keys, candidate, setting, null);
  if (answer !== null) return answer;
  const message = yield* dissect(
    selected,
    candidate.message.uid,
    isAboutText(keys) ? "all" : "header",
  );
  if (message === null) return false; // it went while we looked
  return matches(keys, candidate, setting, searchContentOf(message)) === true;
}

/** Those that one of the keys names by number or UID, where there is such a key. */
function narrowed(serving: Serving, selected: Selected, keys: SearchKey): readonly Numbered[] {
  const { view } = selected;
  const all = keys.key === "AND" ? keys.keys : [keys];
  const set = all.find((each) => each.key === "SEQUENCE" || each.key === "UID");
  if (set === undefined) return [...view.ofNumbers([{ from: 1, to: view.count }])];
  const { key, set: numbers } = set as SetKey;
  return meant(serving, selected, { set: numbers, uid: key === "UID" });
}

type SetKey = SearchKey & { readonly key: "SEQUENCE" | "UID" };

function settingOf(serving: Serving, selected: Selected): SearchSetting {
  const known = new Map<SearchKey, readonly Span[]>();
  return {
    now: serving.conversation.now(),
    numbers: (key) => {
      const spans = known.get(key) ??
        spansMeant(serving, selected, { set: key.set, uid: key.key === "UID" });
      known.set(key, spans);
      return spans;
    },
    isRecent: (uid) => uid >= selected.recentFrom,
  };
}
