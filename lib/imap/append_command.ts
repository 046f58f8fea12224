/** APPEND and REPLACE as they are said (RFC 9051 §6.3.12, RFC 3502, RFC 4469, RFC 8508). */
import { malformed } from "./error.ts";
import { parseFlagList } from "./fetch_command.ts";
import type { Reader } from "./parse.ts";
import type { SequenceSet } from "./sequence.ts";

/** What a message is made of: bytes, and with CATENATE pieces of others (RFC 4469 §3). */
export type AppendPart =
  | { readonly from: "text"; readonly bytes: Uint8Array }
  | { readonly from: "url"; readonly url: string };

export interface AppendMessage {
  readonly flags: readonly string[];
  /** Milliseconds since 1970; `null`: now. */
  readonly receivedAt: number | null;
  readonly parts: readonly AppendPart[];
  /** RFC 3516 §4.4: came as a binary literal, so that it may hold what else is refused. */
  readonly binary: boolean;
  /** RFC 6855 §4: came in UTF8 (…), so that its header may be in UTF-8. */
  readonly utf8: boolean;
}

export interface AppendCommand {
  readonly verb: "APPEND";
  readonly mailbox: string;
  /** The name as the client spells it. */
  readonly said: string;
  readonly messages: readonly AppendMessage[];
}

export interface ReplaceCommand {
  readonly verb: "REPLACE";
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly mailbox: string;
  readonly message: AppendMessage;
}

/** RFC 3502: all of them are in memory, and go into one transaction. */
export const APPEND_MESSAGES_MAX = 1_000;
/** RFC 4469: pieces of one message. */
export const CATENATE_PARTS_MAX = 100;

/** Behind `APPEND`. */
export function parseAppend(reader: Reader, utf8: boolean): AppendCommand {
  reader.space();
  const name = reader.spelledMailbox(utf8);
  const messages: AppendMessage[] = [];
  do {
    if (messages.length === APPEND_MESSAGES_MAX) throw malformed("too many messages");
    messages.push(parseMessage(reader));
  } while (!reader.atEnd());
  return { verb: "APPEND", ...name, messages };
}

/** Behind `REPLACE`. */
export function parseReplace(
  reader: Reader,
  { uid, utf8 }: { readonly uid: boolean; readonly utf8: boolean },
): ReplaceCommand {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  const mailbox = reader.mailbox(utf8);
  return { verb: "REPLACE", uid, set, mailbox, message: parseMessage(reader) };
}

function parseMessage(reader: Reader): AppendMessage {
  reader.space();
  let flags: readonly string[] = [];
  if (reader.sees("(")) {
    flags = parseFlagList(reader);
    reader.space();
  }
  let receivedAt: number | null = null;
  if (reader.sees('"')) {
    receivedAt = reader.dateTime();
    reader.space();
  }
  if (reader.skipWord("CATENATE")) {
    reader.space();
    let utf8 = false;
    const parts = reader.list(() => {
      if (!reader.skipWord("UTF8")) return parsePiece(reader);
      utf8 = true;
      return parseUtf8(reader);
    }, { least: 1, most: CATENATE_PARTS_MAX });
    return { flags, receivedAt, parts, binary: false, utf8 };
  }
  if (reader.skipWord("UTF8")) {
    return { flags, receivedAt, parts: [parseUtf8(reader)], binary: false, utf8: true };
  }
  const { bytes, binary } = reader.literal();
  return { flags, receivedAt, parts: [{ from: "text", bytes }], binary, utf8: false };
}

/** RFC 6855 §4 `utf8-literal`, behind its name. */
function parseUtf8(reader: Reader): AppendPart {
  reader.expect(" (");
  const { bytes } = reader.literal();
  reader.expect(")");
  return { from: "text", bytes };
}

function parsePiece(reader: Reader): AppendPart {
  const kind = reader.keyword();
  reader.space();
  if (kind === "TEXT") return { from: "text", bytes: reader.literal().bytes };
  if (kind === "URL") return { from: "url", url: reader.text() };
  throw malformed("a piece is TEXT or URL");
}
