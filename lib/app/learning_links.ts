/** What next hops say about recipients is learnt from all that is done there. */
import { formatAddress } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Clock } from "../net/world.ts";
import { type Asked, type Heard, isAboutAddress, type Verdicts } from "../policy/verdicts.ts";
import type { Links } from "../queue/link.ts";
import { type Target, targetText } from "../queue/target.ts";
import type { Attempt } from "../smtp/client.ts";
import { isPositive } from "../smtp/reply.ts";

/**
 * The same connections, from which is learnt what next hops say about recipients: to questions, and
 * as well to deliveries, which know better.
 */
export function learningLinks(links: Links, verdicts: Verdicts, clock: Clock): Links {
  return {
    ...links,
    async perform(to, job, options) {
      const performed = await links.perform(to, job, options);
      const hop = targetText(to);
      const nowMs = clock.monotonicMs();
      if (!performed.done) verdicts.remember(aboutHop(hop), { kind: "unknown" }, nowMs);
      else {
        verdicts.forgetHop(hop);
        for (const attempt of performed.attempts) {
          const heard = heardFrom(attempt, to);
          const asked = aboutRecipient(hop, job.envelope, attempt.recipient);
          if (heard !== null) verdicts.remember(asked, heard, nowMs);
        }
      }
      return performed;
    },
  };
}

/**
 * What an attempt shows about its recipient; `null`: nothing, or nothing that is true for others.
 */
function heardFrom({ at, result, reply }: Attempt, target: Target): Heard | null {
  if (reply === null || (at !== "rcpt" && at !== "data")) return null;
  // Behind the message, only LMTP speaks of each recipient (RFC 2033 §4.2).
  const isOwn = at === "rcpt" || isLmtp(target);
  if (result === "refused" && isOwn) {
    return isAboutAddress(reply) ? { kind: "refused", reply } : null;
  }
  return at === "data" || isPositive(reply) ? { kind: "taken" } : { kind: "unknown" };
}

function isLmtp(target: Target): boolean {
  return target.kind === "named" && target.endpoint.protocol === "lmtp";
}

/** A next hop as such. */
export function aboutHop(hop: string): Asked {
  return { hop, recipient: null, nullSender: false };
}

/** One recipient there. */
export function aboutRecipient(hop: string, { sender }: Envelope, { address }: Recipient): Asked {
  return { hop, recipient: formatAddress(address), nullSender: sender === null };
}
