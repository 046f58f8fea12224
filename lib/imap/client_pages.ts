/** Many messages in commands that are not too long. */
import { formatSpans, spansOfNumbers } from "./sequence.ts";

/** Messages in one command; their uids, 11 characters each, fit its line (RFC 7162 §4). */
export const COMMAND_MESSAGES_MAX = 500;

/** The sets to name these messages by, one for each command. */
export function pagesOf(uids: readonly number[]): readonly string[] {
  const rising = uids.toSorted((a, b) => a - b);
  const pages: string[] = [];
  for (let at = 0; at < rising.length; at += COMMAND_MESSAGES_MAX) {
    pages.push(formatSpans(spansOfNumbers(rising.slice(at, at + COMMAND_MESSAGES_MAX))));
  }
  return pages;
}
