/** What a client of IMAP hears of what the store refuses, with the codes of RFC 5530. */
import { ImapError, refused } from "../imap/error.ts";
import { StoreError, type StoreErrorKind } from "../store/store.ts";

/** RFC 5530 §3 ALREADYEXISTS, NONEXISTENT, LIMIT and UNAVAILABLE. */
const REFUSALS: Partial<Readonly<Record<StoreErrorKind, readonly [words: string, code: string]>>> =
  {
    exists: ["there is such a mailbox already", "ALREADYEXISTS"],
    unknown: ["there is no such mailbox", "NONEXISTENT"],
    limit: ["that is more than one account may have", "LIMIT"],
    // The user can do nothing about it but wait, or delete mail.
    full: ["there is no room left on the server, try again later", "UNAVAILABLE"],
  };

export const NO_MAILBOX = refused(...REFUSALS.unknown!);
/** RFC 9051 §6.3.12: the client may offer to make it. */
export const NO_TARGET = refused("there is no such mailbox", "TRYCREATE");
/** RFC 9208 §4.3.1 and RFC 5530 §3. */
export const OVER_QUOTA = refused("the account is full", "OVERQUOTA");
export const NO_ROOM = refused(...REFUSALS.full!);

/** What an error says to the client; `null` where it is a failure of ours. */
export function asImapError(error: unknown): ImapError | null {
  if (error instanceof ImapError) return error;
  const refusal = error instanceof StoreError ? REFUSALS[error.kind] : undefined;
  return refusal === undefined ? null : refused(...refusal);
}
