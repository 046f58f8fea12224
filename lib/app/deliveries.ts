/** Where an accepted message goes. */
import { type Address, formatAddress } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { returnPathField } from "../mail/trace.ts";
import type { Expansion, ListExpansion, Member } from "../queue/expand.ts";
import { routeOf } from "../queue/route.ts";
import type { Delivery, MessageId } from "../store/store.ts";
import type { Site } from "./site.ts";

/** All that one message leads to; nobody is in it twice, whatever the ways to them. */
export interface Plan {
  /** In the order of the recipients. */
  readonly recipients: readonly PlannedRecipient[];
  /** What lists send on, as messages of their own. */
  readonly lists: readonly PlannedList[];
}

export interface PlannedRecipient {
  readonly recipient: Recipient;
  /**
   * `delivered`: into a mailbox, or to a list; `expanded`: an alias has led to several; `queued`:
   * it goes on to one address elsewhere, or is held.
   */
  readonly outcome: "delivered" | "expanded" | "queued";
  /** Of the message itself, but for those to whom a recipient before has led. */
  readonly deliveries: readonly Delivery[];
  /** Where an alias leads and nobody is. */
  readonly missing: readonly Address[];
}

export interface PlannedList {
  readonly name: string;
  /** The sender of its message. */
  readonly owner: Address;
  /** At least one. */
  readonly deliveries: readonly Delivery[];
}

/** RFC 5321 §4.5.4: mailboxes are called this. */
const INBOX = "INBOX";

/**
 * Plans the deliveries to these recipients.
 * @throws {Error} when there is nobody any more behind a local address that was taken at RCPT: the
 * client is asked to come again
 */
export function planDeliveries(
  site: Site,
  recipients: readonly Recipient[],
  { sender, hold }: Pick<Envelope, "sender" | "hold">,
  at: number,
): Plan {
  const dueAt = Math.max(at, hold?.until ?? 0);
  // RFC 4865 §4.2: what is held waits in the queue, wherever it goes then.
  const opened = recipients.map((recipient) => ({
    recipient,
    expansion: dueAt === at ? expansionOf(site, recipient) : null,
  }));
  const claim = createClaims();
  // First those whom the sender named: what was asked for is about them.
  const named = opened.map(({ recipient, expansion }) =>
    expansion === null ? claim(queueDelivery(recipient, dueAt)) : []
  );
  const planned = opened.map(({ recipient, expansion }, index): PlannedRecipient => {
    if (expansion === null) {
      return { recipient, outcome: "queued", deliveries: named[index]!, missing: [] };
    }
    const terms = { sender, wishes: wishesFor(recipient, expansion), dueAt };
    return {
      recipient,
      outcome: outcomeOf(expansion),
      deliveries: expansion.members.flatMap((each) => deliveriesTo(each, terms).flatMap(claim)),
      missing: expansion.missing,
    };
  });
  const lists = listsOf(opened.map(({ expansion }) => expansion));
  return withLists(planned, lists, sender, (list) => {
    // RFC 3461 §5.2.7.1 (b): nothing that the sender asked for is asked of the members' servers.
    const terms = { sender: sender === null ? null : list.owner, wishes: {}, dueAt };
    return list.members.flatMap((each) => deliveriesTo(each, terms).flatMap(claim));
  });
}

/** Whether mail for this address stays here, or goes where an alias here leads. */
export function isLocal(site: Site, address: Address): boolean {
  return routeOf(address.domain, site.routes).kind === "local";
}

/** Nobody is told of what an alias leads to in vain, as long as it leads to others: the log is. */
export function logMissing({ log }: Pick<Site, "log">, id: MessageId, plan: Plan): void {
  for (const { recipient, missing } of plan.recipients) {
    if (missing.length === 0) continue;
    const to = formatAddress(recipient.address);
    log.warn("alias-leads-nowhere", { id, to, missing: missing.map(formatAddress).join(" ") });
  }
}

/** `null` for an address elsewhere. @throws {Error} when nobody is behind a local one */
function expansionOf(site: Site, { address }: Recipient): Expansion | null {
  if (!isLocal(site, address)) return null;
  const expansion = site.accounts.expand(address);
  if (typeof expansion !== "string") return expansion;
  throw new Error(`${formatAddress(address)} leads nowhere any more: ${expansion}`);
}

function outcomeOf({ members: [only, another] }: Expansion): PlannedRecipient["outcome"] {
  if (another !== undefined) return "expanded";
  // RFC 3461 §5.2.7.1: for the sender, a message that is with a list has arrived.
  return only?.kind === "elsewhere" ? "queued" : "delivered";
}

/** What is passed on of the sender's wishes to the addresses that an alias leads to. */
function wishesFor(recipient: Recipient, { members }: Expansion): Omit<Recipient, "address"> {
  const { address: via, notify, ...wishes } = recipient;
  if (notify === undefined) return { ...wishes, via };
  // RFC 3461 §5.2.7.2: to one address, all of them. §5.2.7.3 (c): to several, all but the wish to
  // hear of success, which "expanded" has met.
  const passed = members.length === 1 ? notify : notify.filter((each) => each !== "SUCCESS");
  return { ...wishes, via, notify: passed };
}

interface Terms {
  readonly sender: Address | null;
  readonly wishes: Omit<Recipient, "address">;
  readonly dueAt: number;
}

/** One, or none for a list, whose deliveries are its own. */
function deliveriesTo(member: Member, { sender, wishes, dueAt }: Terms): readonly Delivery[] {
  switch (member.kind) {
    case "account": {
      const { id: account } = member.account;
      return [{ to: "mailbox", account, mailbox: INBOX, prefix: returnPathField(sender) }];
    }
    case "elsewhere":
      return [queueDelivery({ ...wishes, address: member.address }, dueAt)];
    case "list":
      return [];
  }
}

function queueDelivery(recipient: Recipient, dueAt: number): Delivery {
  return { to: "queue", hop: recipient.address.domain, recipient, dueAt };
}

/** Gives a delivery the first time that there is one to the same place, and then nothing. */
function createClaims(): (delivery: Delivery) => readonly Delivery[] {
  const claimed = new Set<string>();
  return (delivery) => {
    const place = delivery.to === "mailbox"
      ? `mailbox ${delivery.account}`
      : `queue ${formatAddress(delivery.recipient.address)}`;
    if (claimed.has(place)) return [];
    claimed.add(place);
    return [delivery];
  };
}

/** Each list once, whatever the ways to it. */
function listsOf(expansions: readonly (Expansion | null)[]): readonly ListExpansion[] {
  const lists = new Map<string, ListExpansion>();
  for (const list of expansions.flatMap((each) => each?.lists ?? [])) lists.set(list.name, list);
  return [...lists.values()];
}

/**
 * RFC 5321 §3.9.2: what a list sends on has its owner for a sender, and so is another message. Not
 * so where the sender is null (§4.5.5): a report that told an owner of its failure, who is on the
 * list, would go round for ever. Then the message itself goes to the members.
 */
function withLists(
  recipients: readonly PlannedRecipient[],
  lists: readonly ListExpansion[],
  sender: Address | null,
  deliveriesOf: (list: ListExpansion) => readonly Delivery[],
): Plan {
  const planned = lists.map((list) => ({
    name: list.name,
    owner: list.owner,
    deliveries: deliveriesOf(list),
  })).filter(({ deliveries }) => deliveries.length > 0);
  const [first, ...others] = recipients;
  if (sender !== null || first === undefined) return { recipients, lists: planned };
  const deliveries = [...first.deliveries, ...planned.flatMap((each) => each.deliveries)];
  return { recipients: [{ ...first, deliveries }, ...others], lists: [] };
}
