/** One message's way, as plain JSON. */
import { formatAddress } from "../mail/address.ts";
import { textOf } from "../smtp/reply.ts";
import type { Happening, MessageHistory, Origin, RecipientOutcome } from "../store/history.ts";
import { isoTime, type QueuedView, type QueueParts, waitingOf } from "./admin_queue.ts";
import { RefusedError } from "./refused.ts";

export interface TraceView {
  readonly id: string;
  /** The value of its Message-ID field, without the angle brackets. */
  readonly messageId: string | null;
  /** ISO 8601, as all times. */
  readonly accepted: string;
  readonly from: string;
  readonly bytes: number;
  /** `null` where it came before history was kept. */
  readonly origin: OriginView | null;
  /** Accounts that had it at once; `null` for one that was removed since. */
  readonly mailboxes: readonly (string | null)[];
  /** Recipients that were put into the queue. */
  readonly queued: readonly string[];
  /** Ids of the reports about it. */
  readonly reports: readonly string[];
  readonly happenings: readonly HappeningView[];
  /** Attempts in vain that are not kept any more. */
  readonly forgotten: number;
  /** Who still waits. */
  readonly waiting: readonly QueuedView[];
}

export type OriginView =
  | {
    readonly from: "peer";
    readonly peer: string;
    readonly hello: string;
    readonly user: string | null;
    readonly protocol: string;
    readonly tls: string | null;
    /** As the client named them. */
    readonly recipients: readonly string[];
    /** Its own sender, where a list has put its owner in that place. */
    readonly sender?: string;
  }
  /** A report of this server about that message. */
  | { readonly from: "report"; readonly about: string }
  /** What a list here sends on of that message. */
  | { readonly from: "list"; readonly message: string };

export type HappeningView =
  | {
    readonly what: "attempt";
    readonly at: string | null;
    /** `host:port`; `null` when nothing was sent anywhere. */
    readonly via: string | null;
    readonly tls: string | null;
    readonly outcomes: readonly OutcomeView[];
  }
  | { readonly what: "hold"; readonly at: string; readonly reason: string }
  | { readonly what: "release"; readonly at: string }
  | {
    readonly what: "drop";
    readonly at: string | null;
    readonly outcomes: readonly OutcomeView[];
  }
  | {
    readonly what: "unreached";
    readonly at: string;
    readonly hop: string;
    readonly until: string;
    readonly reply: string;
  };

export interface OutcomeView {
  readonly recipients: readonly string[];
  readonly outcome: RecipientOutcome["outcome"];
  /** Who was put into the queue in their place. */
  readonly queued: readonly string[];
  readonly reply: string | null;
  /** When it is tried again. */
  readonly due: string | null;
  /** The id of the report to the sender. */
  readonly report: string | null;
  /** Why an outcome that the sender should hear of was not reported. */
  readonly unreported: string | null;
  /** Whether the other side may have taken it all the same, so that it may arrive twice. */
  readonly uncertain: boolean;
}

/** Messages with the same Message-ID that are shown: the newest. */
const TRACES_MAX = 20;

/** @throws {RefusedError} when nothing is known about it */
export async function traceMessage(
  parts: QueueParts,
  name: string,
): Promise<readonly TraceView[]> {
  const found = await parts.store.history.find(name, TRACES_MAX);
  if (found.length === 0) {
    throw new RefusedError(
      "unknown",
      `nothing is known about a message ${name}: it never came, or its history is not kept any ` +
        "more (--keep-history-days)",
    );
  }
  return await Promise.all(
    found.map(async (history) => viewTrace(history, await waitingOf(parts, history.message))),
  );
}

function viewTrace(history: MessageHistory, waiting: readonly QueuedView[]): TraceView {
  const { message, acceptedAt, sender, size, origin, queued, happenings, ...rest } = history;
  return {
    ...rest,
    id: message,
    accepted: isoTime(acceptedAt),
    from: sender === null ? "<>" : formatAddress(sender),
    bytes: size,
    origin: origin === null ? null : viewOrigin(origin),
    queued: queued.map(formatAddress),
    happenings: happenings.map(viewHappening),
    waiting,
  };
}

function viewOrigin(origin: Origin): OriginView {
  if (origin.from !== "peer") return origin;
  const { sender, recipients, ...rest } = origin;
  return {
    ...rest,
    recipients: recipients.map(formatAddress),
    ...(sender === undefined ? {} : { sender: formatAddress(sender) }),
  };
}

function viewHappening(happening: Happening): HappeningView {
  const at = timeOrNull(happening.at);
  switch (happening.what) {
    case "attempt":
    case "drop":
      return { ...happening, at, outcomes: happening.outcomes.map(viewOutcome) };
    case "hold":
    case "release":
      return { ...happening, at: isoTime(happening.at) };
    case "unreached":
      return {
        ...happening,
        at: isoTime(happening.at),
        until: isoTime(happening.until),
        reply: textOf(happening.reply),
      };
  }
}

function viewOutcome(outcome: RecipientOutcome): OutcomeView {
  const { recipients, queued = [], reply, dueAt, ...rest } = outcome;
  return {
    ...rest,
    queued: queued.map(formatAddress),
    recipients: recipients.map(formatAddress),
    reply: reply === null ? null : textOf(reply),
    due: timeOrNull(dueAt),
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
