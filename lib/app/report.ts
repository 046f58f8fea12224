/** Telling a sender what became of a message (RFC 5321 §6.1, RFC 3461 §6, RFC 3464). */
import { formatAddress } from "../mail/address.ts";
import { bodyOf } from "../mail/body.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { composeReport, type ReportedAction } from "../mail/report.ts";
import { hasUtf8Header } from "../mail/utf8.ts";
import { decodeXtext } from "../mail/xtext.ts";
import type { Reportable } from "../queue/settlement.ts";
import { type Reply, textOf } from "../smtp/reply.ts";
import type { Accepted, MessageId } from "../store/store.ts";
import { isLocal, planDeliveries } from "./deliveries.ts";
import { newMessageId, type Site } from "./site.ts";
import { isAscii } from "../wire/bytes.ts";

/** The message that a report is about. */
export interface ReportedMessage {
  readonly id: MessageId;
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  /** Where nothing failed, the header is enough. */
  readonly content: Uint8Array;
}

/** What became of a recipient, and who says so. */
export interface ReportedOutcome {
  readonly recipient: Recipient;
  readonly action: ReportedAction;
  readonly status: string;
  /** `null`: there is nothing more to say. */
  readonly words: string | null;
  /** The server whose words they are; `null` when they are ours. */
  readonly remote: string | null;
  /** Until when it is tried, in milliseconds since 1970; without, it is not tried again. */
  readonly triedUntil?: number | null;
}

/** RFC 3461 §6.3 (g): for what a reply without a fitting status of its own has come to. */
const STATUS_WITHOUT: Readonly<Record<ReportedAction, string>> = {
  failed: "5.0.0",
  delayed: "4.0.0",
  relayed: "2.0.0",
  delivered: "2.0.0",
  expanded: "2.0.0",
};

/** The report about what the queue has come to; see {@linkcode makeReport}. */
export function makeQueueReport(site: Site, outcomes: readonly Reportable[]): Accepted | null {
  const { taken, content } = outcomes[0]!;
  const { message: id, acceptedAt, envelope } = taken;
  const about = { id, acceptedAt, envelope, content };
  return makeReport(
    site,
    about,
    outcomes.map(({ taken: { recipient }, action, reply, remote, triedUntil }) => ({
      recipient,
      action,
      status: statusOf(action, reply),
      words: action === "delivered" || action === "expanded" ? null : textOf(reply),
      remote,
      triedUntil,
    })),
  );
}

/**
 * The report about recipients of one message, who all have to be reported; `null` where there must
 * be none, or nobody to get it.
 */
export function makeReport(
  site: Site,
  about: ReportedMessage,
  outcomes: readonly ReportedOutcome[],
): Accepted | null {
  const { sender, envid, tls, by, hold, priority } = about.envelope;
  // RFC 8689 §5: as if RET=HDRS had been said.
  const ret = tls === "required" ? "HDRS" : about.envelope.ret;
  // RFC 5321 §4.5.5 and RFC 3461 §5.2: the null sender says that nobody is to be told; a report
  // about a report would loop.
  if (sender === null) return unreported(site, about, outcomes, "the sender is null");
  if (isLocal(site, sender) && typeof site.accounts.expand(sender) === "string") {
    return unreported(site, about, outcomes, "the sender is not here any more");
  }
  const id = newMessageId(site.world);
  const at = site.world.clock.now();
  const report = composeReport({
    reportingMta: site.config.hostname,
    id,
    now: at,
    to: sender,
    arrivedAt: about.acceptedAt,
    originalEnvelopeId: envid === undefined ? null : decodeXtext(envid),
    deliverBy: by?.at ?? null,
    holdRequest: hold?.request ?? null,
    recipients: outcomes.map(({ recipient, action, status, words, remote, triedUntil }) => ({
      address: recipient.address,
      via: recipient.via ?? null,
      orcpt: recipient.orcpt ?? null,
      action,
      status,
      diagnostic: words,
      remoteMta: remote,
      lastAttemptAt: action === "delayed" ? null : at,
      willRetryUntil: triedUntil ?? null,
    })),
    original: about.content,
    ...(ret === undefined ? {} : { returned: ret }),
  });
  return {
    id,
    acceptedAt: at,
    // RFC 3461 §6.1: the null reverse-path, and nothing asked for in return.
    envelope: {
      sender: null,
      body: isAscii(report) ? "7BIT" : "8BITMIME",
      ...(hasUtf8Header(report) ? { utf8: true } : {}),
      // RFC 8689 §5: a report is protected as its message was.
      ...(tls === "required" ? { tls } : {}),
      // RFC 6710 §4.6: and goes as fast.
      ...(priority === undefined ? {} : { priority }),
    },
    content: bodyOf(report),
    deliveries: planDeliveries(site, [{ address: sender }], { sender: null }, at)
      .recipients.flatMap((each) => each.deliveries),
    origin: { from: "report", about: about.id },
  };
}

/** Design, promise 2: an outcome that nobody can be told is at least written down. */
function unreported(
  site: Site,
  about: ReportedMessage,
  outcomes: readonly ReportedOutcome[],
  reason: string,
): null {
  for (const { recipient, words } of outcomes) {
    site.log.warn("not-reported", {
      id: about.id,
      to: formatAddress(recipient.address),
      reason,
      reply: words,
    });
  }
  return null;
}

/** RFC 3464 §2.3.4: the class tells success from failure, whatever was last said. */
function statusOf(action: ReportedAction, { status }: Reply): string {
  const otherwise = STATUS_WITHOUT[action];
  return status[0] === otherwise[0] ? status : otherwise;
}
