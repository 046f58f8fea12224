/** Finding messages for SEARCH, SORT and THREAD: the cheap keys first, the content where needed. */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { dissect } from "./dissect.ts";
import { factsOf, inPieces } from "./facts.ts";
import { type Numbered, spansMeant } from "./messages.ts";
import { rulingOut } from "./ruling_out.ts";
import { type Candidate, matches, type SearchSetting } from "./search.ts";
import { searchContentOf } from "./search_content.ts";
import { countChanges } from "./news.ts";
import type { SearchKey } from "./search_command.ts";
import { isIn, type Span } from "./sequence.ts";
import { type Selected, selectedOf, type Serving } from "./serving.ts";
import type { Seen } from "./view.ts";

/** Those that are meant, in the order of the mailbox. The view has learned what is true now. */
export function* find(
  serving: Serving,
  keys: SearchKey,
): Step<ImapBackend, readonly Candidate<Seen>[]> {
  const selected = selectedOf(serving);
  if (asksForModSeq(keys)) yield* countChanges(serving);
  return yield* findAmong(serving, keys, narrowed(serving, selected, keys));
}

/** Those of these that are meant, by what the view knows of them. */
export function* findAmong(
  serving: Serving,
  keys: SearchKey,
  candidates: readonly Numbered[],
): Step<ImapBackend, readonly Candidate<Seen>[]> {
  const selected = selectedOf(serving);
  const isRuledOut = yield* rulingOut(selected, keys, candidates.length);
  const setting = { ...settingOf(serving, selected), isRuledOut };
  const found: Candidate<Seen>[] = [];
  for (const piece of inPieces(candidates)) {
    found.push(...yield* foundIn(piece, selected, keys, setting));
  }
  return found;
}

/** The same messages with all that the store knows of them; those that went meanwhile left out. */
export function* withFacts(
  selected: Selected,
  found: readonly Candidate<Seen>[],
): Step<ImapBackend, readonly Candidate[]> {
  const whole: Candidate[] = [];
  for (const piece of inPieces(found)) {
    const facts = yield* factsOf(selected, piece.map(({ message }) => message.uid));
    for (const { number, message: { uid } } of piece) {
      const message = facts.get(uid);
      if (message !== undefined) whole.push({ number, message });
    }
  }
  return whole;
}

/** Whether MODSEQ is among the keys: then the answer has the highest one (RFC 7162 §3.1.5). */
export function asksForModSeq(key: SearchKey): boolean {
  return hasKey(key, (name) => name === "MODSEQ");
}

/** Whether the header is not enough. */
function isAboutText(key: SearchKey): boolean {
  return hasKey(key, (name) => name === "BODY" || name === "TEXT");
}

/** Whether a key of such a name is anywhere among them. */
export function hasKey(key: SearchKey, isWanted: (name: SearchKey["key"]) => boolean): boolean {
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

/** By what the view knows; where that is not enough by what the store knows, or by the content. */
function* foundIn(
  piece: readonly Numbered[],
  selected: Selected,
  keys: SearchKey,
  setting: SearchSetting,
): Step<ImapBackend, readonly Candidate<Seen>[]> {
  const judged = piece.filter(([, { uid }]) => !selected.view.isGone(uid))
    .map(([number, message]) => ({ number, message }))
    .map((candidate) => ({ candidate, answer: matches(keys, candidate, setting, null) }));
  const open = judged.filter(({ answer }) => answer === null).map(({ candidate }) => candidate);
  const whole = new Map((yield* withFacts(selected, open)).map((each) => [each.number, each]));
  const found: Candidate<Seen>[] = [];
  for (const { candidate, answer } of judged) {
    const known = whole.get(candidate.number);
    if (answer ?? (known !== undefined && (yield* isFound(selected, keys, known, setting)))) {
      found.push(candidate);
    }
  }
  return found;
}

function* isFound(
  selected: Selected,
  keys: SearchKey,
  candidate: Candidate,
  setting: SearchSetting,
): Step<ImapBackend, boolean> {
  const answer = matches(keys, candidate, setting, null);
  if (answer !== null) return answer;
  const extent = isAboutText(keys) ? "texts" : "header";
  const message = yield* dissect(selected.mailbox, candidate.message.uid, extent);
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
  const spans = spansMeant(serving, selected, { set: numbers, uid: key === "UID" });
  return [...key === "UID" ? view.ofUids(spans) : view.ofNumbers(spans)];
}

type SetKey = SearchKey & { readonly key: "SEQUENCE" | "UID" };

function settingOf(serving: Serving, selected: Selected): Omit<SearchSetting, "isRuledOut"> {
  const known = new Map<SearchKey, readonly Span[]>();
  return {
    now: serving.conversation.now(),
    numbers: (key) => {
      const spans = known.get(key) ??
        spansMeant(serving, selected, { set: key.set, uid: key.key === "UID" });
      known.set(key, spans);
      return spans;
    },
    isRecent: (uid) => isIn(selected.recent, uid),
  };
}
