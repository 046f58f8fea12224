/** What all calls of one client of IMAP share: whose mail it is, and what becomes of failures. */
import { describeError } from "../log.ts";
import type { AccountId } from "../store/store.ts";
import type { MaybePromise } from "../wire/session.ts";
import type { Listings } from "./imap_listings.ts";
import type { MetadataWatches } from "./imap_metadata_watches.ts";
import type { Recents } from "./imap_recent.ts";
import { asImapError } from "./imap_refusals.ts";
import type { KeptTexts } from "./imap_texts.ts";
import type { Site } from "./site.ts";

/** One account, for the length of one conversation. */
export interface Owner {
  readonly site: Site;
  readonly account: AccountId;
  readonly attempt: Attempt;
  /** Who wants to know what metadata others set. */
  readonly metadata: MetadataWatches;
  readonly recents: Recents;
  readonly listings: Listings;
  readonly texts: KeptTexts;
}

/** What all clients of one server share. */
export type Shared = Pick<Owner, "metadata" | "recents" | "listings" | "texts">;

/** Runs a call for a client; what goes wrong is said to it, and what is our fault to the log. */
export type Attempt = <T>(what: string, run: () => MaybePromise<T>) => MaybePromise<T>;

/** So long a client that asks for one thing after the other may keep everybody else waiting. */
const TURN_MS = 5;

/** For a client at this address. Calls throw `ImapError` for what that is to hear. */
export function attemptsOf(
  { log, world: { clock } }: Pick<Site, "log" | "world">,
  peer: string,
): Attempt {
  let begunMs = clock.monotonicMs();

  function failed(what: string, error: unknown): never {
    const refusal = asImapError(error);
    if (refusal !== null) throw refusal;
    log.error("imap-failed", { what, peer, reason: describeError(error) });
    throw error;
  }

  async function inTurn<T>(run: () => MaybePromise<T>): Promise<T> {
    await clock.turn();
    begunMs = clock.monotonicMs();
    return await run();
  }

  return (what, run) => {
    const now = clock.monotonicMs() - begunMs > TURN_MS ? () => inTurn(run) : run;
    try {
      const result = now();
      return result instanceof Promise ? result.catch((error) => failed(what, error)) : result;
    } catch (error) {
      failed(what, error);
    }
  };
}
