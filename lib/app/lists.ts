/** What lists make of a message: further messages, with their owners for senders. */
import type { Envelope } from "../mail/envelope.ts";
import type { Accepted } from "../store/store.ts";
import type { Plan } from "./deliveries.ts";
import { newMessageId, type Site } from "./site.ts";

/** What is accepted in one transaction. */
export interface Messages {
  /** The message as it came; `null` where it goes to lists only. */
  readonly message: Accepted | null;
  readonly copies: readonly Accepted[];
}

/** The messages that a plan comes to; the first of them has the id that the client is told. */
export function messagesOf(
  site: Site,
  message: Omit<Accepted, "deliveries">,
  plan: Plan,
): Messages {
  const copies = listMessages(site, message, plan);
  const deliveries = plan.recipients.flatMap((each) => each.deliveries);
  if (deliveries.length > 0) return { message: { ...message, deliveries }, copies };
  const [first, ...others] = copies;
  if (first === undefined) throw new Error("a message that goes nowhere was taken");
  const { envelope, deliveries: members } = first;
  const origin = withSender(message);
  const renamed = { ...message, ...origin, envelope, deliveries: members };
  return { message: null, copies: [renamed, ...others] };
}

/** Its history has the list's owner for a sender, and would not tell who wrote. */
function withSender(
  { origin, envelope: { sender } }: Pick<Accepted, "origin" | "envelope">,
): Pick<Accepted, "origin"> {
  return origin?.from === "peer" && sender !== null ? { origin: { ...origin, sender } } : {};
}

/** One for each list of a plan. */
export function listMessages(
  { world }: Pick<Site, "world">,
  { id, acceptedAt, envelope, content }: Omit<Accepted, "deliveries">,
  { lists }: Plan,
): readonly Accepted[] {
  return lists.map(({ owner, deliveries }) => ({
    id: newMessageId(world),
    acceptedAt,
    envelope: { ...passedOn(envelope), sender: owner },
    content,
    deliveries,
    origin: { from: "list", message: id },
  }));
}

/**
 * RFC 3461 §5.2.7.1 (b): nothing of what the sender asked for in return. What the message is stays:
 * its form, its protection (RFC 8689 §6) and its priority (RFC 6710 §4.4).
 */
function passedOn({ body, utf8, tls, priority }: Envelope): Omit<Envelope, "sender"> {
  return {
    body,
    ...(utf8 === undefined ? {} : { utf8 }),
    ...(tls === undefined ? {} : { tls }),
    ...(priority === undefined ? {} : { priority }),
  };
}
