/** MAIL and RCPT as the client says them: each parameter only to a server that announces it. */
import { formatAddress } from "../mail/address.ts";
import { type Envelope, needsUtf8, type Recipient } from "../mail/envelope.ts";
import { asciiOrcpt, orcptOf } from "../mail/orcpt.ts";
import { formatBy, notifyInTime, tooLate } from "./client_timing.ts";
import type { Extensions } from "./ehlo.ts";
import { type Reply, reply } from "./reply.ts";

/** A transaction that is about to begin. */
export interface Beginning {
  readonly envelope: Envelope;
  readonly recipients: readonly Recipient[];
  /** `null` when it is not known. */
  readonly contentBytes: number | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function mailLine(extensions: Extensions, beginning: Beginning): string {
  const { envelope, contentBytes, now } = beginning;
  const { sender, body, tls, ret, envid, by, priority } = envelope;
  let line = `MAIL FROM:<${sender === null ? "" : formatAddress(sender)}>`;
  // RFC 1870 §5
  if (extensions.size !== null && contentBytes !== null) line += ` SIZE=${contentBytes}`;
  if (extensions.eightBitMime && body === "8BITMIME") line += " BODY=8BITMIME"; // RFC 6152 §2
  if (usesUtf8(extensions, beginning)) line += " SMTPUTF8";
  if (extensions.requireTls && tls === "required") line += " REQUIRETLS"; // RFC 8689 §2
  // RFC 3461 §5.2.1 (a) and (b): as they were given; §5.2.2 (a): to nobody who does not know them.
  if (extensions.dsn && ret !== undefined) line += ` RET=${ret}`;
  if (extensions.dsn && envid !== undefined) line += ` ENVID=${envid}`;
  if (extensions.deliverBy !== null && by !== undefined) line += ` BY=${formatBy(by, now)}`;
  // RFC 6710 §4.2 (1) and §4.3 (1): the priority that the message has here.
  if (extensions.priorities && priority !== undefined) line += ` MT-PRIORITY=${priority}`;
  return line;
}

export function rcptLine(
  extensions: Extensions,
  beginning: Beginning,
  recipient: Recipient,
): string {
  const { address, via } = recipient;
  const notify = notifyInTime(extensions, beginning, recipient);
  let line = `RCPT TO:<${formatAddress(address)}>`;
  if (!extensions.dsn) return line; // RFC 3461 §5.2.2 (a)
  // RFC 3461 §5.2.1 (c) and (d): where the client gave none, the address that it named.
  const orcpt = recipient.orcpt ?? (via === undefined ? undefined : orcptOf(via));
  if (notify !== undefined) line += ` NOTIFY=${notify.join(",") || "NEVER"}`;
  if (orcpt !== undefined) {
    line += ` ORCPT=${usesUtf8(extensions, beginning) ? orcpt : asciiOrcpt(orcpt)}`;
  }
  return line;
}

/**
 * Why this recipient cannot be reached through that server; `null` when nothing is in the way.
 * RFC 6531 §3.5: what needs SMTPUTF8 is not sent without, and nothing is turned into something
 * else.
 */
export function unable(
  extensions: Extensions,
  job: { readonly do: "verify" | "send"; readonly envelope: Envelope; readonly now: number },
  { address }: Recipient,
): Reply | null {
  const { sender, utf8 = false, tls } = job.envelope;
  // RFC 8689 §4.2.1; §5: a report is not lost for it.
  if (tls === "required" && sender !== null && !extensions.requireTls) return NO_REQUIRETLS;
  const late = tooLate(extensions, job.envelope.by, job.now);
  if (late !== null) return late;
  if (extensions.smtpUtf8) return null;
  if (needsUtf8(sender)) {
    return reply(550, "5.6.7", "The next server takes no SMTPUTF8, which the sender needs");
  }
  if (needsUtf8(address)) {
    return reply(553, "5.6.7", "The next server takes no SMTPUTF8, which this address needs");
  }
  // Who only asks has not seen the header yet.
  if (utf8 && job.do === "send") {
    return reply(554, "5.6.9", "The next server takes no SMTPUTF8, which the header needs");
  }
  return null;
}

const NO_REQUIRETLS = reply(550, "5.7.30", "The next server offers no REQUIRETLS");
/** RFC 6531 §3.4: with SMTPUTF8 when something needs it, and else without. */
function usesUtf8(extensions: Extensions, { envelope, recipients }: Beginning): boolean {
  const needed = envelope.utf8 === true || needsUtf8(envelope.sender) ||
    recipients.some(({ address }) => needsUtf8(address));
  return extensions.smtpUtf8 && needed;
}
