/** One message on its way to recipients of one hop: where to, what they said, and settling it. */
import { describeError } from "../log.ts";
import type { Body } from "../mail/body.ts";
import { NO_EXTENSIONS } from "../smtp/ehlo.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import type { HopId, Overdue, Taken, Verdict } from "../store/store.ts";
import type { Links, PerformedVia } from "./link.ts";
import { actionToReport, type Release, verdictHere, verdictOf, verdictOnLate } from "./outcome.ts";
import { type RetrySchedule, triedUntil } from "./schedule.ts";
import {
  type Delivery,
  NO_DELIVERY,
  type Outcome,
  settle,
  type SettlementOptions,
  settleOnce,
} from "./settlement.ts";
import type { Target, Targets } from "./target.ts";

export interface DeliveryOptions extends SettlementOptions {
  readonly links: Links;
  readonly targets: Targets;
  readonly schedule: RetrySchedule;
  /** Where recipients here lead, for each of them: one message that was held for them. */
  readonly release: (group: readonly Taken[]) => readonly Release[];
}

/**
 * One delivery, whatever the other side does; ten minutes are RFC 5321's for the final reply alone.
 */
const DELIVERY_TIMEOUT_MS = 20 * 60_000;
/** Where our own store has lost a message, or its disk is ill, others go on. */
const UNREADABLE = reply(451, "4.3.0", "This server cannot read the message just now");

export interface Delivered {
  /** Why the hop cannot be reached, so that the rest waits too; `null`: it can. */
  readonly unreachable: Reply | null;
  /** Whether outcomes are recorded; else the recipients are as they were. */
  readonly isSettled: boolean;
}

const SETTLED: Delivered = { unreachable: null, isSettled: true };

/** To recipients of one message. Rejects when `signal` is aborted before outcomes are recorded. */
export async function deliver(
  options: DeliveryOptions,
  hop: HopId,
  group: readonly Taken[],
  signal: AbortSignal,
): Promise<Delivered> {
  const aim = await options.targets.of(hop, signal);
  switch (aim.kind) {
    case "refused": {
      const verdict = { do: "finish", outcome: "failed", reply: aim.reply } as const;
      await settleAll(options, group.map((taken) => ownOutcome(options, taken, verdict)), signal);
      return SETTLED;
    }
    case "local":
      await deliverHere(options, group);
      return SETTLED;
    case "target":
      return await relay(options, aim.target, group, signal);
    case "later":
      return { unreachable: aim.reply, isSettled: false };
  }
}

/** Of recipients of one message, for which a time has come. */
export async function concludeLate(
  options: DeliveryOptions,
  group: readonly Overdue[],
  signal: AbortSignal,
): Promise<void> {
  const outcomes = group.map((late) =>
    ownOutcome(options, late, verdictOnLate(late, options.schedule))
  );
  await settleAll(options, outcomes, signal);
}

async function relay(
  options: DeliveryOptions,
  target: Target,
  group: readonly Taken[],
  signal: AbortSignal,
): Promise<Delivered> {
  const { world, links, log } = options;
  const startedMs = world.clock.monotonicMs();
  const { envelope, message } = group[0]!;
  const { content, fault } = watched(group[0]!.content);
  const recipients = group.map((each) => each.recipient);
  const performed = await links.perform(target, { do: "send", envelope, content, recipients }, {
    timeoutMs: DELIVERY_TIMEOUT_MS,
    signal,
  });
  const error = fault();
  if (error !== null) {
    log.error("unreadable", { id: message, reason: describeError(error.cause) });
    await deferAll(options, group, UNREADABLE, signal);
    return SETTLED;
  }
  if (!performed.done) {
    const { words, concerns } = performed;
    // Another message is tried first then, which may fare better.
    const isSettled = concerns !== undefined && !signal.aborted;
    if (isSettled) await deferAll(options, group, words, signal);
    return { unreachable: concerns === "job" ? null : words, isSettled };
  }
  const goodbye = goodbyeOf(performed);
  if (goodbye !== null) {
    // One that comes at each sight of a recipient must not come at each probe.
    const isSettled = performed.attempts.every(({ at }) => at === "rcpt");
    if (isSettled) await deferAll(options, group, goodbye, signal);
    return { unreachable: goodbye, isSettled };
  }
  const ms = Math.round(world.clock.monotonicMs() - startedMs);
  const tls = performed.tls === null ? null : `${performed.tls.version} ${performed.tls.cipher}`;
  const outcomes = outcomesOf(options, group, performed);
  await settleAll(options, outcomes, signal, { via: performed.via, tls, ms });
  return SETTLED;
}

/** Each is tried again on its own schedule. */
async function deferAll(
  options: DeliveryOptions,
  group: readonly Taken[],
  words: Reply,
  signal: AbortSignal,
): Promise<void> {
  const attempt = { reply: words, result: "deferred" } as const;
  const outcomes = group.map((taken) =>
    ownOutcome(options, taken, verdictOf(taken, attempt, momentOf(options)))
  );
  await settleAll(options, outcomes, signal);
}

type Done = PerformedVia & { readonly done: true };

function outcomesOf(
  options: DeliveryOptions,
  group: readonly Taken[],
  { attempts, serverName, host, extensions }: Done,
): readonly Outcome[] {
  const moment = momentOf(options);
  return group.map((taken, at): Outcome => {
    const attempt = attempts[at]!;
    const verdict = verdictOf(taken, attempt, moment);
    const theirs = verdict.reply === attempt.reply && attempt.at !== "hello";
    const action = actionToReport(verdict, taken, { offered: extensions, now: moment.now });
    const speaker = theirs ? serverName || host : null;
    const uncertain = attempt.result === "unknown";
    return { taken, verdict, action, speaker, triedUntil: null, uncertain };
  });
}

/**
 * RFC 5321 §3.8: 421 is about the server and not about the recipients, so nothing more is asked of
 * it for a while. One that it says behind the content is about the message, too.
 */
function goodbyeOf({ attempts }: Done): Reply | null {
  const all = attempts.every(({ at, reply }) => at !== "data" && reply?.code === 421);
  return all ? attempts[0]!.reply : null;
}

/** Not held to its verdict as what was sent is: an account may go before it is recorded. */
async function deliverHere(options: DeliveryOptions, group: readonly Taken[]): Promise<void> {
  const outcomes = options.release(group).map((released, at): Outcome => {
    const taken = group[at]!;
    const verdict = verdictHere(taken, released, momentOf(options));
    const copies = typeof released === "string" ? [] : released.copies;
    return { ...ownOutcome(options, taken, verdict), copies };
  });
  await settleOnce(options, outcomes, NO_DELIVERY);
}

/** For a recipient that nobody was asked about. */
function ownOutcome(options: DeliveryOptions, taken: Taken, verdict: Verdict): Outcome {
  const now = options.world.clock.now();
  return {
    taken,
    verdict,
    action: actionToReport(verdict, taken, { offered: NO_EXTENSIONS, now }),
    speaker: null,
    triedUntil: verdict.do === "wait" ? triedUntil(taken, options.schedule) : null,
  };
}

function momentOf({ world, schedule }: DeliveryOptions) {
  return { now: world.clock.now(), schedule, fraction: world.random.fraction() };
}

async function settleAll(
  options: DeliveryOptions,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
  delivery: Delivery = NO_DELIVERY,
): Promise<void> {
  await settle(options, outcomes, { delivery, signal });
}

/** The same content, and whether reading it has failed: that is no fault of the next server. */
function watched(content: Body): {
  readonly content: Body;
  readonly fault: () => { readonly cause: unknown } | null;
} {
  let found: { readonly cause: unknown } | null = null;
  return {
    content: {
      size: content.size,
      async slice(from, to) {
        try {
          return await content.slice(from, to);
        } catch (cause) {
          found = { cause };
          throw cause;
        }
      },
    },
    fault: () => found,
  };
}
