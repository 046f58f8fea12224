/**
 * Taking a message: the trace fields, the deliveries, and the one commit that the 250 stands for.
 */
import { formatAddress, parseMailbox } from "../mail/address.ts";
import { type Body, bodyOf, joinBodies } from "../mail/body.ts";
import { type Envelope, type Recipient, wantsReport } from "../mail/envelope.ts";
import { allValues, type Header, HEADER_BYTES_MAX, parseHeader } from "../mail/header.ts";
import { prepareSubmission, type Submission, type Submitter } from "../mail/submission.ts";
import {
  countReceived,
  hasPassed,
  type Protocol,
  protocolOf,
  receivedField,
} from "../mail/trace.ts";
import { hasUtf8Header } from "../mail/utf8.ts";
import type { SmtpHello, SmtpPeer } from "../smtp/backend.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import type { Origin } from "../store/history.ts";
import type { Accepted, MessageId } from "../store/store.ts";
import { isAscii } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";
import { logCopies } from "../queue/settlement.ts";
import { logMissing, type Plan, planDeliveries } from "./deliveries.ts";
import { messagesOf } from "./lists.ts";
import { makeReport, type ReportedMessage, type ReportedOutcome } from "./report.ts";
import { newMessageId, type Site } from "./site.ts";

/** A transaction whose content has come. */
export interface Transaction {
  readonly peer: SmtpPeer;
  readonly hello: SmtpHello;
  readonly envelope: Envelope;
  /** As they were accepted, in their order. */
  readonly recipients: readonly Recipient[];
}

/**
 * RFC 5321 §6.3: counting Received fields finds loops. It would have a limit of at least 100; no
 * honest way is as long as 25 any more, and a loop multiplies what is in it with every round.
 */
const RECEIVED_MAX = 25;
/** A list or a forward may bring a message back once or twice; more goes round in circles. */
const PASSED_HERE_MAX = 3;

/** Makes the message durable and says so; a message that must not be taken gets its refusal. */
export async function accept(site: Site, transaction: Transaction, content: Body): Promise<Reply> {
  const { world, store, config } = site;
  const header = parseHeader(await content.slice(0, HEADER_BYTES_MAX));
  if (isLoop(site, header)) return reply(554, "5.4.6", "This message goes round in circles");
  const id = newMessageId(world);
  const at = world.clock.now();
  const { hello, envelope, recipients } = transaction;
  const prepared = hello.user === null ? content : await submitted(content, {
    now: at,
    id,
    hostname: config.hostname,
    submitter: submitterOf(site, hello.user),
  });
  if ("code" in prepared) return prepared;
  const received = receivedField({
    helo: hello.name,
    address: transaction.peer.address,
    name: transaction.peer.name ?? null,
    by: config.hostname,
    protocol: protocolNameOf(transaction),
    tls: hello.tls,
    id,
    recipient: recipients.length === 1 ? recipients[0]!.address : null,
    priority: envelope.priority, // RFC 6710 §4.1 (2)
    at,
  });
  const taken = {
    id,
    acceptedAt: at,
    envelope: await truthful(tagged(envelope, header), prepared),
    content: joinBodies([bodyOf(received), prepared]),
    origin: originOf(transaction),
  };
  const plan = planDeliveries(site, recipients, envelope, at);
  const { message, copies } = messagesOf(site, taken, plan);
  const about = { ...taken, content: await prepared.slice(0, HEADER_BYTES_MAX) };
  const receipt = receiptOf(site, plan, about);
  const [first, ...others] = [message, ...copies, receipt].filter((each) => each !== null);
  await store.accept(first!, others);
  logAccepted(site, plan, transaction, { id, size: content.size, receipt });
  logMissing(site, id, plan);
  logCopies(site.log, id, copies);
  return reply(250, "2.0.0", `Accepted as ${id}`);
}

function protocolNameOf({ hello, envelope }: Transaction): Protocol {
  return protocolOf({
    lmtp: hello.protocol === "lmtp",
    extended: hello.extended,
    encrypted: hello.tls !== null,
    authenticated: hello.user !== null,
    utf8: envelope.utf8 ?? false,
  });
}

function originOf(transaction: Transaction): Origin {
  const { peer, hello, recipients } = transaction;
  return {
    from: "peer",
    peer: peer.address,
    hello: hello.name,
    user: hello.user,
    protocol: protocolNameOf(transaction),
    tls: hello.tls === null ? null : `${hello.tls.version} ${hello.tls.cipher}`,
    recipients: recipients.map(({ address }) => address),
  };
}

/** RFC 3461 §5.2.3 (a) and §5.2.7: who asked for it is told what is done already. */
function receiptOf(site: Site, plan: Plan, about: ReportedMessage): Accepted | null {
  const outcomes = plan.recipients.flatMap(({ recipient, outcome }): readonly ReportedOutcome[] =>
    outcome === "queued" || !wantsReport(recipient, "SUCCESS")
      ? []
      : [{ recipient, action: outcome, status: "2.0.0", words: null, remote: null }]
  );
  return outcomes.length === 0 ? null : makeReport(site, about, outcomes);
}

function isLoop(site: Site, header: Header): boolean {
  return countReceived(header) >= RECEIVED_MAX ||
    hasPassed(header, site.config.hostname, PASSED_HERE_MAX);
}

/** RFC 6409 §8: what is done to mail of our own users, and to no other. */
async function submitted(content: Body, submission: Submission): Promise<Body | Reply> {
  try {
    return await prepareSubmission(content, submission);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return reply(error.code, error.status, error.message);
  }
}

/** RFC 8689 §4.1: the header can ask for less; REQUIRETLS, when it was said, counts more. */
function tagged(envelope: Envelope, header: Header): Envelope {
  if (envelope.tls === "required") return envelope;
  const [only, ...more] = allValues(header, "TLS-Required");
  const optional = more.length === 0 && only?.trim().toLowerCase() === "no";
  return optional ? { ...envelope, tls: "optional" } : envelope;
}

/** An account's name is an address. */
function submitterOf({ accounts }: Site, user: string): Submitter {
  return {
    address: parseMailbox(user, { utf8: true }),
    owns: (address) => accounts.owns(user, address),
  };
}

/**
 * What the next server is told, whatever the client said: whether there are bytes above 127 (RFC
 * 6152 §3), and whether a header field needs SMTPUTF8 (RFC 6531 §3.4 wants no needless one). A
 * client that says nothing of SMTPUTF8 and sends such a header is an old one with an old charset,
 * and what it sends goes on as it is.
 */
async function truthful(envelope: Envelope, content: Body): Promise<Envelope> {
  const { utf8, ...rest } = envelope;
  const bytes = await content.slice(0, content.size);
  const body = isAscii(bytes) ? envelope.body : "8BITMIME";
  return { ...rest, body, ...(utf8 && hasUtf8Header(bytes) ? { utf8 } : {}) };
}

function logAccepted(
  site: Site,
  plan: Plan,
  { envelope, hello, peer }: Transaction,
  { id, size, receipt }: {
    readonly id: MessageId;
    readonly size: number;
    readonly receipt: Accepted | null;
  },
): void {
  const from = envelope.sender === null ? "<>" : formatAddress(envelope.sender);
  for (const { recipient, outcome } of plan.recipients) {
    const told = outcome !== "queued" && wantsReport(recipient, "SUCCESS");
    site.log.info(outcome, {
      id,
      from,
      to: formatAddress(recipient.address),
      size,
      peer: peer.address,
      user: hello.user,
      priority: envelope.priority ?? 0, // RFC 6710 §4.1 (3)
      report: told && receipt !== null ? receipt.id : null,
    });
  }
}
