/** Messages as lists show them, by pages (RFC 9051 §6.4.5). */
import type { Step } from "../wire/session.ts";
import { command, type Dialogue } from "./client_dialogue.ts";
import { broken } from "./client_error.ts";
import { type ImapJob, type ImapListing, type ImapResult, nothing } from "./client_job.ts";
import { COMMAND_MESSAGES_MAX, pagesOf } from "./client_pages.ts";
import { type Fetched, MESSAGES_MAX, type Response, tooMany } from "./client_response.ts";

/** A header section's fields for a list are cut here; a subject of ten lines has a tenth of it. */
export const HEADER_BYTES_MAX = 16 * 1024;
const LISTED = "(UID FLAGS INTERNALDATE RFC822.SIZE)";
/** What `lib/mail` makes a line of a list from. */
const HEADER = `(UID BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE)]<0.${HEADER_BYTES_MAX}>)`;

/** Each message in a line; in their order. */
export function* list<B>(
  dialogue: Dialogue,
  which: Extract<ImapJob, { readonly do: "list" }>["which"],
): Step<B, ImapResult> {
  dialogue.arrived = false;
  if (dialogue.exists > MESSAGES_MAX) throw tooMany();
  const found = new Map<number, ImapListing>();
  const hear = (response: Response) => {
    const listing = response.is === "fetch" ? listingOf(response) : null;
    if (listing === null) return;
    if (found.size === MESSAGES_MAX) throw tooMany();
    found.set(listing.uid, listing);
  };
  for (const pieces of listCommands(dialogue, which)) {
    const answer = yield* command<B>(dialogue, pieces, { hear });
    if (!answer.ok) return nothing(answer);
  }
  // RFC 9051 §9 `seq-range`: behind the last uid, `n:*` means the last message.
  const after = typeof which === "object" && "after" in which ? which.after : 0;
  const messages = [...found.values()].filter(({ uid }) => uid > after);
  return { did: "list", messages: messages.toSorted((a, b) => a.number - b.number) };
}

/**
 * All are asked for by their numbers, which no message gives up while FETCH is all that is said
 * (RFC 9051 §7.5.1), and a page at a time, so that no answer is endless.
 */
function listCommands(
  { exists }: Dialogue,
  which: Extract<ImapJob, { readonly do: "list" }>["which"],
): readonly (readonly string[])[] {
  if (which === "all") {
    return Array.from({ length: Math.ceil(exists / COMMAND_MESSAGES_MAX) }, (_, page) => {
      const from = page * COMMAND_MESSAGES_MAX + 1;
      const to = Math.min(exists, from + COMMAND_MESSAGES_MAX - 1);
      return ["FETCH", `${from}:${to}`, LISTED];
    });
  }
  if ("after" in which) return [["UID FETCH", `${which.after + 1}:*`, LISTED]];
  return pagesOf(which).map((set) => ["UID FETCH", set, LISTED]);
}

function listingOf({ number, uid, sizeBytes, flags, receivedAt }: Fetched): ImapListing | null {
  // RFC 9051 §7.5.2: news of flags come unasked, and tell nothing else.
  if (uid === null || sizeBytes === null) return null;
  const system = SYSTEM_FLAGS.filter((flag) =>
    flags?.some((each) => each.toLowerCase() === flag.toLowerCase())
  );
  return { number, uid, size: sizeBytes, flags: system, receivedAt };
}

/** Others are of no use here, and a server could make us keep any number of them. */
const SYSTEM_FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"] as const;

/** For each message that is there the fields that a list shows. */
export function* headers<B>(dialogue: Dialogue, uids: readonly number[]): Step<B, ImapResult> {
  const found = new Map<number, Uint8Array>();
  const wanted = new Set(uids);
  for (const set of pagesOf(uids)) {
    const answer = yield* command<B>(dialogue, ["UID FETCH", set, HEADER], {
      hear(response) {
        if (response.is !== "fetch" || response.section === null) return;
        if (response.section.length > HEADER_BYTES_MAX) {
          throw broken("it sends more than asked for");
        }
        if (response.uid !== null && wanted.has(response.uid)) {
          found.set(response.uid, response.section);
        }
      },
    });
    if (!answer.ok) return nothing(answer);
  }
  return { did: "headers", headers: found };
}
