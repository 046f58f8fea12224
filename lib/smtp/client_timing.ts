/** Deadlines (DELIVERBY, RFC 2852) on their way to the next server. */
import {
  type DeliverBy,
  type Envelope,
  NOTIFY_CONDITIONS,
  type NotifyCondition,
  type Recipient,
} from "../mail/envelope.ts";
import type { Extensions } from "./ehlo.ts";
import { type Reply, reply } from "./reply.ts";

/**
 * RFC 2852 §4.1.4.1: what has to come back in time goes only to a server that knows DELIVERBY, and
 * whose minimum is not more than what is left.
 */
export function tooLate(
  extensions: Extensions,
  by: DeliverBy | undefined,
  now: number,
): Reply | null {
  if (by === undefined || by.mode === "notify") return null;
  const left = secondsLeft(by, now);
  if (left <= 0) return reply(550, "5.4.7", "The time for its delivery is over");
  if (extensions.deliverBy === null) {
    return reply(550, "5.3.3", "The next server does not know DELIVERBY, which BY with R needs");
  }
  const { secondsMin } = extensions.deliverBy;
  if (left >= secondsMin) return null;
  return reply(550, "5.3.3", `The next server needs ${secondsMin} s, and there are ${left} left`);
}

/** The value of BY, RFC 2852 §4.1.4: with mode N the time may be over, and the figure negative. */
export function formatBy(by: DeliverBy, now: number): string {
  // RFC 2852 §4: nine digits at most.
  const seconds = Math.max(-BY_SECONDS_MAX, Math.min(secondsLeft(by, now), BY_SECONDS_MAX));
  return `${seconds};${by.mode === "return" ? "R" : "N"}${by.trace ? "T" : ""}`;
}

/**
 * RFC 2852 §4.1.4.2: a server that does not know the deadline of a message with mode N is asked for
 * reports of delay in its place, unless nobody wants any.
 */
export function notifyInTime(
  extensions: Extensions,
  { envelope: { by }, now }: { readonly envelope: Envelope; readonly now: number },
  { notify }: Recipient,
): readonly NotifyCondition[] | undefined {
  const inItsPlace = by?.mode === "notify" && by.at > now && extensions.deliverBy === null;
  if (!inItsPlace || notify?.length === 0) return notify;
  const wanted = notify ?? ["FAILURE"];
  return NOTIFY_CONDITIONS.filter((each) => each === "DELAY" || wanted.includes(each));
}

const BY_SECONDS_MAX = 999_999_999;

/** Rounded down: the next server must not have more time than there is. */
function secondsLeft({ at }: DeliverBy, now: number): number {
  return Math.floor((at - now) / 1000);
}
