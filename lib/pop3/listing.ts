/** What LIST and UIDL tell about a mailbox, as a client reads it (RFC 1939 §5, §7). */
import { broken } from "./dialogue.ts";

/** One message, before it is retrieved. */
export interface Pop3Listing {
  /** Its name in this session, from 1. */
  readonly number: number;
  /** In bytes, as the server says. */
  readonly size: number;
  /** Its name in every session; `null` where the server has no UIDL. */
  readonly uniqueId: string | null;
}

/** More than anybody reads by POP3; what a server can make us keep ends here. */
const MESSAGES_MAX = 100_000;
/** A number, a blank, a unique-id of at most 70 characters, CRLF; for as many messages. */
export const LISTING_BYTES_MAX = MESSAGES_MAX * (10 + 1 + 70 + 2);

/**
 * Joins the lines of LIST with those of UIDL, `null` where the server has none.
 * @throws {ProtocolError} when a line is not a listing, or there are too many.
 */
export function readListing(
  sizes: readonly string[],
  uniqueIds: readonly string[] | null,
): readonly Pop3Listing[] {
  if (sizes.length > MESSAGES_MAX) throw broken(`more than ${MESSAGES_MAX} messages`);
  const ids = new Map((uniqueIds ?? []).map((line) => fields(UNIQUE_ID, line)));
  return sizes.map((line) => {
    const [number, size] = fields(SIZE, line);
    return { number, size: Number(size), uniqueId: ids.get(number) ?? null };
  });
}

/** RFC 1939 §5 makes no requirement on what follows the size. */
const SIZE = /^(\d{1,10}) (\d{1,15})(?: .*)?$/;
const UNIQUE_ID = /^(\d{1,10}) ([\x21-\x7e]{1,70})$/;

function fields(form: RegExp, line: string): readonly [number: number, value: string] {
  const match = form.exec(line);
  if (match === null) throw broken("the server's listing cannot be read");
  return [Number(match[1]), match[2]!];
}
