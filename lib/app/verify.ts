/**
 * Asking the next hop about recipients while the client waits, so that a typing error is refused at
 * once and in the words of the server that knows. Only a refusal of RCPT refuses: anything else is
 * the queue's business.
 */
import { formatAddress } from "../mail/address.ts";
import { type Envelope, needsUtf8, type Recipient } from "../mail/envelope.ts";
import type { Heard } from "../policy/verdicts.ts";
import { type Target, targetText } from "../queue/target.ts";
import type { Attempt } from "../smtp/client.ts";
import { type Reply, reply, textOf } from "../smtp/reply.ts";
import { aboutHop, aboutRecipient } from "./learning_links.ts";
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
  const byWay = Map.groupBy(
    question.recipients,
    ({ address }) => site.targets.wayOf(address.domain),
  );
  await Promise.all([...byWay.values()].map(async (recipients) => {
    const refusals = await refusalsOf(site, { ...question, recipients });
    for (const [at, refusal] of refusals.entries()) {
      if (refusal !== null) answers.set(recipients[at]!, refusal);
    }
  }));
  return question.recipients.map((recipient) => answers.get(recipient) ?? TAKEN);
}

/** What a recipient elsewhere is told when nothing speaks against it. */
export const TAKEN = reply(250, "2.1.5", "Will be sent on");

/**
 * The refusals of recipients who have one way; `null` where there is none. What the DNS says for
 * certain (no such domain, a null MX) is one.
 */
async function refusalsOf(site: Site, question: Question): Promise<readonly (Reply | null)[]> {
  const { clock } = site.world;
  const { recipients, timeoutMs, signal } = question;
  const startedMs = clock.monotonicMs();
  const late = new AbortController();
  const alarm = clock.alarm(() => late.abort());
  alarm.set(timeoutMs);
  const stop = AbortSignal.any([signal, late.signal]);
  const aim = await site.targets.of(recipients[0]!.address.domain, stop);
  alarm.cancel();
  const leftMs = timeoutMs - (clock.monotonicMs() - startedMs);
  if (aim.kind === "refused") return recipients.map(() => aim.reply);
  if (aim.kind !== "target" || leftMs <= 0) return recipients.map(() => null);
  return await ask(site, aim.target, { ...question, timeoutMs: leftMs });
}

/** Only who is not known from before is asked about. */
async function ask(
  site: Site,
  target: Target,
  question: Question,
): Promise<readonly (Reply | null)[]> {
  const { verdicts, world, metrics } = site;
  const nowMs = world.clock.monotonicMs();
  const hop = targetText(target);
  const known = new Map<Recipient, Heard>();
  for (const recipient of question.recipients) {
    const heard = verdicts.recall(aboutHop(hop), nowMs) ??
      verdicts.recall(aboutRecipient(hop, question.envelope, recipient), nowMs);
    const suffices = heard?.kind !== "taken" || !wantsMore(question.envelope);
    if (heard !== null && suffices) known.set(recipient, heard);
  }
  for (const [{ address }, { kind }] of known) {
    metrics.count("verifyRemembered");
    site.log.debug("verify-remembered", { to: formatAddress(address), via: hop, heard: kind });
  }
  const recipients = question.recipients.filter((each) => !known.has(each));
  const refusals = recipients.length === 0 ? [] : await askAnew(site, target, {
    ...question,
    recipients,
  });
  return question.recipients.map((recipient) => {
    const heard = known.get(recipient);
    if (heard === undefined) return refusals[recipients.indexOf(recipient)] ?? null;
    return heard.kind === "refused" ? heard.reply : null;
  });
}

/** What a server takes for others it may not take with what this message asks of it. */
function wantsMore({ sender, tls, utf8, by }: Envelope): boolean {
  return tls === "required" || utf8 === true || by !== undefined || needsUtf8(sender);
}

async function askAnew(
  site: Site,
  target: Target,
  question: Question,
): Promise<readonly (Reply | null)[]> {
  const { log, metrics } = site;
  const performed = await site.links.perform(target, {
    do: "verify",
    envelope: question.envelope,
    contentBytes: question.contentBytes,
    recipients: question.recipients,
  }, question);
  const { via } = performed;
  metrics.count("verifyAsked", question.recipients.length);
  if (!performed.done) {
    metrics.count("verifyUnknown", question.recipients.length);
    log.info("verify-unanswered", { via, reply: textOf(performed.words) });
    return question.recipients.map(() => null);
  }
  return performed.attempts.map((attempt, at) => {
    const refused = attempt.result === "refused" && (attempt.at === "rcpt" || isLacking(attempt));
    const taken = attempt.result === "delivered";
    metrics.count(refused ? "verifyRefused" : taken ? "verifyTaken" : "verifyUnknown");
    log.info(refused ? "verify-refused" : "verify-taken", {
      to: formatAddress(question.recipients[at]!.address),
      via,
      reply: attempt.reply === null ? null : textOf(attempt.reply),
    });
    return refused ? attempt.reply : null;
  });
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
