/** From what MAIL says to the envelope: times become points in time, and trust decides. */
import type { DeliverBy, Envelope, Hold } from "../mail/envelope.ts";
import type { MailCommand } from "../smtp/command.ts";
import type { FutureRelease } from "../smtp/ehlo.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import { type ByRequest, HOLD_SECONDS_MAX, type HoldRequest } from "../smtp/timing.ts";

export interface Circumstances {
  /** When MAIL was said, in milliseconds since 1970. */
  readonly now: number;
  /** The account that logged in. */
  readonly user: string | null;
}

/** RFC 4865 §3 (2): how far into the future messages are held, seen from now. */
export function futureReleaseAt(now: number): FutureRelease {
  return { secondsMax: HOLD_SECONDS_MAX, untilMax: now + HOLD_SECONDS_MAX * 1000 };
}

/** What goes on to the queue, or why it cannot; the size was a promise to us. */
export function envelopeOf(mail: MailCommand, { now, user }: Circumstances): Envelope | Reply {
  const { verb: _verb, from, size: _size, hold: asked, by: within, priority, ...rest } = mail;
  const hold = asked === undefined ? undefined : holdOf(asked, now);
  if (hold !== undefined && "code" in hold) return hold;
  const by = within === undefined ? undefined : deliverByOf(within, now);
  if (hold !== undefined && by !== undefined && hold.until > by.at) {
    return reply(501, "5.5.4", "It would be held beyond its deadline"); // RFC 4865 §5.2.2
  }
  return {
    ...rest,
    sender: from,
    ...(hold === undefined ? {} : { hold }),
    ...(by === undefined ? {} : { by }),
    ...(priority === undefined
      ? {}
      : { priority: user === null ? Math.min(priority, 0) : priority }),
  };
}

/**
 * RFC 6710 §4.1: whoever did not log in may lower the priority of mail, and not raise it; every
 * user of ours may do both. The reply to MAIL says so, with the new priority in front.
 */
export function senderTaken(mail: MailCommand, { priority }: Envelope): Reply {
  if (priority === mail.priority) return reply(250, "2.1.0", "Sender taken");
  return reply(250, "2.3.6", `${priority} is the new priority: log in to raise it`);
}

/** RFC 4865 §4.2 (7), (8) and (10). */
function holdOf(asked: HoldRequest, now: number): Hold | Reply {
  const until = "for" in asked ? now + asked.for * 1000 : asked.until;
  if (until > futureReleaseAt(now).untilMax) {
    return reply(501, "5.5.4", "Messages are not held as long as that");
  }
  if (until <= now) return reply(501, "5.5.4", "HOLDUNTIL does not lie ahead");
  return { until, request: "for" in asked ? `for;${asked.for}` : `until;${asked.text}` };
}

/** RFC 2852 §4: the by-time counts from MAIL on. */
function deliverByOf({ seconds, mode, trace }: ByRequest, now: number): DeliverBy {
  return { at: now + seconds * 1000, mode, trace };
}
