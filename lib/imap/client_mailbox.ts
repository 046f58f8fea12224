/** Mailboxes, and what is in them (RFC 9051 §6.3 and §6.4). */
import { concat } from "../wire/bytes.ts";
import type { Step } from "../wire/session.ts";
import { command, type Dialogue, stringPiece } from "./client_dialogue.ts";
import { broken } from "./client_error.ts";
import {
  type ImapJob,
  type ImapResult,
  nothing,
  refusalOfOurs,
  type Selected,
} from "./client_job.ts";
import { RESPONSE_LITERALS_BYTES_MAX } from "./client_read.ts";
import { searchPieces, type WantedKey } from "./client_search.ts";
import type { Piece } from "./format.ts";
import { encodeUtf7 } from "./mailbox_name.ts";

/** Names of mailboxes that are kept. */
export const MAILBOXES_MAX = 10_000;

/** The names of all that there are. */
export function* mailboxes<B>(dialogue: Dialogue): Step<B, ImapResult> {
  const names: string[] = [];
  const answer = yield* command<B>(dialogue, ["LIST", '""', "*"], {
    hear(response) {
      if (response.is !== "mailbox") return;
      if (names.length === MAILBOXES_MAX) throw broken(`over ${MAILBOXES_MAX} mailboxes`);
      names.push(response.name);
    },
  });
  return answer.ok ? { did: "mailboxes", names } : nothing(answer);
}

/** Opens one. */
export function* select<B>(
  dialogue: Dialogue,
  { mailbox, readOnly }: Extract<ImapJob, { readonly do: "select" }>,
): Step<B, ImapResult> {
  let selected: Selected = { uidValidity: null, uidNext: null };
  dialogue.exists = 0;
  // RFC 9051 §6.3.3: EXAMINE changes nothing, not even what is new to other programs.
  const pieces = [readOnly ? "EXAMINE" : "SELECT", mailboxPiece(dialogue, mailbox)];
  const answer = yield* command<B>(dialogue, pieces, {
    hear(response) {
      if (response.is !== "status" || response.code === null) return;
      const { name, data } = response.code;
      const number = /^[1-9][0-9]{0,9}$/.test(data) ? Number(data) : null;
      if (name === "UIDVALIDITY") selected = { ...selected, uidValidity: number };
      if (name === "UIDNEXT") selected = { ...selected, uidNext: number };
    },
  });
  if (!answer.ok) return nothing(answer);
  // RFC 9051 §7.1: a mailbox that is opened in this way cannot be changed.
  if (!readOnly && answer.code?.name === "READ-ONLY") {
    return nothing(refusalOfOurs("the mailbox can only be read"));
  }
  dialogue.arrived = false;
  return { did: "select", ...selected };
}

/** The uids of what has these keys. */
export function* search<B>(dialogue: Dialogue, keys: readonly WantedKey[]): Step<B, ImapResult> {
  let uids: readonly number[] = [];
  const answer = yield* command<B>(dialogue, ["UID SEARCH", ...searchPieces(keys)], {
    hear(response) {
      if (response.is === "found") uids = response.numbers;
    },
  });
  return answer.ok ? { did: "search", uids } : nothing(answer);
}

/** RFC 9051 §6.4.5: in pieces that fit one response; the piece that is shorter is the last. */
export function* retrieve<B>(
  dialogue: Dialogue,
  uid: number,
  messageBytesMax: number,
): Step<B, ImapResult> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    let piece: Uint8Array | null = null;
    const what = `(BODY.PEEK[]<${size}.${RESPONSE_LITERALS_BYTES_MAX}>)`;
    const answer = yield* command<B>(dialogue, ["UID FETCH", `${uid}`, what], {
      hear(response) {
        if (response.is !== "fetch" || response.section === null) return;
        if (response.uid === uid) piece = response.section;
      },
    });
    if (!answer.ok) return nothing(answer);
    // RFC 9051 §6.4.9: asking for a uid that is gone is no mistake, and is not answered.
    const heard = piece as Uint8Array | null;
    if (heard === null) return { did: "retrieve", content: null };
    size += heard.length;
    if (size > messageBytesMax) throw broken(`its message is longer than ${messageBytesMax} bytes`);
    pieces.push(heard);
    if (heard.length < RESPONSE_LITERALS_BYTES_MAX) {
      return { did: "retrieve", content: concat(pieces) };
    }
  }
}

/** RFC 9051 §5.1: UTF-8 where the server knows nothing else, elsewhere modified UTF-7. */
export function mailboxPiece({ capabilities }: Dialogue, name: string): Piece {
  const old = capabilities?.has("IMAP4REV1") === true;
  return stringPiece(old ? encodeUtf7(name) : name);
}
