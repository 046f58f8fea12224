/** A mailbox that is open at a server, whatever protocol it speaks. */
import type { WantedKey } from "../imap/client_search.ts";

/** One message, before it is retrieved. */
export interface Listing {
  /** Its place in the mailbox, from 1: what people call it by. */
  readonly number: number;
  /** What the server is asked for: the number (POP3), or the uid (IMAP). */
  readonly key: number;
  /** In bytes, as the server says. */
  readonly size: number;
  /** Its name in every session; `null` where the server has none. */
  readonly uniqueId: string | null;
}

/**
 * A mailbox that is open. Every call is refused with a {@linkcode Failure} where the server
 * refuses, and none may be made while another is under way.
 */
export interface Mailbox {
  list(): Promise<readonly Listing[]>;
  /**
   * The header sections in their order, or what a list needs of them; from a server that cannot
   * give less, whole messages. What is gone meanwhile is left out.
   */
  headers(
    messages: readonly Listing[],
  ): AsyncIterable<readonly [listing: Listing, header: Uint8Array]>;
  /** The whole message, as the server has it; `null` when it is gone meanwhile. */
  retrieve(message: Listing): Promise<Uint8Array | null>;
  /** Removes them when the mailbox is closed, and only if all that follows goes well. */
  remove(messages: readonly Listing[]): Promise<void>;
  /** What POP3 cannot do; `null` there. */
  readonly more: ImapMailbox | null;
}

/** What only IMAP can do with a mailbox. */
export interface ImapMailbox {
  /** The messages of which all keys are true. */
  search(keys: readonly WantedKey[]): Promise<readonly Listing[]>;
  markSeen(messages: readonly Listing[]): Promise<void>;
  /** Into another mailbox of the same user, at once. */
  move(messages: readonly Listing[], mailbox: string): Promise<void>;
  /** What comes from now on, as it comes, until `stop` is aborted. */
  arrivals(stop: AbortSignal): AsyncIterable<readonly Listing[]>;
}
