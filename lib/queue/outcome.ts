/** What an attempt means for a queued recipient: pure. */
import { durationText } from "../duration.ts";
import { type Envelope, type Recipient, wantsReport } from "../mail/envelope.ts";
import type { ReportedAction } from "../mail/report.ts";
import type { Attempt } from "../smtp/client.ts";
import type { Extensions } from "../smtp/ehlo.ts";
import { isPositive, type Reply, reply } from "../smtp/reply.ts";
import type { Accepted, Delivery, Overdue, Patience, Taken, Verdict } from "../store/store.ts";
import { EXPANSION_REPLIES, type ExpansionFault } from "./expand.ts";
import { type RetrySchedule, waitMs } from "./schedule.ts";

/** The words for an attempt in which the server said nothing. */
const NO_ANSWER = reply(450, "4.4.2", "The connection was lost before there was an answer");
/** The words about a recipient that was never tried. */
const NOT_TRIED = reply(450, "4.4.7", "Not delivered yet");

/** When an attempt was made, and what it was to be tried again after. */
export interface Moment {
  readonly now: number;
  readonly schedule: RetrySchedule;
  /** Random in [0, 1), for the next wait. */
  readonly fraction: number;
}

/**
 * `failed` is reported to the sender; `unknown` is tried again, and may arrive twice. Whether it is
 * too old to be tried again is seen when it is put off: see `Queue.overdue`.
 */
export function verdictOf(
  taken: Pick<Taken, "attempts">,
  attempt: Pick<Attempt, "result" | "reply">,
  { now, schedule, fraction }: Moment,
): Verdict {
  const words = wordsOf(attempt);
  switch (attempt.result) {
    case "delivered":
      return { do: "finish", outcome: "relayed", reply: words };
    case "refused":
      return { do: "finish", outcome: "failed", reply: words };
    case "deferred":
    case "unknown":
      return {
        do: "retry",
        dueAt: now + waitMs(schedule.retryAfterMs, taken.attempts + 1, fraction),
        reply: words,
      };
  }
}

/** Where a recipient here leads whose message was held, or why it leads nowhere. */
export type Release = Released | ExpansionFault;

export interface Released {
  readonly outcome: "delivered" | "expanded" | "queued";
  readonly deliveries: readonly Delivery[];
  /** What lists send on, which is accepted together with the outcome. */
  readonly copies: readonly Accepted[];
}

/** What its release means for a recipient here; what leads too far may be mended. */
export function verdictHere(
  taken: Pick<Taken, "attempts">,
  release: Release,
  moment: Moment,
): Verdict {
  if (typeof release === "string") {
    const result = release === "tooFar" ? "deferred" : "refused";
    return verdictOf(taken, { result, reply: EXPANSION_REPLIES[release] }, moment);
  }
  const { outcome, deliveries } = release;
  const words = outcome === "delivered" ? "Delivered" : "Passed on";
  return { do: "deliver", outcome, deliveries, reply: reply(250, "2.0.0", words) };
}

/** What it means for a recipient that still waits that one of its times has come. */
export function verdictOnLate(
  { why, envelope, lastReply }: Pick<Overdue, "why" | "envelope" | "lastReply">,
  patience: Patience,
): Verdict {
  const last = lastReply ?? NOT_TRIED;
  switch (why) {
    case "age":
      return expired(last, patience);
    case "deadline":
      return beyondDeadline(envelope);
    case "delay":
      return { do: "wait", past: "delay", reply: last };
  }
}

/** RFC 2852 §4.1.3 */
function beyondDeadline({ by }: Envelope): Verdict {
  if (by?.mode === "return") {
    const words = reply(550, "5.4.7", "Not delivered by the time that its sender set");
    return { do: "finish", outcome: "failed", reply: words };
  }
  const words = reply(450, "4.4.7", "Not delivered yet; its time is over");
  return { do: "wait", past: "deadline", reply: words };
}

/** RFC 3463 §3.5: delivery time expired; the last words of the other side are kept. */
function expired({ code, lines }: Reply, { giveUpAfterMs }: Patience): Verdict {
  const within = durationText(giveUpAfterMs);
  const words = reply(550, "5.4.7", `Not delivered in ${within}: ${code} ${lines[0]}`);
  return { do: "finish", outcome: "failed", reply: words };
}

/** What the sender is to be told about a verdict, if anything; `offered` by the next server. */
export function actionToReport(
  verdict: Verdict,
  { recipient, envelope }: Pick<Taken, "recipient" | "envelope">,
  { offered, now }: { readonly offered: Extensions; readonly now: number },
): ReportedAction | null {
  switch (verdict.do) {
    case "retry":
      return null;
    case "wait":
      // Nobody can be told about a report that is late, and nothing is lost yet.
      return wantsReport(recipient, "DELAY") && envelope.sender !== null ? "delayed" : null;
    case "deliver":
      // RFC 3461 §5.2.7.2: whoever alone gets what was asked for says it.
      if (verdict.outcome === "queued" || !wantsReport(recipient, "SUCCESS")) return null;
      return verdict.outcome;
    case "finish": {
      if (verdict.outcome === "failed") return wantsReport(recipient, "FAILURE") ? "failed" : null;
      const told = lastWordIsOurs(recipient, offered) ||
        leavesTrace(recipient, envelope, offered, now);
      return told ? "relayed" : null;
    }
  }
}

/**
 * RFC 3461 §5.2.6: a server that announces DSN has taken over the request for a report of success;
 * to one that does not it cannot be passed on, so we say that the message went there (§5.2.2 (b)).
 */
function lastWordIsOurs(recipient: Recipient, offered: Extensions): boolean {
  return wantsReport(recipient, "SUCCESS") && !offered.dsn;
}

/**
 * RFC 2852 §4.1.4 and §4.1.4.2: who asked for a trace, or loses track of a deadline that has not
 * come yet, is told where the message went, unless nothing is to be told (NOTIFY=NEVER).
 */
function leavesTrace(
  { notify }: Recipient,
  { by }: Envelope,
  offered: Extensions,
  now: number,
): boolean {
  if (by === undefined || notify?.length === 0) return false;
  return by.trace || (by.mode === "notify" && now < by.at && offered.deliverBy === null);
}

/** A recipient that was taken and whose content was not says `250`, which explains nothing. */
function wordsOf({ result, reply }: Pick<Attempt, "result" | "reply">): Reply {
  if (reply === null) return NO_ANSWER;
  return isPositive(reply) && result !== "delivered" ? NO_ANSWER : reply;
}
