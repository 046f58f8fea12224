/** Telling a sender that a message could not be delivered (RFC 5321 §6.1, RFC 3464). */
import { formatAddress } from "../mail/address.ts";
import { bodyOf } from "../mail/body.ts";
import { composeReport } from "../mail/report.ts";
import type { Failed } from "../queue/worker.ts";
import { textOf } from "../smtp/reply.ts";
import type { Accepted } from "../store/store.ts";
import { deliveriesTo } from "./accept.ts";
import { newMessageId, type Site } from "./site.ts";
import { routeOf } from "../queue/route.ts";

/**
 * The report about recipients of one message; `null` where there must be none, or nobody to get it.
 */
export function makeReport(site: Site, failed: readonly Failed[]): Accepted | null {
  const { taken, content } = failed[0]!;
  const { sender } = taken.envelope;
  // RFC 5321 §4.5.5: the null sender says that nobody is to be told; a report about a report would
  // loop.
  if (sender === null) return undeliverable(site, failed, "the sender is null");
  const isLocal = routeOf(sender.domain, site.routes).kind === "local";
  if (isLocal && site.accounts.ofAddress(sender) === null) {
    return undeliverable(site, failed, "the sender has no account any more");
  }
  const id = newMessageId(site.world);
  const at = site.world.clock.now();
  const report = composeReport({
    reportingMta: site.config.hostname,
    id,
    now: at,
    to: sender,
    arrivedAt: taken.acceptedAt,
    recipients: failed.map((each) => ({
      address: each.taken.recipient.address,
      action: "failed" as const,
      status: each.reply.status === "" ? "5.0.0" : each.reply.status,
      diagnostic: textOf(each.reply),
      remoteMta: each.remote,
      lastAttemptAt: at,
    })),
    originalHeader: content,
  });
  return {
    id,
    acceptedAt: at,
    envelope: { sender: null, body: "7BIT" },
    content: bodyOf(report),
    deliveries: deliveriesTo(site, [sender], null, at),
  };
}

/** Design, promise 2: an outcome that nobody can be told is at least written down. */
function undeliverable(site: Site, failed: readonly Failed[], reason: string): null {
  for (const { taken, reply } of failed) {
    site.log.warn("not-reported", {
      id: taken.message,
      to: formatAddress(taken.recipient.address),
      reason,
      reply: textOf(reply),
    });
  }
  return null;
}
