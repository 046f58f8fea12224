/**
 * Asking the next hop about recipients while the client waits, so that a typing error is refused at
 * once and in the words of the server that knows. Only a refusal of RCPT refuses: anything else is
 * the queue's business.
 */
import { formatAddress } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { endpointText, type Relay } from "../endpoint.ts";
import { routeOf } from "../queue/route.ts";
import type { Clock } from "../net/world.ts";
import { type Asked, type Heard, isAboutAddress, type Verdicts } from "../policy/verdicts.ts";
import type { Links } from "../queue/link.ts";
import type { Attempt } from "../smtp/client.ts";
import { isPositive, type Reply, reply, textOf } from "../smtp/reply.ts";
import type { Site } from "./site.ts";

/** A question, and the time that it may take. */
export interface Question {
  readonly envelope: Envelope;
  /** The size that the client announced; the next server may refuse it. */
  readonly contentBytes: number | null;
  readonly recipients: readonly Recipient[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** For all questions of one transaction: a client waits no longer than that. */
export const VERIFY_TIMEOUT_MS = 20_000;

/** One answer for each recipient, in their order. */
export async function verifyRecipients(site: Site, question: Question): Promise<readonly Reply[]> {
  const answers = new Map<Recipient, Reply>();
  const byHop = Map.groupBy(question.recipients, ({ address }) => {
    const route = routeOf(address.domain, site.routes);
    return route.kind === "relay" ? endpointText(route.to) : "";
  });
  await Promise.all([...byHop.values()].map(async (recipients) => {
    const route = routeOf(recipients[0]!.address.domain, site.routes);
    if (route.kind !== "relay") return;
    const refusals = await ask(site, route.to, { ...question, recipients });
    for (const [at, refusal] of refusals.entries()) {
      if (refusal !== null) answers.set(recipients[at]!, refusal);
    }
  }));
  return question.recipients.map((recipient) => answers.get(recipient) ?? TAKEN);
}

/** What a recipient elsewhere is told when nothing speaks against it. */
export const TAKEN = reply(250, "2.1.5", "Will be sent on");

/** The refusals; `null` where there is none. Only who is not known from before is asked about. */
async function ask(
  site: Site,
  to: Relay,
  question: Question,
): Promise<readonly (Reply | null)[]> {
  const { verdicts, world, metrics } = site;
  const nowMs = world.clock.monotonicMs();
  const hop = endpointText(to);
  const known = new Map<Recipient, Heard>();
  for (const recipient of question.recipients) {
    const heard = verdicts.recall(aboutHop(hop), nowMs) ??
      verdicts.recall(aboutRecipient(hop, question.envelope, recipient), nowMs);
    if (heard !== null) known.set(recipient, heard);
  }
  for (const [{ address }, { kind }] of known) {
    metrics.count("verifyRemembered");
    site.log.debug("verify-remembered", { to: formatAddress(address), via: hop, heard: kind });
  }
  const recipients = question.recipients.filter((each) => !known.has(each));
  const refusals = recipients.length === 0 ? [] : await askAnew(site, to, {
    ...question,
    recipients,
  });
  return question.recipients.map((recipient) => {
    const heard = known.get(recipient);
    if (heard === undefined) return refusals[recipients.indexOf(recipient)] ?? null;
    return heard.kind === "refused" ? heard.reply : null;
  });
}

async function askAnew(
  site: Site,
  to: Relay,
  question: Question,
): Promise<readonly (Reply | null)[]> {
  const { log, metrics } = site;
  const performed = await site.links.perform(to, {
    do: "verify",
    envelope: question.envelope,
    contentBytes: question.contentBytes,
    recipients: question.recipients,
  }, question);
  const hop = endpointText(to);
  for (const _ of question.recipients) metrics.count("verifyAsked");
  if (!performed.done) {
    for (const _ of question.recipients) metrics.count("verifyUnknown");
    log.info("verify-unanswered", { via: hop, reply: textOf(performed.words) });
    return question.recipients.map(() => null);
  }
  return performed.attempts.map((attempt, at) => {
    const refused = attempt.result === "refused" && (attempt.at === "rcpt" || isLacking(attempt));
    const taken = attempt.result === "delivered";
    metrics.count(refused ? "verifyRefused" : taken ? "verifyTaken" : "verifyUnknown");
    log.info(refused ? "verify-refused" : "verify-taken", {
      to: formatAddress(question.recipients[at]!.address),
      via: hop,
      reply: attempt.reply === null ? null : textOf(attempt.reply),
    });
    return refused ? attempt.reply : null;
  });
}

/**
 * The same connections, from which is learnt what next hops say about recipients: to questions, and
 * as well to deliveries, which know better.
 */
export function learningLinks(links: Links, verdicts: Verdicts, clock: Clock): Links {
  return {
    ...links,
    async perform(to, job, options) {
      const performed = await links.perform(to, job, options);
      const hop = endpointText(to);
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
function heardFrom({ at, result, reply }: Attempt, { protocol }: Relay): Heard | null {
  if (reply === null || (at !== "rcpt" && at !== "data")) return null;
  // Behind the message, only LMTP speaks of each recipient (RFC 2033 §4.2).
  const isOwn = at === "rcpt" || protocol === "lmtp";
  if (result === "refused" && isOwn) {
    return isAboutAddress(reply) ? { kind: "refused", reply } : null;
  }
  return at === "data" || isPositive(reply) ? { kind: "taken" } : { kind: "unknown" };
}

function aboutHop(hop: string): Asked {
  return { hop, recipient: null, nullSender: false };
}

function aboutRecipient(hop: string, { sender }: Envelope, { address }: Recipient): Asked {
  return { hop, recipient: formatAddress(address), nullSender: sender === null };
}

/**
 * RFC 6531 §3.5: better said at RCPT than in a report. Nobody asked the next server; that it takes
 * no such address, or has not the TLS that was required (RFC 8689 §4.2.1), was seen from what it
 * offers.
 */
function isLacking({ at, reply }: Attempt): boolean {
  return at === "hello" &&
    ["5.3.3", "5.4.7", "5.6.7", "5.7.10", "5.7.30"].includes(reply?.status ?? "");
}
