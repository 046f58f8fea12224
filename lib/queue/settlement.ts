/**
 * Recording what became of taken recipients: outcomes, and the reports to senders, in one
 * transaction; and one line of the log for each.
 */
import { describeError, type Log } from "../log.ts";
import { formatAddress } from "../mail/address.ts";
import { bytesOf } from "../mail/body.ts";
import type { ReportedAction } from "../mail/report.ts";
import type { World } from "../net/world.ts";
import { type Reply, textOf } from "../smtp/reply.ts";
import type { Note } from "../store/history.ts";
import type { Accepted, MessageId, Store, Taken, Verdict } from "../store/store.ts";
import { PROBE_AFTER_MS, waitMs } from "./schedule.ts";

/** A recipient that the sender may have to be told about, with the words that say what became. */
export interface Reportable {
  readonly taken: Taken;
  readonly action: ReportedAction;
  readonly reply: Reply;
  /** Who said it; `null` when it was this server. */
  readonly remote: string | null;
  /** Until when it is tried, in milliseconds since 1970; `null` when it is not tried again. */
  readonly triedUntil: number | null;
  /** The original content. */
  readonly content: Uint8Array;
}

/** What became of a recipient. */
export interface Outcome {
  readonly taken: Taken;
  readonly verdict: Verdict;
  /** What the sender is told about it; `null`: nothing. */
  readonly action: ReportedAction | null;
  /** The server whose words the verdict has; `null` when they are ours. */
  readonly speaker: string | null;
  /** Whether the next server may have taken the message without our knowing. */
  readonly uncertain?: boolean;
  /** What lists send on: accepted in the same transaction. */
  readonly copies?: readonly Accepted[];
  /** Until when it is tried, in milliseconds since 1970; `null` when it is not tried again. */
  readonly triedUntil: number | null;
}

/** What the log says about a delivery: where it went, and how long it took. */
export interface Delivery {
  readonly via: string | null;
  /** Version and cipher. */
  readonly tls: string | null;
  readonly ms: number;
}

/** Nothing was sent anywhere. */
export const NO_DELIVERY: Delivery = { via: null, tls: null, ms: 0 };

export interface SettlementOptions {
  readonly world: World;
  readonly store: Store;
  readonly log: Log;
  /** The report about recipients of one message; `null` where there must be none. */
  readonly report: (outcomes: readonly Reportable[]) => Accepted | null;
}

/**
 * Records outcomes of one message, however long it takes: what the other side has said must not be
 * asked for again, for it would take the message a second time. Rejects when `signal` is aborted.
 */
export async function settle(
  options: SettlementOptions,
  outcomes: readonly Outcome[],
  { delivery, signal }: { readonly delivery: Delivery; readonly signal: AbortSignal },
): Promise<void> {
  const { world, log } = options;
  for (let failures = 1;; failures++) {
    try {
      return await settleOnce(options, outcomes, delivery);
    } catch (error) {
      log.error("settle-failed", {
        id: outcomes[0]!.taken.message,
        reason: describeError(error),
      });
    }
    const pauseMs = waitMs(PROBE_AFTER_MS, failures, world.random.fraction());
    await world.clock.sleep(pauseMs, signal);
  }
}

/** Records them, or rejects. */
export async function settleOnce(
  options: SettlementOptions,
  outcomes: readonly Outcome[],
  delivery: Delivery,
): Promise<void> {
  const report = await reportOf(options, outcomes);
  const stale = await options.store.queue.settle(
    outcomes.map((outcome) => [
      outcome.taken.token,
      outcome.verdict,
      noteOf(outcome, { at: options.world.clock.now(), delivery, report }),
    ]),
    [...(report === null ? [] : [report]), ...outcomes.flatMap(({ copies = [] }) => copies)],
  );
  for (const outcome of outcomes) {
    if (!stale.includes(outcome.taken.token)) {
      logOutcome(options.log, outcome, { delivery, report });
      logCopies(options.log, outcome.taken.message, outcome.copies ?? []);
    }
  }
}

/** What history says about an outcome. */
function noteOf(
  outcome: Outcome,
  { at, delivery, report }: {
    readonly at: number;
    readonly delivery: Delivery;
    readonly report: Accepted | null;
  },
): Note {
  return {
    at,
    via: delivery.via,
    tls: delivery.tls,
    report: outcome.action === null || report === null ? null : report.id,
    unreported: isFailure(outcome.verdict) ? whyUnreported(outcome, report) : null,
    uncertain: outcome.uncertain ?? false,
  };
}

/** Design, promise 2: an outcome that nobody is told is at least written down. */
function whyUnreported({ taken, action }: Outcome, report: Accepted | null): string | null {
  if (action === null) return NOT_WANTED;
  if (report !== null) return null;
  // What else `makeReport` has against a report.
  return taken.envelope.sender === null
    ? "the sender is null"
    : "the sender has no account any more";
}

const NOT_WANTED = "the sender asked not to hear of it";

async function reportOf(
  { report, log }: SettlementOptions,
  outcomes: readonly Outcome[],
): Promise<Accepted | null> {
  const reported = outcomes.filter(({ action }) => action !== null);
  if (reported.length === 0) return null;
  const content = await readContent(reported[0]!.taken, log);
  return report(
    reported.map(({ taken, verdict, action, speaker, triedUntil }) => ({
      taken,
      action: action!,
      reply: verdict.reply,
      remote: speaker,
      triedUntil,
      content,
    })),
  );
}

/** A report without the original is better than none, where the store has lost it. */
async function readContent({ message, content }: Taken, log: Log): Promise<Uint8Array> {
  try {
    return await bytesOf(content);
  } catch (error) {
    log.error("unreadable", { id: message, reason: describeError(error) });
    return new Uint8Array(0);
  }
}

/** By which ids what lists send on can be followed. */
export function logCopies(log: Log, id: MessageId, copies: readonly Accepted[]): void {
  for (const { id: as, envelope: { sender }, deliveries } of copies) {
    const from = sender === null ? "<>" : formatAddress(sender);
    log.info("redistributed", { id, as, from, recipients: deliveries.length });
  }
}

function logOutcome(
  log: Log,
  { taken, verdict, action, uncertain }: Outcome,
  { delivery, report }: { readonly delivery: Delivery; readonly report: Accepted | null },
): void {
  const { sender } = taken.envelope;
  log.info(eventOf(verdict), {
    id: taken.message,
    from: sender === null ? "<>" : formatAddress(sender),
    to: formatAddress(taken.recipient.address),
    via: delivery.via,
    tls: delivery.tls,
    attempt: taken.attempts + 1,
    ms: delivery.ms,
    reply: textOf(verdict.reply),
    // What was perhaps taken is tried again, and may then arrive twice.
    ...(uncertain ? { uncertain } : {}),
    report: action !== null && report !== null ? report.id : null,
  });
  if (action === null && isFailure(verdict)) {
    log.warn("not-reported", {
      id: taken.message,
      to: formatAddress(taken.recipient.address),
      reason: NOT_WANTED,
      reply: textOf(verdict.reply),
    });
  }
}

function eventOf(verdict: Verdict): string {
  switch (verdict.do) {
    case "retry":
      return "deferred";
    case "wait":
      return "delayed";
    case "deliver":
    case "finish":
      return verdict.outcome;
  }
}

function isFailure(verdict: Verdict): boolean {
  return verdict.do === "finish" && verdict.outcome === "failed";
}
