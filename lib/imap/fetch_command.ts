/** FETCH, STORE, COPY and MOVE as they are said (RFC 9051 §6.4.5 to §6.4.8, RFC 7162, RFC 3516). */
import { normalFlag, parsePartial } from "./arguments.ts";
import { malformed } from "./error.ts";
import type { Reader } from "./parse.ts";
import type { SequenceSet } from "./sequence.ts";

/** Which bytes of a message: `1.2`, then what of that part. */
export interface Section {
  /** Numbers of parts within parts; empty is the message itself. */
  readonly part: readonly number[];
  readonly of:
    | { readonly kind: "all" | "HEADER" | "TEXT" | "MIME" }
    | { readonly kind: "fields"; readonly not: boolean; readonly names: readonly string[] };
}

/** RFC 9051 §6.4.5: where to begin, and how many bytes at most. */
export interface Partial {
  readonly from: number;
  readonly bytes: number;
}

export type FetchItem =
  | {
    readonly item:
      | "BODY"
      | "BODYSTRUCTURE"
      | "ENVELOPE"
      | "FLAGS"
      | "INTERNALDATE"
      | "MODSEQ"
      | "RFC822.SIZE"
      | "UID"
      | "EMAILID"
      | "THREADID"
      | "SAVEDATE";
  }
  /** RFC 8970 §3.1; a lazy one may be left out. */
  | { readonly item: "PREVIEW"; readonly lazy: boolean }
  /** RFC 3501 §6.4.5: older names for sections, which the answer keeps. */
  | { readonly item: "RFC822" | "RFC822.HEADER" | "RFC822.TEXT" }
  | {
    readonly item: "BODY[]";
    readonly peek: boolean;
    readonly section: Section;
    readonly partial: Partial | null;
  }
  | {
    readonly item: "BINARY[]";
    readonly peek: boolean;
    readonly part: readonly number[];
    readonly partial: Partial | null;
  }
  | { readonly item: "BINARY.SIZE"; readonly part: readonly number[] };

export interface FetchCommand {
  readonly verb: "FETCH";
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly items: readonly FetchItem[];
  /** RFC 7162 §3.1.4.1; `null`: whatever changed. */
  readonly changedSince: number | null;
  /** RFC 7162 §3.2.6: those that were expunged are to be told. */
  readonly vanished: boolean;
  /** RFC 9394 §3.3. */
  readonly partial: { readonly from: number; readonly to: number } | null;
}

export interface StoreCommand {
  readonly verb: "STORE";
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly change: "set" | "add" | "remove";
  readonly silent: boolean;
  readonly flags: readonly string[];
  /** RFC 7162 §3.1.3. */
  readonly unchangedSince: number | null;
}

export interface CopyCommand {
  readonly verb: "COPY" | "MOVE";
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly mailbox: string;
}

/** Items in one FETCH, fields in one section, flags in one command: more than any client asks. */
export const FETCH_ITEMS_MAX = 100;
export const SECTION_FIELDS_MAX = 200;
export const FLAGS_NAMED_MAX = 100;
/** RFC 9051 §6.4.5: parts within parts. */
export const SECTION_DEPTH_MAX = 100;

const ENVELOPE_AND_FLAGS = [
  { item: "FLAGS" },
  { item: "INTERNALDATE" },
  { item: "RFC822.SIZE" },
] as const;

/** Behind `FETCH`. */
export function parseFetch(reader: Reader, uid: boolean): FetchCommand {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  const items = parseItems(reader);
  const modifiers = parseModifiers(reader);
  if (modifiers.vanished && (!uid || modifiers.changedSince === null)) {
    throw malformed("VANISHED goes with UID FETCH and CHANGEDSINCE"); // RFC 7162 §3.2.6
  }
  return { verb: "FETCH", uid, set, items, ...modifiers };
}

/** Behind `STORE`. */
export function parseStore(reader: Reader, uid: boolean): StoreCommand {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  let unchangedSince: number | null = null;
  if (reader.sees("(")) {
    reader.list(() => {
      if (reader.keyword() !== "UNCHANGEDSINCE") throw malformed("there is no such modifier");
      reader.space();
      unchangedSince = reader.number64();
    }, { least: 1, most: 1 });
    reader.space();
  }
  const change = reader.skip("+") ? "add" : reader.skip("-") ? "remove" : "set";
  const name = reader.keyword();
  if (name !== "FLAGS" && name !== "FLAGS.SILENT") throw malformed("FLAGS is what can be stored");
  reader.space();
  const flags = parseFlags(reader);
  return { verb: "STORE", uid, set, change, silent: name !== "FLAGS", flags, unchangedSince };
}

/** Behind `COPY` and `MOVE`. */
export function parseCopy(
  reader: Reader,
  verb: "COPY" | "MOVE",
  { uid, utf8 }: { readonly uid: boolean; readonly utf8: boolean },
): CopyCommand {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  return { verb, uid, set, mailbox: reader.mailbox(utf8) };
}

/** RFC 9051 §9 `store-att-flags`: a list, or flags without parentheses. */
function parseFlags(reader: Reader): readonly string[] {
  if (reader.sees("(")) return parseFlagList(reader);
  const flags = [settable(reader)];
  while (!reader.atEnd()) {
    reader.space();
    if (flags.length === FLAGS_NAMED_MAX) throw malformed("too many flags");
    flags.push(settable(reader));
  }
  return flags;
}

/** `(\Seen $Junk)`, each once. */
export function parseFlagList(reader: Reader): readonly string[] {
  const flags = reader.list(() => settable(reader), { least: 0, most: FLAGS_NAMED_MAX });
  return [...new Set(flags)];
}

/** RFC 9051 §2.3.2: a client can set any flag but \Recent, which is not its to set. */
function settable(reader: Reader): string {
  const flag = normalFlag(reader.flag());
  if (!flag.startsWith("\\") || SYSTEM_FLAGS.has(flag)) return flag;
  throw malformed("there is no such flag");
}

/** RFC 9051 §2.3.2. */
export const SYSTEM_FLAGS: ReadonlySet<string> = new Set([
  "\\Answered",
  "\\Deleted",
  "\\Draft",
  "\\Flagged",
  "\\Seen",
]);

/** One item of FETCH, a macro, or a list of items. */
export function parseItems(reader: Reader): readonly FetchItem[] {
  if (reader.sees("(")) {
    return reader.list(() => parseItem(reader, reader.fetchWord()), {
      least: 1,
      most: FETCH_ITEMS_MAX,
    });
  }
  const word = reader.fetchWord();
  switch (word) { // RFC 9051 §6.4.5: the macros, which stand alone
    case "FAST":
      return ENVELOPE_AND_FLAGS;
    case "ALL":
      return [...ENVELOPE_AND_FLAGS, { item: "ENVELOPE" }];
    case "FULL":
      return [...ENVELOPE_AND_FLAGS, { item: "ENVELOPE" }, { item: "BODY" }];
    default:
      return [parseItem(reader, word)];
  }
}

function parseItem(reader: Reader, word: string): FetchItem {
  const peek = word.endsWith(".PEEK");
  switch (word) {
    case "BODY":
    case "BODY.PEEK":
      if (!reader.sees("[")) {
        if (peek) throw malformed("the section is missing");
        return { item: "BODY" };
      }
      return { item: "BODY[]", peek, section: parseSection(reader), partial: parseBytes(reader) };
    case "BINARY":
    case "BINARY.PEEK": {
      const part = parseBinarySection(reader);
      return { item: "BINARY[]", peek, part, partial: parseBytes(reader) };
    }
    case "BINARY.SIZE":
      return { item: word, part: parseBinarySection(reader) };
    case "PREVIEW":
      return { item: word, lazy: parseLazy(reader) };
    case "BODYSTRUCTURE":
    case "ENVELOPE":
    case "FLAGS":
    case "INTERNALDATE":
    case "MODSEQ":
    case "RFC822":
    case "RFC822.HEADER":
    case "RFC822.SIZE":
    case "RFC822.TEXT":
    case "UID":
    case "EMAILID":
    case "THREADID":
    case "SAVEDATE":
      return { item: word };
    default:
      throw malformed("there is no such item");
  }
}

/** RFC 8970 §3.1: `PREVIEW (LAZY)`. */
function parseLazy(reader: Reader): boolean {
  if (!reader.skip(" (")) return false;
  if (reader.keyword() !== "LAZY") throw malformed("there is no such modifier");
  reader.expect(")");
  return true;
}

/** RFC 9051 §9 `section`, with its brackets. */
export function parseSection(reader: Reader): Section {
  reader.expect("[");
  const part = parsePart(reader);
  const of = parseSectionText(reader, part.length > 0);
  reader.expect("]");
  return { part, of };
}

function parseSectionText(reader: Reader, inPart: boolean): Section["of"] {
  if (reader.sees("]")) return { kind: "all" };
  const word = reader.fetchWord();
  switch (word) {
    case "HEADER":
    case "TEXT":
      return { kind: word };
    case "MIME": // RFC 9051 §6.4.5: needs a part
      if (inPart) return { kind: word };
      throw malformed("MIME goes with a part");
    case "HEADER.FIELDS":
    case "HEADER.FIELDS.NOT": {
      reader.space();
      const names = reader.list(() => reader.text(), { least: 1, most: SECTION_FIELDS_MAX });
      return { kind: "fields", not: word === "HEADER.FIELDS.NOT", names };
    }
    default:
      throw malformed("there is no such section");
  }
}

function parseBinarySection(reader: Reader): readonly number[] {
  reader.expect("[");
  const part: number[] = [];
  while (!reader.skip("]")) {
    if (part.length > 0) reader.expect(".");
    if (part.length === SECTION_DEPTH_MAX) throw malformed("that part lies too deep");
    part.push(reader.nzNumber());
  }
  return part;
}

/** `1.2.` in front of a word, or `1.2` alone; empty without numbers. */
function parsePart(reader: Reader): readonly number[] {
  const part: number[] = [];
  while (reader.seesDigit()) {
    if (part.length === SECTION_DEPTH_MAX) throw malformed("that part lies too deep");
    part.push(reader.nzNumber());
    if (reader.sees("]")) return part;
    reader.expect(".");
  }
  if (part.length > 0 && reader.sees("]")) throw malformed("the section is not whole");
  return part;
}

/** RFC 9051 §9 `partial`. */
function parseBytes(reader: Reader): Partial | null {
  if (!reader.skip("<")) return null;
  const from = reader.number64();
  reader.expect(".");
  const bytes = reader.number64();
  if (bytes === 0) throw malformed("0 bytes are no part of anything");
  reader.expect(">");
  return { from, bytes };
}

function parseModifiers(
  reader: Reader,
): Pick<FetchCommand, "changedSince" | "vanished" | "partial"> {
  let changedSince: number | null = null;
  let vanished = false;
  let partial: FetchCommand["partial"] = null;
  if (!reader.atEnd()) {
    reader.space();
    reader.list(() => {
      switch (reader.keyword()) {
        case "CHANGEDSINCE":
          reader.space();
          changedSince = reader.number64();
          return;
        case "VANISHED":
          vanished = true;
          return;
        case "PARTIAL":
          reader.space();
          partial = parsePartial(reader);
          return;
        default:
          throw malformed("there is no such modifier");
      }
    }, { least: 1, most: 3 });
  }
  return { changedSince, vanished, partial };
}
