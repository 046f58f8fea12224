/** SEARCH and how results are said (RFC 9051 §6.4.4 and §7.3.4, RFC 5182, RFC 7162, RFC 9394). */
import type { Step } from "../wire/session.ts";
import type { ImapBackend } from "./backend.ts";
import { checkTag, keepUpdated } from "./context.ts";
import { ImapError, malformed } from "./error.ts";
import { asksForModSeq, find } from "./find.ts";
import { partOf } from "./messages.ts";
import type { Candidate } from "./search.ts";
import type { SearchCommand, SearchKey, SearchReturn } from "./search_command.ts";
import { formatSpans, spansOfNumbers } from "./sequence.ts";
import { done, type Reply, say, type Serving } from "./serving.ts";
import type { Seen } from "./view.ts";

/** RFC 9051 §6.4.4. */
export function* search(
  serving: Serving,
  tag: string,
  command: SearchCommand,
): Step<ImapBackend, Reply> {
  if (command.hasCharset && serving.enabled.has("UTF8=ACCEPT")) {
    throw malformed("with UTF8=ACCEPT a search has no charset"); // RFC 6855 §3
  }
  const update = command.back?.update ?? null;
  if (update !== null) checkTag(serving, tag);
  const found = yield* findAndSave(serving, command);
  // RFC 9051 §6.4.4: in IMAP4rev2 the answer is ESEARCH, whatever was asked for.
  const back = command.back ?? (serving.enabled.has("IMAP4REV2") ? RETURN_ALL : null);
  yield* tellFound(serving, found, { ...command, back, tag, word: "SEARCH", sorted: false });
  if (update !== null) yield* keepUpdated(serving, tag, { ...command, items: update }, found);
  return done("that is all");
}

const RETURN_ALL: SearchReturn = {
  items: new Set(["ALL"]),
  save: false,
  update: null,
  partial: null,
};

/** What a command looks for, and what becomes of it. */
interface Wanted {
  readonly keys: SearchKey;
  readonly back: SearchReturn | null;
}

/** Finds, puts in order, and keeps the result for `$` where that is wanted (RFC 5182 §2.1). */
export function* findAndSave(
  serving: Serving,
  { keys, back }: Wanted,
  order:
    | ((found: readonly Candidate<Seen>[]) => Step<ImapBackend, readonly Candidate<Seen>[]>)
    | null = null,
): Step<ImapBackend, readonly Candidate<Seen>[]> {
  try {
    const inMailboxOrder = yield* find(serving, keys);
    const found = order === null ? inMailboxOrder : yield* order(inMailboxOrder);
    if (back?.save) serving.saved = uidsOf(returned(found, back)).toSorted((a, b) => a - b);
    return found;
  } catch (error) {
    // RFC 5182 §2.1: after a NO there is nothing in `$`, and after a BAD what there was.
    const isBad = error instanceof ImapError && error.condition === "BAD";
    if (back?.save && !isBad) serving.saved = [];
    throw error;
  }
}

/** Says what was found: ESEARCH where options were given, else the list of RFC 3501. */
export function* tellFound(
  serving: Serving,
  found: readonly Candidate<Seen>[],
  { tag, uid, back, keys, word, sorted }: Wanted & {
    readonly tag: string;
    readonly uid: boolean;
    readonly word: "SEARCH" | "SORT";
    /** Whether the order means something, so that it has to be kept. */
    readonly sorted: boolean;
  },
): Step<ImapBackend, void> {
  const idOf = ({ number, message }: Candidate<Seen>) => uid ? message.uid : number;
  const counted = asksForModSeq(keys);
  if (back === null) {
    const modSeq = counted && found.length > 0 ? ` (MODSEQ ${highest(found)})` : "";
    yield* say(serving, [word, ...found.map(idOf)].join(" ") + modSeq);
    return;
  }
  const items = resultItems(found.map(idOf), back, sorted);
  const told = returned(found, back);
  if (counted && told.length > 0) items.push(`MODSEQ ${highest(told)}`);
  // RFC 5182 §2.1: SAVE alone is answered with nothing.
  if (back.items.size === 0 && back.partial === null && back.update === null) return;
  yield* say(serving, [`ESEARCH (TAG "${tag}")`, ...uid ? ["UID"] : [], ...items].join(" "));
}

/** RFC 9051 §7.3.4: what is not there is left out, but a count is always there. */
function resultItems(ids: readonly number[], back: SearchReturn, sorted: boolean): string[] {
  const { items, partial } = back;
  const said = (some: readonly number[]) =>
    sorted ? some.join(",") : formatSpans(spansOfNumbers(some));
  const result: string[] = [];
  if (items.has("MIN") && ids.length > 0) result.push(`MIN ${ids[0]}`);
  if (items.has("MAX") && ids.length > 0) result.push(`MAX ${ids.at(-1)}`);
  if (items.has("COUNT")) result.push(`COUNT ${ids.length}`);
  if (items.has("ALL") && ids.length > 0) result.push(`ALL ${said(ids)}`);
  if (partial !== null) {
    const part = partOf(ids, partial);
    // RFC 9394 §3.1: NIL says that there is nothing in that range.
    const text = part.length === 0 ? "NIL" : said(part);
    result.push(`PARTIAL (${partial.from}:${partial.to} ${text})`);
  }
  return result;
}

/**
 * The messages that the answer is about: RFC 9051 §6.4.4.2 table 4 and RFC 9394 §3.2 table 1 say so
 * for `$`, RFC 7162 §3.1.10 and RFC 9394 §3.4 for MODSEQ.
 */
function returned(
  found: readonly Candidate<Seen>[],
  back: SearchReturn,
): readonly Candidate<Seen>[] {
  const { items, partial } = back;
  const isWhole = items.has("ALL") || items.has("COUNT") || (items.size === 0 && partial === null);
  if (isWhole) return found;
  const part = new Set(partial === null ? [] : partOf(found, partial));
  if (items.has("MIN") && found.length > 0) part.add(found[0]!);
  if (items.has("MAX") && found.length > 0) part.add(found.at(-1)!);
  return [...part];
}

function uidsOf(found: readonly Candidate<Seen>[]): readonly number[] {
  return found.map(({ message }) => message.uid);
}

function highest(found: readonly Candidate<Seen>[]): number {
  return found.reduce((most, { message }) => Math.max(most, message.modSeq), 0);
}
