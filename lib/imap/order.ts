/** SORT and THREAD (RFC 5256, RFC 5957, RFC 5267 §3): what was found, in another order. */
import { parseHeader } from "../mail/header.ts";
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { dissect } from "./dissect.ts";
import { find, withFacts } from "./find.ts";
import type { Candidate } from "./search.ts";
import { findAndSave, tellFound } from "./search_answer.ts";
import type { SortCommand, SortKey, ThreadCommand } from "./search_command.ts";
import { done, type Reply, say, selectedOf, type Serving } from "./serving.ts";
import { sorted } from "./sort.ts";
import { type Summary, summaryOf } from "./summary.ts";
import { byReferences, bySubject, formatThreads } from "./thread.ts";

/** RFC 5256 §3 BASE.6.4.SORT. */
export function* sort(
  serving: Serving,
  tag: string,
  command: SortCommand,
): Step<ImapBackend, Reply> {
  const found = yield* findAndSave(
    serving,
    command,
    function* (found) {
      return yield* inOrder(serving, yield* withFacts(selectedOf(serving), found), command.by);
    },
  );
  yield* tellFound(serving, found, { ...command, tag, word: "SORT", sorted: true });
  return done("that is all");
}

/** RFC 5256 §3 BASE.6.4.THREAD. */
export function* thread(
  serving: Serving,
  { uid, algorithm, keys }: ThreadCommand,
): Step<ImapBackend, Reply> {
  const found = yield* withFacts(selectedOf(serving), yield* find(serving, keys));
  const summaries: Summary[] = [];
  for (const each of found) summaries.push(yield* readSummary(serving, each));
  const threads = algorithm === "REFERENCES" ? byReferences(summaries) : bySubject(summaries);
  const uids = new Map(found.map(({ number, message }) => [number, message.uid]));
  const text = formatThreads(threads, (number) => uid ? uids.get(number)! : number);
  yield* say(serving, text === "" ? "THREAD" : `THREAD ${text}`);
  return done("that is all");
}

/** Sorting by what the store knows needs no look into the messages. */
const CHEAP_KEYS: ReadonlySet<SortKey> = new Set<SortKey>(["ARRIVAL", "SIZE"]);

function* inOrder(
  serving: Serving,
  found: readonly Candidate[],
  by: SortCommand["by"],
): Step<ImapBackend, readonly Candidate[]> {
  const isCheap = by.every(({ key }) => CHEAP_KEYS.has(key));
  const summaries: Summary[] = [];
  for (const each of found) {
    summaries.push(isCheap ? summaryOf(each, NO_HEADER) : yield* readSummary(serving, each));
  }
  const candidates = new Map(found.map((each) => [each.number, each]));
  return sorted(summaries, by).map(({ number }) => candidates.get(number)!);
}

/** A message that went meanwhile is one without a header: its number is still known. */
function* readSummary(serving: Serving, candidate: Candidate): Step<ImapBackend, Summary> {
  const message = yield* dissect(selectedOf(serving).mailbox, candidate.message.uid, "header");
  if (message === null) return summaryOf(candidate, NO_HEADER);
  const { bytes, root } = message;
  return summaryOf(candidate, parseHeader(bytes.subarray(root.start, root.bodyStart)));
}

const NO_HEADER = parseHeader(new Uint8Array(0));
