/** Where an accepted message goes. */
import { type Address, formatAddress } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import { returnPathField } from "../mail/trace.ts";
import { routeOf } from "../queue/route.ts";
import type { Account, Delivery } from "../store/store.ts";
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
  sender: Address | null,
  at: number,
): readonly Delivery[] {
  const deliveries = new Map<string, Delivery>();
  const prefix = returnPathField(sender);
  for (const recipient of recipients) {
    const { address } = recipient;
    if (isLocal(site, address)) {
      const account = site.accounts.ofAddress(address);
      if (account === null) throw new Error(`${formatAddress(address)} is not local any more`);
      deliveries.set(`mailbox ${account.id}`, mailboxDelivery(account, prefix));
    } else {
      deliveries.set(`queue ${formatAddress(address)}`, {
        to: "queue",
        hop: address.domain,
        recipient,
        dueAt: at,
      });
    }
  }
  return [...deliveries.values()];
}

/** Whether mail for this address stays here. */
export function isLocal(site: Site, address: Address): boolean {
  return routeOf(address.domain, site.routes).kind === "local";
}

function mailboxDelivery(account: Account, prefix: Uint8Array): Delivery {
  return { to: "mailbox", account: account.id, mailbox: INBOX, prefix };
}
