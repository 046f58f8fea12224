/** Where an accepted message goes. */
import { type Address, formatAddress } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { returnPathField } from "../mail/trace.ts";
import { routeOf } from "../queue/route.ts";
import type { Account, Delivery, MailboxDelivery, Taken } from "../store/store.ts";
import type { Site } from "./site.ts";

/** RFC 5321 §4.5.4: mailboxes are called this. */
const INBOX = "INBOX";

/**
 * The deliveries to these recipients. Two names of one account get one copy; a local recipient who
 * is gone since RCPT is an error, and the client is asked to come again.
 */
export function deliveriesTo(
  site: Site,
  recipients: readonly Recipient[],
  { sender, hold }: Pick<Envelope, "sender" | "hold">,
  at: number,
): readonly Delivery[] {
  const deliveries = new Map<string, Delivery>();
  const prefix = returnPathField(sender);
  const dueAt = Math.max(at, hold?.until ?? 0);
  for (const recipient of recipients) {
    const { address } = recipient;
    // RFC 4865 §4.2: what is held waits in the queue, wherever it goes then.
    if (isLocal(site, address) && dueAt === at) {
      const account = site.accounts.ofAddress(address);
      if (account === null) throw new Error(`${formatAddress(address)} is not local any more`);
      deliveries.set(`mailbox ${account.id}`, mailboxDelivery(account, prefix));
    } else {
      deliveries.set(`queue ${formatAddress(address)}`, {
        to: "queue",
        hop: address.domain,
        recipient,
        dueAt,
      });
    }
  }
  return [...deliveries.values()];
}

/** Where a recipient's copy goes whose message was held; `null` where there is no account now. */
export function mailboxOf(site: Site, { recipient, envelope }: Taken): MailboxDelivery | null {
  const account = site.accounts.ofAddress(recipient.address);
  return account === null ? null : mailboxDelivery(account, returnPathField(envelope.sender));
}

/** Whether mail for this address stays here. */
export function isLocal(site: Site, address: Address): boolean {
  return routeOf(address.domain, site.routes).kind === "local";
}

function mailboxDelivery(account: Account, prefix: Uint8Array): MailboxDelivery {
  return { to: "mailbox", account: account.id, mailbox: INBOX, prefix };
}
