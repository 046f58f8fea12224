/**
 * Taking a message: the trace fields, the deliveries, and the one commit that the 250 stands for.
 */
import { type Address, formatAddress } from "../mail/address.ts";
import { type Body, bodyOf, joinBodies } from "../mail/body.ts";
import type { Envelope } from "../mail/envelope.ts";
import { HEADER_BYTES_MAX, parseHeader } from "../mail/header.ts";
import { prepareSubmission, type Submission } from "../mail/submission.ts";
import {
  countReceived,
  hasPassed,
  protocolOf,
  receivedField,
  returnPathField,
} from "../mail/trace.ts";
import { routeOf } from "../queue/route.ts";
import type { SmtpHello, SmtpPeer } from "../smtp/backend.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import type { Account, Delivery, MessageId } from "../store/store.ts";
import { ProtocolError } from "../wire/error.ts";
import { newMessageId, type Site } from "./site.ts";

/** A transaction whose content has come. */
export interface Transaction {
  readonly peer: SmtpPeer;
  readonly hello: SmtpHello;
  readonly envelope: Envelope;
  /** As they were accepted, in their order. */
  readonly recipients: readonly Address[];
}

/** RFC 5321 §6.3: counting Received fields finds loops; the limit should be large, at least 100. */
const RECEIVED_MAX = 100;
/** A list or a forward may bring a message back once or twice; more goes round in circles. */
const PASSED_HERE_MAX = 3;
/** RFC 5321 §4.5.4: mailboxes are called this. */
const INBOX = "INBOX";

/** Makes the message durable and says so; a message that must not be taken gets its refusal. */
export async function accept(site: Site, transaction: Transaction, content: Body): Promise<Reply> {
  const { world, store, config } = site;
  const loop = await findLoop(site, content);
  if (loop !== null) return loop;
  const id = newMessageId(world);
  const at = world.clock.now();
  const { hello, envelope, recipients } = transaction;
  const prepared = hello.user === null
    ? content
    : await submitted(content, { now: at, id, hostname: config.hostname });
  if ("code" in prepared) return prepared;
  const received = receivedField({
    helo: hello.name,
    address: transaction.peer.address,
    by: config.hostname,
    protocol: protocolOf({
      extended: hello.extended,
      encrypted: hello.tls !== null,
      authenticated: hello.user !== null,
    }),
    tls: hello.tls,
    id,
    recipient: recipients.length === 1 ? recipients[0]! : null,
    at,
  });
  const body = await hasEightBit(prepared) ? "8BITMIME" : envelope.body;
  await store.accept({
    id,
    acceptedAt: at,
    envelope: { ...envelope, body },
    content: joinBodies([bodyOf(received), prepared]),
    deliveries: deliveriesTo(site, recipients, envelope.sender, at),
  });
  logAccepted(site, id, transaction, content.size);
  return reply(250, "2.0.0", `Accepted as ${id}`);
}

/**
 * The deliveries to these recipients. Two names of one account get one copy; a local recipient who
 * is gone since RCPT is an error, and the client is asked to come again.
 */
export function deliveriesTo(
  site: Site,
  recipients: readonly Address[],
  sender: Address | null,
  at: number,
): readonly Delivery[] {
  const deliveries = new Map<string, Delivery>();
  const prefix = returnPathField(sender);
  for (const address of recipients) {
    if (routeOf(address.domain, site.routes).kind === "local") {
      const account = site.accounts.ofAddress(address);
      if (account === null) throw new Error(`${formatAddress(address)} is not local any more`);
      deliveries.set(`mailbox ${account.id}`, mailboxDelivery(account, prefix));
    } else {
      deliveries.set(`queue ${formatAddress(address)}`, {
        to: "queue",
        hop: address.domain,
        recipient: { address },
        dueAt: at,
      });
    }
  }
  return [...deliveries.values()];
}

function mailboxDelivery(account: Account, prefix: Uint8Array): Delivery {
  return { to: "mailbox", account: account.id, mailbox: INBOX, prefix };
}

async function findLoop(site: Site, content: Body): Promise<Reply | null> {
  const header = parseHeader(await content.slice(0, HEADER_BYTES_MAX));
  const loops = countReceived(header) >= RECEIVED_MAX ||
    hasPassed(header, site.config.hostname, PASSED_HERE_MAX);
  return loops ? reply(554, "5.4.6", "This message goes round in circles") : null;
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

/** RFC 6152 §3: the next server is told the truth, whatever the client said in BODY. */
async function hasEightBit(content: Body): Promise<boolean> {
  const bytes = await content.slice(0, content.size);
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! > 127) return true;
  return false;
}

function logAccepted(site: Site, id: MessageId, transaction: Transaction, size: number): void {
  const { envelope, recipients, hello, peer } = transaction;
  const from = envelope.sender === null ? "<>" : formatAddress(envelope.sender);
  for (const address of recipients) {
    const local = routeOf(address.domain, site.routes).kind === "local";
    site.log.info(local ? "delivered" : "queued", {
      id,
      from,
      to: formatAddress(address),
      size,
      peer: peer.address,
      user: hello.user,
    });
  }
}
