/** SEARCH, SORT and THREAD as they are said (RFC 9051 §6.4.4, RFC 5256 §3, RFC 9394 §3.1). */
import { decoderOf } from "../mail/charset.ts";
import { decode } from "../wire/bytes.ts";
import { normalFlag, parsePartial } from "./arguments.ts";
import { malformed, refused } from "./error.ts";
import { type FetchItem, parseItems } from "./fetch_command.ts";
import type { Reader } from "./parse.ts";
import type { SequenceSet } from "./sequence.ts";

export type SearchKey =
  | { readonly key: "ALL" }
  | { readonly key: "AND"; readonly keys: readonly SearchKey[] }
  | { readonly key: "OR"; readonly either: SearchKey; readonly or: SearchKey }
  | { readonly key: "NOT"; readonly not: SearchKey }
  | { readonly key: "SEQUENCE" | "UID"; readonly set: SequenceSet }
  /** `flag` in the form of `normalFlag`. */
  | { readonly key: "FLAG"; readonly flag: string; readonly set: boolean }
  /** RFC 3501 §6.4.4 RECENT, OLD and NEW: nothing is recent here but what came in this session. */
  | { readonly key: "RECENT"; readonly set: boolean }
  | { readonly key: "HEADER"; readonly field: string; readonly text: string }
  | { readonly key: "BODY" | "TEXT"; readonly text: string }
  /** By INTERNALDATE, the Date field, or the time of saving (RFC 8514 §4.3); days `YYYY-MM-DD`. */
  | {
    readonly key: "BEFORE" | "ON" | "SINCE";
    readonly of: "received" | "sent" | "saved";
    readonly day: string;
  }
  /** RFC 5032: received within the last so many seconds, or before. */
  | { readonly key: "YOUNGER" | "OLDER"; readonly seconds: number }
  | { readonly key: "LARGER" | "SMALLER"; readonly bytes: number }
  /** RFC 7162 §3.1.5. */
  | { readonly key: "MODSEQ"; readonly least: number }
  /** RFC 8474 §5. */
  | { readonly key: "EMAILID" | "THREADID"; readonly id: string }
  /** RFC 8514 §4.3. */
  | { readonly key: "SAVEDATESUPPORTED" };

/** What a search gives back; RFC 9051 §6.4.4. `null` in place of it: the answer of RFC 3501. */
export interface SearchReturn {
  readonly items: ReadonlySet<"MIN" | "MAX" | "ALL" | "COUNT">;
  readonly save: boolean;
  /**
   * RFC 5267 §4.3: the client wants to hear when the result changes, and of new messages in it
   * these items (RFC 5465 §7); `null`: it does not.
   */
  readonly update: readonly FetchItem[] | null;
  /** RFC 9394 §3.1: from the first or, where negative, from the last; both ends belong to it. */
  readonly partial: { readonly from: number; readonly to: number } | null;
}

export interface SearchCommand {
  readonly verb: "SEARCH";
  readonly uid: boolean;
  readonly back: SearchReturn | null;
  /** Whether a charset was said; the keys are decoded already. */
  readonly hasCharset: boolean;
  readonly keys: SearchKey;
}

export type SortKey =
  | "ARRIVAL"
  | "CC"
  | "DATE"
  | "FROM"
  | "SIZE"
  | "SUBJECT"
  | "TO"
  | "DISPLAYFROM"
  | "DISPLAYTO";

export interface SortCommand {
  readonly verb: "SORT";
  readonly uid: boolean;
  readonly back: SearchReturn | null;
  readonly by: readonly { readonly key: SortKey; readonly reverse: boolean }[];
  readonly keys: SearchKey;
}

export interface ThreadCommand {
  readonly verb: "THREAD";
  readonly uid: boolean;
  readonly algorithm: "ORDEREDSUBJECT" | "REFERENCES";
  readonly keys: SearchKey;
}

/** Keys in one search: each costs a look at every message. */
export const SEARCH_KEYS_MAX = 500;
/** Names in ESEARCH options and sort criteria: there are not more. */
const OPTIONS_MAX = 20;

const SORT_KEYS: ReadonlySet<string> = new Set<SortKey>([
  "ARRIVAL",
  "CC",
  "DATE",
  "FROM",
  "SIZE",
  "SUBJECT",
  "TO",
  "DISPLAYFROM",
  "DISPLAYTO",
]);

/** Behind `SEARCH`. */
export function parseSearch(reader: Reader, uid: boolean): SearchCommand {
  reader.space();
  const back = parseReturn(reader, { contexts: true });
  let charset: TextDecoder | null = null;
  if (reader.skipWord("CHARSET")) {
    reader.space();
    charset = parseCharset(reader);
    reader.space();
  }
  const hasCharset = charset !== null;
  return { verb: "SEARCH", uid, back, hasCharset, keys: parseKeys(reader, charset) };
}

/** Behind `SORT`: RFC 5256 §3, with the options of RFC 5267 §3 that RFC 4731 has. */
export function parseSort(reader: Reader, uid: boolean): SortCommand {
  reader.space();
  const back = parseReturn(reader, { contexts: false });
  const by = reader.list(() => {
    const reverse = reader.skipWord("REVERSE");
    if (reverse) reader.space();
    const key = reader.keyword();
    if (!SORT_KEYS.has(key)) throw malformed("that is no key to sort by");
    return { key: key as SortKey, reverse };
  }, { least: 1, most: OPTIONS_MAX });
  reader.space();
  const charset = parseCharset(reader);
  reader.space();
  return { verb: "SORT", uid, back, by, keys: parseKeys(reader, charset) };
}

/** Behind `THREAD`: RFC 5256 §3. */
export function parseThread(reader: Reader, uid: boolean): ThreadCommand {
  reader.space();
  const algorithm = reader.keyword();
  if (algorithm !== "ORDEREDSUBJECT" && algorithm !== "REFERENCES") {
    throw malformed("there is no such algorithm here");
  }
  reader.space();
  const charset = parseCharset(reader);
  reader.space();
  return { verb: "THREAD", uid, algorithm, keys: parseKeys(reader, charset) };
}

/** RFC 9051 §6.4.4: a charset that is not known is a NO, and no BAD. */
function parseCharset(reader: Reader): TextDecoder {
  const decoder = decoderOf(decode(reader.astring()));
  if (decoder !== null) return decoder;
  throw refused("that charset is not known here", "BADCHARSET (US-ASCII UTF-8)");
}

/** `contexts`: with the options of RFC 5267 §4. */
function parseReturn(
  reader: Reader,
  { contexts }: { readonly contexts: boolean },
): SearchReturn | null {
  if (!reader.skipWord("RETURN")) return null;
  reader.space();
  const items = new Set<"MIN" | "MAX" | "ALL" | "COUNT">();
  let save = false;
  let update: SearchReturn["update"] = null;
  let partial: SearchReturn["partial"] = null;
  reader.list(() => {
    const name = reader.keyword();
    if (contexts && name === "CONTEXT") return; // RFC 5267 §4.2: a hint, and not needed here
    if (contexts && name === "UPDATE") {
      update = reader.sees(" (") ? parseUpdate(reader) : [];
      return;
    }
    switch (name) {
      case "MIN":
      case "MAX":
      case "ALL":
      case "COUNT":
        items.add(name);
        return;
      case "SAVE":
        save = true;
        return;
      case "PARTIAL":
        reader.space();
        partial = parsePartial(reader);
        return;
      default:
        throw malformed("there is no such option");
    }
  }, { least: 0, most: OPTIONS_MAX });
  reader.space();
  if (partial !== null && items.has("ALL")) {
    throw malformed("PARTIAL and ALL exclude each other"); // RFC 9394 §3.1
  }
  // RFC 9051 §6.4.4: no option means ALL.
  if (items.size === 0 && !save && update === null && partial === null) items.add("ALL");
  return { items, save, update, partial };
}

/** RFC 5465 §8 `modifier-update`: what is told of new messages. */
function parseUpdate(reader: Reader): readonly FetchItem[] {
  reader.space();
  return parseItems(reader);
}

/** One key or several, to the command's end; texts are UTF-8 where no charset is said. */
function parseKeys(reader: Reader, charset: TextDecoder | null): SearchKey {
  const search = { keysLeft: SEARCH_KEYS_MAX, charset };
  const keys = [parseKey(reader, search)];
  while (!reader.atEnd()) {
    reader.space();
    keys.push(parseKey(reader, search));
  }
  return keys.length === 1 ? keys[0]! : { key: "AND", keys };
}

/** A search that is being read. */
interface Search {
  keysLeft: number;
  readonly charset: TextDecoder | null;
}

function parseKey(reader: Reader, search: Search): SearchKey {
  if (search.keysLeft-- === 0) throw malformed("too many keys");
  if (reader.sees("(")) {
    const keys = reader.list(() => parseKey(reader, search), { least: 1, most: SEARCH_KEYS_MAX });
    return { key: "AND", keys };
  }
  const set = reader.sequenceSetOrNull();
  if (set !== null) return { key: "SEQUENCE", set };
  const name = reader.keyword();
  const flag = FLAGS.get(name);
  if (flag !== undefined) return { key: "FLAG", ...flag };
  const field = FIELDS.get(name);
  if (field !== undefined) return { key: "HEADER", field, text: textBehind(reader, search) };
  return parseOther(reader, name, search);
}

function parseOther(reader: Reader, name: string, search: Search): SearchKey {
  switch (name) {
    case "ALL":
      return { key: "ALL" };
    case "NOT":
      reader.space();
      return { key: "NOT", not: reader.nested(() => parseKey(reader, search)) };
    case "OR": {
      reader.space();
      const either = reader.nested(() => parseKey(reader, search));
      reader.space();
      return { key: "OR", either, or: reader.nested(() => parseKey(reader, search)) };
    }
    case "UID":
      reader.space();
      return { key: "UID", set: reader.sequenceSet() };
    case "RECENT":
      return { key: "RECENT", set: true };
    case "OLD":
      return { key: "RECENT", set: false };
    case "NEW": // RFC 3501 §6.4.4: RECENT UNSEEN
      return {
        key: "AND",
        keys: [{ key: "RECENT", set: true }, { key: "FLAG", flag: "\\Seen", set: false }],
      };
    case "KEYWORD":
    case "UNKEYWORD":
      reader.space();
      return { key: "FLAG", flag: normalFlag(reader.flag()), set: name === "KEYWORD" };
    case "HEADER": {
      reader.space();
      const field = reader.text();
      return { key: "HEADER", field, text: textBehind(reader, search) };
    }
    case "BODY":
    case "TEXT":
      return { key: name, text: textBehind(reader, search) };
    case "LARGER":
    case "SMALLER":
      reader.space();
      return { key: name, bytes: reader.number64() };
    case "YOUNGER":
    case "OLDER":
      reader.space();
      return { key: name, seconds: reader.nzNumber() };
    case "MODSEQ":
      return parseModSeq(reader);
    case "EMAILID":
    case "THREADID":
      reader.space();
      return { key: name, id: reader.atom() };
    case "SAVEDATESUPPORTED":
      return { key: name };
    default:
      return parseDateKey(reader, name);
  }
}

function parseDateKey(reader: Reader, name: string): SearchKey {
  const found = /^(SENT|SAVED)?(BEFORE|ON|SINCE)$/.exec(name);
  if (found === null) throw malformed("there is no such key");
  const of = found[1] === undefined ? "received" : found[1] === "SENT" ? "sent" : "saved";
  reader.space();
  return { key: found[2] as "BEFORE" | "ON" | "SINCE", of, day: reader.date() };
}

/** RFC 7162 §3.1.5: the name and type of a metadata item narrow nothing here. */
function parseModSeq(reader: Reader): SearchKey {
  reader.space();
  if (reader.sees('"')) {
    reader.string();
    reader.space();
    if (!["PRIV", "SHARED", "ALL"].includes(reader.keyword())) {
      throw malformed("the type is priv, shared or all");
    }
    reader.space();
  }
  return { key: "MODSEQ", least: reader.number64() };
}

function textBehind(reader: Reader, { charset }: Search): string {
  reader.space();
  // Without the decoder's leniency: what is not UTF-8 was not said to be anything else.
  if (charset === null || charset.encoding === "utf-8") return reader.text();
  return charset.decode(reader.astring());
}

interface FlagKey {
  readonly flag: string;
  readonly set: boolean;
}

const FLAGS: ReadonlyMap<string, FlagKey> = new Map(
  ["Answered", "Deleted", "Draft", "Flagged", "Seen"].flatMap((
    name,
  ): readonly (readonly [string, FlagKey])[] => [
    [name.toUpperCase(), { flag: `\\${name}`, set: true }],
    [`UN${name.toUpperCase()}`, { flag: `\\${name}`, set: false }],
  ]),
);

/** RFC 9051 §6.4.4: the fields that have keys of their own. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ["BCC", "Bcc"],
  ["CC", "Cc"],
  ["FROM", "From"],
  ["SUBJECT", "Subject"],
  ["TO", "To"],
]);
