/** Which messages a command means, by what the client knows (RFC 9051 §6.4.9 and §9). */
import { malformed } from "./error.ts";
import { largestNamed, type SequenceSet, type Span, spansOf, spansOfNumbers } from "./sequence.ts";
import type { Selected, Serving } from "./serving.ts";
import type { Seen } from "./view.ts";

export type Numbered = readonly [number: number, seen: Seen];

/**
 * The messages of a set, in the order of the mailbox; those that are gone and not told yet are
 * among them.
 * @throws {ImapError} for a number that the client cannot know
 */
export function meant(
  serving: Pick<Serving, "saved">,
  { view }: Pick<Selected, "view">,
  { set, uid }: { readonly set: SequenceSet; readonly uid: boolean },
): readonly Numbered[] {
  // RFC 5182 §2.1: the saved result is a set of messages, whichever numbers they have.
  if (set === "$") return [...view.ofUids(spansOfNumbers(serving.saved))];
  if (uid) return [...view.ofUids(spansOf(set, view.largestUid))];
  checkNumbers(set, view.count);
  return [...view.ofNumbers(spansOf(set, view.count))];
}

/** RFC 9394 §3.1: those from one place to another, counted from the end where negative. */
export function partOf<T>(
  found: readonly T[],
  partial: { readonly from: number; readonly to: number } | null,
): readonly T[] {
  if (partial === null) return found;
  const { from, to } = partial;
  if (from > 0) return found.slice(from - 1, to);
  return found.slice(Math.max(0, found.length + to), Math.max(0, found.length + from + 1));
}

/**
 * The spans of a set, for searching. There a number beyond the mailbox finds nothing: programs ask
 * for `1:*` without knowing whether there is anything.
 */
export function spansMeant(
  serving: Pick<Serving, "saved">,
  { view }: Pick<Selected, "view">,
  { set, uid }: { readonly set: SequenceSet; readonly uid: boolean },
): readonly Span[] {
  if (set !== "$") return spansOf(set, uid ? view.largestUid : view.count);
  if (uid) return spansOfNumbers(serving.saved);
  const found = [...view.ofUids(spansOfNumbers(serving.saved))];
  return spansOfNumbers(found.map(([number]) => number));
}

/** RFC 9051 §9 `seq-number`: BAD for a number beyond the mailbox, and for `*` in an empty one. */
function checkNumbers(set: Exclude<SequenceSet, "$">, count: number): void {
  const star = set.some(({ from, to }) => from === "*" || to === "*");
  if (largestNamed(set) > count || (star && count === 0)) {
    throw malformed("there is no message with that number");
  }
}
