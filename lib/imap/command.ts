/** A command of IMAP: from what came to a value (RFC 9051 §6 and §9). */
import { decodeBase64 } from "../sasl/base64.ts";
import {
  type AppendCommand,
  parseAppend,
  parseReplace,
  type ReplaceCommand,
} from "./append_command.ts";
import { malformed } from "./error.ts";
import {
  type CopyCommand,
  type FetchCommand,
  parseCopy,
  parseFetch,
  parseStore,
  type StoreCommand,
} from "./fetch_command.ts";
import {
  type ListCommand,
  type LsubCommand,
  parseList,
  parseLsub,
  parseStatus,
  type StatusCommand,
} from "./list_command.ts";
import { type MetadataCommand, parseGetMetadata, parseSetMetadata } from "./metadata_command.ts";
import { type NotifyCommand, parseNotify } from "./notify_command.ts";
import { type RawCommand, Reader, tagIn, textOf } from "./parse.ts";
import {
  parseSearch,
  parseSort,
  parseThread,
  type SearchCommand,
  type SortCommand,
  type ThreadCommand,
} from "./search_command.ts";
import type { SequenceSet } from "./sequence.ts";

export type ImapCommand =
  | {
    readonly verb:
      | "CAPABILITY"
      | "CHECK"
      | "CLOSE"
      | "COMPRESS"
      | "IDLE"
      | "LOGOUT"
      | "NAMESPACE"
      | "NOOP"
      | "STARTTLS"
      | "UNSELECT";
  }
  | { readonly verb: "LOGIN"; readonly user: string; readonly password: string }
  | AuthenticateCommand
  /** RFC 5267 §4.3.5. */
  | { readonly verb: "CANCELUPDATE"; readonly tags: readonly string[] }
  | { readonly verb: "ENABLE"; readonly capabilities: readonly string[] }
  | { readonly verb: "ID"; readonly fields: ReadonlyMap<string, string | null> }
  | SelectCommand
  | CreateCommand
  | { readonly verb: "DELETE"; readonly mailbox: string; readonly said: string }
  | { readonly verb: "SUBSCRIBE" | "UNSUBSCRIBE"; readonly mailbox: string }
  | RenameCommand
  | { readonly verb: "EXPUNGE"; readonly set: SequenceSet | null }
  | { readonly verb: "GETQUOTA"; readonly root: string }
  | { readonly verb: "GETQUOTAROOT"; readonly mailbox: string }
  | MetadataCommand
  | NotifyCommand
  | ListCommand
  | LsubCommand
  | StatusCommand
  | AppendCommand
  | ReplaceCommand
  | SearchCommand
  | SortCommand
  | ThreadCommand
  | FetchCommand
  | StoreCommand
  | CopyCommand;

export interface AuthenticateCommand {
  readonly verb: "AUTHENTICATE";
  readonly mechanism: string;
  /** RFC 4959: empty for `=`; `null` without one. */
  readonly initial: Uint8Array | null;
}

export interface CreateCommand {
  readonly verb: "CREATE";
  readonly mailbox: string;
  /** The name as the client spells it, here and in others: RFC 9051 §6.3.9.7. */
  readonly said: string;
  readonly use: readonly string[];
}

export interface RenameCommand {
  readonly verb: "RENAME";
  readonly from: string;
  /** `from`, as the client spells it. */
  readonly said: string;
  readonly to: string;
}

export interface SelectCommand {
  readonly verb: "SELECT" | "EXAMINE";
  readonly mailbox: string;
  readonly said: string;
  /** RFC 7162 §3.1.8. */
  readonly condstore: boolean;
  readonly qresync: Resync | null;
}

/** RFC 7162 §3.2.5: what a client knows of a mailbox. */
export interface Resync {
  readonly uidValidity: number;
  readonly modSeq: number;
  /** `null`: all of them. */
  readonly known: SequenceSet | null;
}

/** RFC 2971 §3.3: pairs of ID. */
export const ID_FIELDS_MAX = 30;
/** Names in ENABLE, tags in CANCELUPDATE, and uses of a new mailbox. */
export const NAMES_MAX = 100;

/** The tag alone, for the reply to a command that is none; `null`: not even that. */
export function tagOf(raw: RawCommand): string | null {
  return tagIn(raw.texts[0]!);
}

/**
 * Reads a command behind its tag. `utf8`: the client has asked for names in UTF-8.
 * @throws {ImapError} and nothing else.
 */
export function parseCommand(raw: RawCommand, utf8: boolean): ImapCommand {
  const reader = new Reader(raw);
  reader.tag();
  reader.space();
  const word = reader.keyword();
  const uid = word === "UID";
  if (uid) reader.space();
  const command = uid ? parseByUid(reader, reader.keyword(), utf8) : parseOne(reader, word, utf8);
  reader.end();
  return command;
}

/** RFC 9051 §6.4.9. */
function parseByUid(reader: Reader, verb: string, utf8: boolean): ImapCommand {
  if (verb === "EXPUNGE") {
    reader.space();
    return { verb, set: reader.sequenceSet() };
  }
  const command = parseMessages(reader, verb, { uid: true, utf8 });
  if (command === null) throw malformed("there is no such command with UID");
  return command;
}

/** Commands that name messages, by number or by UID. */
function parseMessages(
  reader: Reader,
  verb: string,
  options: { readonly uid: boolean; readonly utf8: boolean },
): ImapCommand | null {
  const { uid } = options;
  switch (verb) {
    case "FETCH":
      return parseFetch(reader, uid);
    case "STORE":
      return parseStore(reader, uid);
    case "COPY":
    case "MOVE":
      return parseCopy(reader, verb, options);
    case "SEARCH":
      return parseSearch(reader, uid);
    case "SORT":
      return parseSort(reader, uid);
    case "THREAD":
      return parseThread(reader, uid);
    case "REPLACE":
      return parseReplace(reader, options);
    default:
      return null;
  }
}

function parseOne(reader: Reader, verb: string, utf8: boolean): ImapCommand {
  switch (verb) {
    case "CAPABILITY":
    case "CHECK":
    case "CLOSE":
    case "IDLE":
    case "LOGOUT":
    case "NAMESPACE":
    case "NOOP":
    case "STARTTLS":
    case "UNSELECT":
      return { verb };
    case "COMPRESS":
      reader.space();
      if (reader.keyword() !== "DEFLATE") throw malformed("DEFLATE is what there is");
      return { verb };
    case "CANCELUPDATE":
      return { verb, tags: parseTags(reader) };
    case "EXPUNGE":
      return { verb, set: null };
    case "LOGIN":
      return parseLogin(reader);
    case "AUTHENTICATE":
      return parseAuthenticate(reader);
    case "ENABLE":
      return { verb, capabilities: parseNames(reader) };
    case "ID":
      reader.space();
      return { verb, fields: parseId(reader) };
    default:
      return parseMessages(reader, verb, { uid: false, utf8 }) ??
        parseOfMailboxes(reader, verb, utf8);
  }
}

function parseOfMailboxes(reader: Reader, verb: string, utf8: boolean): ImapCommand {
  switch (verb) {
    case "SELECT":
    case "EXAMINE":
      return parseSelect(reader, verb, utf8);
    case "CREATE":
      reader.space();
      return { verb, ...reader.spelledMailbox(utf8), use: parseUse(reader) };
    case "DELETE":
      reader.space();
      return { verb, ...reader.spelledMailbox(utf8) };
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      reader.space();
      return { verb, mailbox: reader.mailbox(utf8) };
    case "RENAME": {
      reader.space();
      const { mailbox: from, said } = reader.spelledMailbox(utf8);
      reader.space();
      return { verb, from, said, to: reader.mailbox(utf8) };
    }
    case "LIST":
      return parseList(reader, utf8);
    case "LSUB":
      return parseLsub(reader, utf8);
    case "STATUS":
      return parseStatus(reader, utf8);
    case "APPEND":
      return parseAppend(reader, utf8);
    case "NOTIFY":
      return parseNotify(reader, utf8);
    case "GETQUOTA":
      reader.space();
      return { verb, root: reader.text() };
    case "GETQUOTAROOT":
      reader.space();
      return { verb, mailbox: reader.mailbox(utf8) };
    case "GETMETADATA":
      return parseGetMetadata(reader, utf8);
    case "SETMETADATA":
      return parseSetMetadata(reader, utf8);
    default:
      throw malformed("there is no such command");
  }
}

function parseLogin(reader: Reader): ImapCommand {
  reader.space();
  const user = textOf(reader.astring());
  reader.space();
  return { verb: "LOGIN", user, password: textOf(reader.astring()) };
}

/** RFC 9051 §6.2.2 and RFC 4959 §3. */
function parseAuthenticate(reader: Reader): AuthenticateCommand {
  reader.space();
  const mechanism = reader.atom();
  if (reader.atEnd()) return { verb: "AUTHENTICATE", mechanism, initial: null };
  reader.space();
  const text = reader.rest();
  const initial = text === "=" ? new Uint8Array(0) : decodeBase64(text);
  if (initial === null || text === "") throw malformed("the initial response is not base64");
  return { verb: "AUTHENTICATE", mechanism, initial };
}

/** RFC 5161 §3.1. */
function parseNames(reader: Reader): readonly string[] {
  const names: string[] = [];
  do {
    if (names.length === NAMES_MAX) throw malformed("too many names");
    reader.space();
    names.push(reader.keyword());
  } while (!reader.atEnd());
  return names;
}

/** RFC 5267 §5: strings, unlike the tags in front of commands. */
function parseTags(reader: Reader): readonly string[] {
  const tags: string[] = [];
  do {
    if (tags.length === NAMES_MAX) throw malformed("too many tags");
    reader.space();
    tags.push(textOf(reader.string()));
  } while (!reader.atEnd());
  return tags;
}

/** RFC 2971 §3.3. */
function parseId(reader: Reader): ReadonlyMap<string, string | null> {
  if (reader.skipWord("NIL")) return new Map();
  return new Map(reader.list((): [string, string | null] => {
    const name = textOf(reader.string()).toLowerCase();
    reader.space();
    const value = reader.nstring();
    return [name, value === null ? null : textOf(value)];
  }, { least: 0, most: ID_FIELDS_MAX }));
}

/** RFC 6154 §5.3. */
function parseUse(reader: Reader): readonly string[] {
  if (reader.atEnd()) return [];
  reader.space();
  const [use] = reader.list(() => {
    if (reader.keyword() !== "USE") throw malformed("there is no such parameter");
    reader.space();
    return reader.list(() => reader.flag(), { least: 0, most: NAMES_MAX });
  }, { least: 1, most: 1 });
  return use!;
}

function parseSelect(
  reader: Reader,
  verb: "SELECT" | "EXAMINE",
  utf8: boolean,
): SelectCommand {
  reader.space();
  const name = reader.spelledMailbox(utf8);
  let condstore = false;
  let qresync: Resync | null = null;
  if (!reader.atEnd()) {
    reader.space();
    reader.list(() => {
      const name = reader.keyword();
      if (name === "CONDSTORE") condstore = true;
      else if (name === "QRESYNC") qresync = parseResync(reader);
      else throw malformed("there is no such parameter");
    }, { least: 1, most: 2 });
  }
  return { verb, ...name, condstore, qresync };
}

/** RFC 7162 §7 `select-param`; which numbers went with which UIDs is of no use here. */
function parseResync(reader: Reader): Resync {
  reader.space();
  reader.expect("(");
  const uidValidity = reader.nzNumber();
  reader.space();
  const modSeq = reader.number64();
  let known: SequenceSet | null = null;
  if (reader.skip(" ")) {
    if (!reader.sees("(")) {
      known = reader.sequenceSet();
      if (reader.skip(" ")) parsePairs(reader);
    } else parsePairs(reader);
  }
  reader.expect(")");
  return { uidValidity, modSeq, known };
}

function parsePairs(reader: Reader): void {
  reader.expect("(");
  reader.sequenceSet();
  reader.space();
  reader.sequenceSet();
  reader.expect(")");
}
