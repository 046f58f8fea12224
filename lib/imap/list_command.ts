/** LIST, LSUB and STATUS as they are said (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154). */
import { malformed } from "./error.ts";
import type { Reader } from "./parse.ts";

export type StatusItem =
  | "MESSAGES"
  | "RECENT"
  | "UIDNEXT"
  | "UIDVALIDITY"
  | "UNSEEN"
  | "DELETED"
  | "SIZE"
  | "HIGHESTMODSEQ"
  | "MAILBOXID"
  | "APPENDLIMIT"
  | "DELETED-STORAGE";

export interface ListCommand {
  readonly verb: "LIST";
  /** RFC 5258: which mailboxes. */
  readonly select: {
    readonly subscribed: boolean;
    readonly recursive: boolean;
    readonly specialUse: boolean;
    /** Whether options were given at all: then the answer is that of LIST-EXTENDED. */
    readonly extended: boolean;
  };
  readonly reference: string;
  readonly patterns: readonly string[];
  /** And what about them. */
  readonly back: {
    readonly subscribed: boolean;
    readonly children: boolean;
    readonly specialUse: boolean;
    readonly status: readonly StatusItem[];
  };
}

export interface LsubCommand {
  readonly verb: "LSUB";
  readonly reference: string;
  readonly pattern: string;
}

export interface StatusCommand {
  readonly verb: "STATUS";
  readonly mailbox: string;
  readonly items: readonly StatusItem[];
}

/** Patterns and options in one LIST. */
export const LIST_PATTERNS_MAX = 100;
const OPTIONS_MAX = 20;

const STATUS_ITEMS: ReadonlySet<string> = new Set<StatusItem>([
  "MESSAGES",
  "RECENT",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "DELETED",
  "SIZE",
  "HIGHESTMODSEQ",
  "MAILBOXID",
  "APPENDLIMIT",
  "DELETED-STORAGE",
]);

const SELECT_NONE = { subscribed: false, recursive: false, specialUse: false, extended: false };

/** Behind `LIST`. */
export function parseList(reader: Reader, utf8: boolean): ListCommand {
  reader.space();
  const select = reader.sees("(") ? parseSelect(reader) : SELECT_NONE;
  const reference = reader.mailbox(utf8);
  reader.space();
  const many = reader.sees("(");
  const patterns = many
    ? reader.list(() => reader.pattern(utf8), { least: 1, most: LIST_PATTERNS_MAX })
    : [reader.pattern(utf8)];
  const back = parseBack(reader);
  const extended = select.extended || many || back !== BACK_NONE;
  return { verb: "LIST", select: { ...select, extended }, reference, patterns, back };
}

/** Behind `LSUB` (RFC 3501 §6.3.9). */
export function parseLsub(reader: Reader, utf8: boolean): LsubCommand {
  reader.space();
  const reference = reader.mailbox(utf8);
  reader.space();
  return { verb: "LSUB", reference, pattern: reader.pattern(utf8) };
}

/** Behind `STATUS`. */
export function parseStatus(reader: Reader, utf8: boolean): StatusCommand {
  reader.space();
  const mailbox = reader.mailbox(utf8);
  reader.space();
  return { verb: "STATUS", mailbox, items: parseStatusItems(reader) };
}

function parseStatusItems(reader: Reader): readonly StatusItem[] {
  return reader.list(() => {
    const name = reader.keyword();
    if (!STATUS_ITEMS.has(name)) throw malformed("there is no such item");
    return name as StatusItem;
  }, { least: 1, most: OPTIONS_MAX });
}

function parseSelect(reader: Reader): ListCommand["select"] {
  const found = new Set(reader.list(() => reader.keyword(), { least: 0, most: OPTIONS_MAX }));
  reader.space();
  for (const name of found) {
    if (!["SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"].includes(name)) {
      throw malformed("there is no such option");
    }
  }
  // RFC 5258 §3: RECURSIVEMATCH says how another option is meant.
  const recursive = found.has("RECURSIVEMATCH");
  if (recursive && !found.has("SUBSCRIBED") && !found.has("SPECIAL-USE")) {
    throw malformed("RECURSIVEMATCH goes with another option");
  }
  return {
    subscribed: found.has("SUBSCRIBED"),
    recursive,
    specialUse: found.has("SPECIAL-USE"),
    extended: true,
  };
}

const BACK_NONE: ListCommand["back"] = {
  subscribed: false,
  children: false,
  specialUse: false,
  status: [],
};

function parseBack(reader: Reader): ListCommand["back"] {
  if (reader.atEnd()) return BACK_NONE;
  reader.space();
  if (reader.keyword() !== "RETURN") throw malformed("RETURN is missing");
  reader.space();
  let back = { ...BACK_NONE };
  reader.list(() => {
    const name = reader.keyword();
    switch (name) {
      case "SUBSCRIBED":
        back = { ...back, subscribed: true };
        return;
      case "CHILDREN":
        back = { ...back, children: true };
        return;
      case "SPECIAL-USE":
        back = { ...back, specialUse: true };
        return;
      case "STATUS":
        reader.space();
        back = { ...back, status: parseStatusItems(reader) };
        return;
      default:
        throw malformed("there is no such option");
    }
  }, { least: 0, most: OPTIONS_MAX });
  return back;
}
