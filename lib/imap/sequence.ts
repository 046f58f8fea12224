/**
 * Sets of numbers (RFC 9051 §9 `sequence-set`): message sequence numbers or UIDs, kept as ranges,
 * so that `1:4294967295` costs no more than `1`.
 */
import { malformed } from "./error.ts";

/** Both ends belong to it. `"*"` stands for the largest number in use, whichever that is then. */
export interface Range {
  readonly from: number | "*";
  readonly to: number | "*";
}

/** As it was said; `"$"` is the result of the last search that was saved (RFC 5182 §2.1). */
export type SequenceSet = readonly Range[] | "$";

/** A range of numbers that are known. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Ranges in one set: `1,3,5,…` of a mailbox with 100 000 messages is an honest request. */
export const SEQUENCE_RANGES_MAX = 100_000;

/** RFC 9051 §9 `nz-number`: 32 bits. */
const NUMBER_MAX = 4_294_967_295;

/**
 * Reads a sequence set.
 * @throws {ImapError} for anything else, and for more than {@linkcode SEQUENCE_RANGES_MAX} ranges.
 */
export function parseSequenceSet(text: string): SequenceSet {
  if (text === "$") return "$";
  const parts = text.split(",", SEQUENCE_RANGES_MAX + 1);
  if (parts.length > SEQUENCE_RANGES_MAX) throw malformed("too many ranges");
  return parts.map(parseRange);
}

/**
 * The spans of a set, rising and apart from each other; `largest` is what `*` means. RFC 9051 §9:
 * the ends of a range may come in either order, and `*` may be less than the other end.
 */
export function spansOf(set: readonly Range[], largest: number): readonly Span[] {
  const spans = set.map(({ from, to }): Span => {
    const a = from === "*" ? largest : from;
    const b = to === "*" ? largest : to;
    return { from: Math.min(a, b), to: Math.max(a, b) };
  });
  return joined(spans);
}

/** The largest number that is named itself, beside `*`; 0 where there is none. */
export function largestNamed(set: readonly Range[]): number {
  return set.reduce((largest, { from, to }) => {
    return Math.max(largest, from === "*" ? 0 : from, to === "*" ? 0 : to);
  }, 0);
}

/** Whether `number` lies in one of the spans, which rise. */
export function isIn(spans: readonly Span[], number: number): boolean {
  let low = 0;
  let high = spans.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { from, to } = spans[middle]!;
    if (number < from) high = middle - 1;
    else if (number > to) low = middle + 1;
    else return true;
  }
  return false;
}

/** The spans of single numbers in any order. */
export function spansOfNumbers(numbers: readonly number[]): readonly Span[] {
  return joined(numbers.map((number) => ({ from: number, to: number })));
}

/** As a server says a set: `1:3,7`. RFC 9051 §9 has no form for an empty one. */
export function formatSpans(spans: readonly Span[]): string {
  return spans.map(({ from, to }) => from === to ? `${from}` : `${from}:${to}`).join(",");
}

/** How many numbers there are in the spans. */
export function countOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

function parseRange(text: string): Range {
  const [first, second, third] = text.split(":");
  if (third !== undefined) throw malformed("that is not a set of numbers");
  const from = parseEnd(first!);
  return { from, to: second === undefined ? from : parseEnd(second) };
}

function parseEnd(text: string): number | "*" {
  if (text === "*") return "*";
  // RFC 9051 §9 `nz-number`: no zero in front, and none for itself.
  if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > NUMBER_MAX) {
    throw malformed("that is not a set of numbers");
  }
  return Number(text);
}

/** Sorted, those that overlap or touch made into one. */
function joined(spans: readonly Span[]): readonly Span[] {
  const rising = spans.toSorted((a, b) => a.from - b.from);
  const result: Span[] = [];
  for (const span of rising) {
    const last = result.at(-1);
    if (last === undefined || span.from > last.to + 1) result.push(span);
    else if (span.to > last.to) result[result.length - 1] = { from: last.from, to: span.to };
  }
  return result;
}
