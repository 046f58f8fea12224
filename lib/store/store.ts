/**
 * What is remembered, and what is promised about it. Parts share one commit point: accounts and
 * aliases, mailboxes, the queue, and the history of messages (`history.ts`). `memory.ts` and
 * `sqlite.ts` keep these promises; one conformance suite (`tests/conformance/store.ts`) holds both
 * to them.
 *
 * Every promise that a method here returns resolves only when its change is durable.
 */
import type { Address } from "../mail/address.ts";
import type { Body } from "../mail/body.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Reply } from "../smtp/reply.ts";
import type { MaybePromise } from "../wire/session.ts";
import type { Aliases } from "./aliases.ts";
import type { History, Note, Origin } from "./history.ts";
import type { AccountId, Mail, MessageId, Users } from "./mailbox.ts";
import type { Mailboxes } from "./mailboxes.ts";
import type { Policies } from "./policies.ts";

export * from "./mailbox.ts";

export interface Store extends AsyncDisposable {
  readonly users: Users;
  readonly aliases: Aliases;
  readonly mailboxes: Mailboxes;
  readonly mail: Mail;
  readonly queue: Queue;
  readonly history: History;
  readonly policies: Policies;
  /**
   * Takes responsibility for a message: all its deliveries in one transaction, durable when it
   * resolves (in SQLite: after COMMIT has returned). When it rejects, nothing of it is there.
   * Reports about the message are accepted in the same transaction.
   * @throws {StoreError} `unknown` when an account or a mailbox is not there
   */
  accept(message: Accepted, reports?: readonly Accepted[]): Promise<void>;
  /**
   * Says that a message is on its way, for which a commit may wait less than a millisecond. What it
   * gives is called when that has come, or will not; calling it twice is harmless.
   */
  expect(): () => void;
  /** Everything that is wrong with the store, in words; empty when its invariants hold. */
  check(): Promise<readonly string[]>;
  /**
   * Copies everything, as it is at some moment of the call, into a new directory, while others go
   * on to use the store. Durable when it resolves; when it rejects, nothing is left there.
   * @throws {StoreError} `exists` when something is there already, `unwritable` when the system
   * does not let us, `unknown` when the store has no directory itself
   */
  backup(directory: string): Promise<void>;
  /**
   * Gives some of the space that the store has and does not use back to the disk; for when that is
   * short of it. The more often it is called, the more it gives.
   */
  giveBack(): Promise<void>;
}

export interface Accepted {
  readonly id: MessageId;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  /** Trace fields in front. Stored once, whatever the number of deliveries. */
  readonly content: Body;
  /** At least one, or nothing would ever remove the content. */
  readonly deliveries: readonly Delivery[];
  /** For history. */
  readonly origin?: Origin;
}

export type Delivery =
  | MailboxDelivery
  | {
    readonly to: "queue";
    readonly hop: HopId;
    readonly recipient: Recipient;
    /** Milliseconds since 1970. */
    readonly dueAt: number;
  };

export interface MailboxDelivery {
  readonly to: "mailbox";
  readonly account: AccountId;
  readonly mailbox: string;
  /** What final delivery puts in front (Return-Path); what readers get is prefix + content. */
  readonly prefix: Uint8Array;
}

/** A next hop: the recipient's domain. Where it leads is asked anew at each attempt. */
export type HopId = string;
/**
 * What hops share that are reached in the same way, such as all domains behind one smarthost. A hop
 * that shares with nobody is its own way.
 */
export type WayId = string;
export type QueuedId = number;
/** A taken recipient; valid until it is settled or given back. */
export type Token = string;

export interface Hop {
  readonly hop: HopId;
  /** When its oldest due recipient became due, or that of another hop that shares its way. */
  readonly dueAt: number;
}

export interface Taken {
  readonly token: Token;
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  readonly recipient: Recipient;
  readonly content: Body;
  /** Attempts that were made before this one. */
  readonly attempts: number;
}

/**
 * How long a recipient may wait, in milliseconds from its message's acceptance, or from its release
 * where that was held (RFC 4865).
 */
export interface Patience {
  /** Then the sender is told of the delay, once; `null`: never. */
  readonly warnAfterMs: number | null;
  /** Then the recipient is given up. */
  readonly giveUpAfterMs: number;
}

/** Nobody is warned, and nobody is given up. */
export const NO_HURRY: Patience = { warnAfterMs: null, giveUpAfterMs: Infinity };

/** A recipient that was taken because of its age, not because it may be tried. */
export interface Overdue extends Taken {
  /**
   * `age`: it is to be given up; `deadline`: that of its message has come (`Envelope.by`);
   * `delay`: its sender is to be told that it is late.
   */
  readonly why: "age" | "deadline" | "delay";
  /**
   * What it waits because of: the answer to its last attempt, or to that of its hop; `null` where
   * nothing was tried.
   */
  readonly lastReply: Reply | null;
}

export type Verdict =
  /** The recipient has its outcome: accepted by the next server, or reported, or recorded. */
  | { readonly do: "finish"; readonly outcome: "relayed" | "failed"; readonly reply: Reply }
  /**
   * It was held for an address here, and now goes where that leads, its content unmoved: into
   * mailboxes and, under other recipients, into the queue; nowhere, where all that it leads to are
   * lists, whose copies are accepted with it. A mailbox that has the message already, under another
   * name of its owner, gets no second copy.
   */
  | {
    readonly do: "deliver";
    /** `queued`: it led to one address elsewhere; `expanded`: to several. */
    readonly outcome: "delivered" | "expanded" | "queued";
    readonly deliveries: readonly Delivery[];
    readonly reply: Reply;
  }
  | { readonly do: "retry"; readonly dueAt: number; readonly reply: Reply }
  /**
   * Its sender was told that it is late, or did not want to be; it waits on as before. Beyond its
   * deadline it counts as told of the delay as well.
   */
  | { readonly do: "wait"; readonly past: "deadline" | "delay"; readonly reply: Reply };

/** A taken recipient's verdict, and what history says about it. */
export type Settling = readonly [token: Token, verdict: Verdict, note?: Note];

/** One queued recipient, for the operator. */
export interface Queued {
  /** Rises with acceptance and is never used again; the mark for the next page. */
  readonly id: QueuedId;
  readonly message: MessageId;
  readonly acceptedAt: number;
  readonly size: number;
  readonly sender: Address | null;
  readonly recipient: Address;
  readonly hop: HopId;
  readonly dueAt: number;
  /** Since when it could be delivered: its acceptance, or the end of its hold (RFC 4865). */
  readonly waitingSince: number;
  /** Attempts at itself. */
  readonly attempts: number;
  /** Since its acceptance, the times at which its hop could not be reached, as far as known. */
  readonly unreached: number;
  /** What its last attempt, or the deferral of its hop, was answered; `null` before the first. */
  readonly lastReply: Reply | null;
  /** Whether it is being delivered just now. */
  readonly taken: boolean;
  /** Why the operator holds it; `null` where nobody does. */
  readonly held: string | null;
}

/**
 * RFC 6710 §5.1: higher priorities go first. As a message grows older it overtakes them, so that a
 * stream of important mail holds up nothing for ever: -9 waits at most three hours longer than 9.
 */
export const PRIORITY_HEAD_START_MS = 10 * 60_000;

/**
 * Content that one call of `take` keeps in memory, and the recipient that reached it: with many
 * deliveries under way, so much for each of them must fit.
 */
export const TAKEN_BYTES_MAX = 1024 * 1024;

export interface Queue {
  /**
   * Next hops that have due work which nobody has taken, the longest waiting first; with a state,
   * only those that are `down` (put off, and not `reached` since), or those that are not. Of hops
   * that share a way only the one whose turn it is, in the place of the longest waiting of them; of
   * a way of which some are down and some are not, one of each.
   */
  ready(now: number, max: number, state?: "up" | "down"): Promise<readonly Hop[]>;
  /**
   * Takes due recipients of one hop, at most `max` and {@linkcode TAKEN_BYTES_MAX}. Senders take
   * turns, from one call to the next, so that nobody waits behind all that another has sent. Of one
   * sender the oldest go first, where one of a higher priority counts as older by
   * {@linkcode PRIORITY_HEAD_START_MS} for each step. Hops that share a way take turns as well:
   * after a call it is the next one's, by name. With one owner of the data directory, taking
   * is a fact in memory: it costs no commit, and opening the store forgets it.
   */
  take(hop: HopId, now: number, max: number): Promise<readonly Taken[]>;
  /**
   * Takes recipients, at most `max`, for which a time has come, whatever the state of their hop:
   * their message was to be delivered by then (`Envelope.by`), and that was not dealt with; or they
   * were put off until later, and are older than `patience` allows (for ever, where it is left
   * out). What is due is tried first.
   */
  overdue(now: number, max: number, patience?: Patience): Promise<readonly Overdue[]>;
  /** Gives back what was taken and not tried; stale tokens are ignored. */
  release(tokens: readonly Token[]): void;
  /**
   * A dead hop: nothing of it is due before `until`, nor of any other that shares its way; one row
   * for each hop, not one for each message. A hop that comes up while its way is down is put off
   * with the others. Passed over when nothing waits for that hop, so that strangers cannot fill the
   * store with names. History remembers `at`, when it was tried.
   */
  defer(hop: HopId, until: number, reply: Reply, at?: number): Promise<void>;
  /** A hop that was put off has answered: neither it nor any that shares its way is down. */
  reached(hop: HopId): Promise<void>;
  /**
   * Says which hops share a way, from now on until the store is closed. Before, every hop is its
   * own. What is down stays so. `wayOf` always gives the same, and at once.
   */
  setWays(wayOf: (hop: HopId) => WayId): void;
  /**
   * Records outcomes and accepts the reports about them, all in one transaction.
   * Gives the tokens that were stale (dropped meanwhile, or settled before); those are ignored, and
   * where all of them are, so are the reports.
   * @throws {StoreError} `unknown` when an account or a mailbox is not there
   */
  settle(
    verdicts: readonly Settling[],
    reports: readonly Accepted[],
  ): Promise<readonly Token[]>;
  /** When the next recipient that nobody has taken is due or overdue; `null` when none waits. */
  nextDueAt(patience?: Patience): MaybePromise<number | null>;
  /** How many recipients wait. */
  size(): MaybePromise<number>;
  /** Grows whenever `nextDueAt` may have become earlier: new work, a retry, what is given back. */
  version(): number;
  /**
   * Resolves when `version()` is past `since`: at once when it is already.
   * Rejects with the signal's reason when that is aborted first.
   */
  changed(since: number, signal: AbortSignal): Promise<void>;
  /**
   * Everything that waits, or what waits of one message, by acceptance; at most `max` recipients,
   * those behind `after`.
   */
  list(options: {
    readonly after?: QueuedId;
    readonly max: number;
    readonly message?: MessageId;
  }): Promise<readonly Queued[]>;
  /** The content of a queued message; `null` when it is not queued. */
  content(message: MessageId): Promise<Body | null>;
  /**
   * Makes everything (or one message) due at `now`, also where a hop was deferred; gives how many
   * recipients. Those that are being delivered just now, and those that are held, by the operator
   * or by their sender (RFC 4865), are left alone and not counted.
   */
  retry(now: number, message?: MessageId): Promise<number>;
  /** The same for all that wait for one hop. */
  flush(now: number, hop: HopId): Promise<number>;
  /**
   * What is due after `latest` is due at `now` instead, hops as well: the clock was set back, and
   * no schedule reaches so far. What has waited since a time that lies ahead has waited since
   * `now`. What its sender holds (RFC 4865) keeps its hour. Gives how many recipients and hops are
   * due earlier.
   */
  hasten(now: number, latest: number): Promise<number>;
  /**
   * The operator's word: what waits of a message (or everything) is not tried, and does not expire,
   * until it is released, also after a restart. What is being delivered just now comes to its end,
   * and is held when it has to wait again. Gives how many recipients are held that were not before.
   */
  hold(options: HoldOptions): Promise<number>;
  /** Takes back what `hold` did: everything is due when it would have been. Gives how many. */
  unhold(now: number, message?: MessageId): Promise<number>;
  /**
   * Forgets a message's recipients without a report: the operator's word, at this time. Gives how
   * many.
   */
  drop(message: MessageId, at?: number): Promise<number>;
}

export interface HoldOptions {
  /** Without it, everything that waits. */
  readonly message?: MessageId;
  /** In words, for whoever looks at the queue later. */
  readonly reason: string;
  readonly at: number;
}

/**
 * What a caller may want to tell apart; whatever else a store throws is a failure of its own. After
 * any of them nothing is half done, and the store can be used again when the cause is gone.
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export type StoreErrorKind =
  | "exists"
  | "unknown"
  | "limit" // there may not be more of it (docs/limits.md)
  | "locked" // another process has the data directory
  | "newer" // a newer version wrote the data directory
  | "unwritable" // a copy cannot be made there
  | "closed" // the store was closed before or meanwhile
  | "full" // the disk has no room left
  | "readOnly" // the file, or its disk, cannot be written
  | "busy" // another program holds the database, or more waits already than memory should hold
  | "corrupt" // the database is damaged
  | "io"; // the disk could not do what it was asked
