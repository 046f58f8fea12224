/**
 * What is remembered of a message's way, from its acceptance to what became of each recipient, also
 * after the message is gone. It is written in the transactions that it tells of, so it can neither
 * be ahead of the truth nor behind it.
 */
import type { Address } from "../mail/address.ts";
import type { Reply } from "../smtp/reply.ts";

export interface History {
  /**
   * The messages with this id, or with this value of the Message-ID field (with angle brackets or
   * without); at most `max`, the newest first.
   */
  find(name: string, max: number): Promise<readonly MessageHistory[]>;
  /**
   * Forgets what came to its end before a time, in milliseconds since 1970; looks at no more than
   * `max` messages, those behind `after`, by acceptance. Whoever still waits in the queue keeps the
   * whole history. Gives where to go on; `null` when everything so old was looked at: what comes
   * behind is younger, but not behind what a clock ahead of `now` has accepted.
   */
  forget(before: number, options: ForgetOptions): Promise<HistoryId | null>;
}

export interface ForgetOptions {
  readonly after: HistoryId;
  readonly max: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Rises with acceptance; a mark for the next page. */
export type HistoryId = number;

/** Where a message came from. */
export type Origin =
  | {
    readonly from: "peer";
    /** The client's address. */
    readonly peer: string;
    /** What it called itself; unverified. */
    readonly hello: string;
    /** The account that logged in. */
    readonly user: string | null;
    /** As in the Received field (RFC 3848): `ESMTPSA`. */
    readonly protocol: string;
    /** Version and cipher. */
    readonly tls: string | null;
    /** As the client named them. */
    readonly recipients: readonly Address[];
    /** Its own sender, where it goes to lists only and so has another. */
    readonly sender?: Address;
  }
  /** A report of this server about one of its messages. */
  | { readonly from: "report"; readonly about: string }
  /** A list here, which sends on what came to it. */
  | { readonly from: "list"; readonly message: string };

export interface MessageHistory {
  readonly message: string;
  /** What stands in its Message-ID field, without the angle brackets. */
  readonly messageId: string | null;
  /** Milliseconds since 1970, as all times here. */
  readonly acceptedAt: number;
  readonly sender: Address | null;
  /** In bytes, trace fields included. */
  readonly size: number;
  /** `null` where nobody said. */
  readonly origin: Origin | null;
  /** The accounts that got a copy with its acceptance; `null` for one that was removed since. */
  readonly mailboxes: readonly (string | null)[];
  /** Who was put into the queue then. */
  readonly queued: readonly Address[];
  /** Reports about it. */
  readonly reports: readonly string[];
  /** In their order. */
  readonly happenings: readonly Happening[];
  /** Attempts in vain that are not kept any more. */
  readonly forgotten: number;
}

export type Happening = Attempt | Operation | Unreached;

/** Recipients got a verdict. */
export interface Attempt {
  readonly what: "attempt";
  /** `null` where nobody said. */
  readonly at: number | null;
  /** `host:port`; `null` when nothing was sent anywhere. */
  readonly via: string | null;
  /** Version and cipher; `null` without TLS. */
  readonly tls: string | null;
  readonly outcomes: readonly RecipientOutcome[];
}

export interface RecipientOutcome {
  /** All that share everything else. */
  readonly recipients: readonly Address[];
  /**
   * `delivered` into a mailbox here, `expanded` into the addresses that an alias leads to,
   * `relayed` to the next server, `failed` for good, `dropped` by the operator: these five are the
   * end. `deferred` will be tried again, `delayed` is past its deadline and waits on.
   */
  readonly outcome:
    | "delivered"
    | "expanded"
    | "relayed"
    | "failed"
    | "dropped"
    | "deferred"
    | "delayed";
  /** Who was put into the queue in their place; left out where nobody was. */
  readonly queued?: readonly Address[];
  readonly reply: Reply | null;
  /** When it is tried again. */
  readonly dueAt: number | null;
  /** The report that tells the sender. */
  readonly report: string | null;
  /** Why an outcome that the sender should hear of was not reported. */
  readonly unreported: string | null;
  /**
   * Whether the other side may have taken the message all the same, because the connection was lost
   * before it answered: then it may arrive twice.
   */
  readonly uncertain: boolean;
}

/** The operator did something. */
export type Operation =
  | { readonly what: "hold"; readonly at: number; readonly reason: string }
  | { readonly what: "release"; readonly at: number }
  | {
    readonly what: "drop";
    readonly at: number | null;
    readonly outcomes: readonly RecipientOutcome[];
  };

/** The next hop could not be reached, so that nobody of its recipients could be tried. */
export interface Unreached {
  readonly what: "unreached";
  readonly at: number;
  readonly hop: string;
  readonly until: number;
  readonly reply: Reply;
}

/** What history says about a verdict besides it. */
export interface Note {
  readonly at: number;
  readonly via: string | null;
  readonly tls: string | null;
  readonly report: string | null;
  readonly unreported: string | null;
  readonly uncertain: boolean;
}

/**
 * Of attempts in vain, and of what the operator did, each message keeps so many of the newest; the
 * end of each recipient is always kept. A schedule of five days has about 130 for one recipient.
 */
export const ATTEMPTS_KEPT = 200;

/** Of the times at which a hop could not be reached, so many of the newest are kept. */
export const UNREACHED_KEPT = 200;

/** Of what a server said; it may say as much as it likes. */
export const REPLY_CHARACTERS_KEPT = 500;
