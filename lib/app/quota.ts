/** What one account may keep, whichever way its mail comes. */
import type { Address } from "../mail/address.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import type { AccountId } from "../store/store.ts";
import { isLocal } from "./deliveries.ts";
import type { Site } from "./site.ts";

/** What is to be added to an account. */
export interface Incoming {
  readonly bytes: number;
  readonly messages: number;
}

/** RFC 3463 §3.3: X.2.2 is a full mailbox; whoever empties it will get what is tried again. */
const MAILBOX_FULL = reply(452, "4.2.2", "That mailbox is full, try again later");
/** No emptying would help. */
const TOO_BIG = reply(552, "5.2.2", "That mailbox has never so much room");

/** Whether these have no room any more in what the account may keep. */
export async function isOverQuota(
  { config, store: { mailboxes } }: Pick<Site, "config" | "store">,
  account: AccountId,
  incoming: Incoming,
): Promise<boolean> {
  const { quotaBytes, quotaMessages } = config;
  if (quotaBytes === null && quotaMessages === null) return false;
  const { bytes, messages } = await mailboxes.usage(account);
  return bytes + incoming.bytes > (quotaBytes ?? Infinity) ||
    messages + incoming.messages > (quotaMessages ?? Infinity);
}

/**
 * The refusals for addresses here; `null` where there is room for a message of so many bytes. One
 * full mailbox behind an alias refuses all of it: what is taken must get to everybody. What others
 * send meanwhile may still be too much, by a message for each of them, and nothing is lost then.
 */
export async function quotaRefusals(
  site: Site,
  addresses: readonly Address[],
  bytes: number,
): Promise<readonly (Reply | null)[]> {
  const { quotaBytes, quotaMessages } = site.config;
  if (quotaBytes === null && quotaMessages === null) return addresses.map(() => null);
  const isFull = new Map<AccountId, boolean>();
  const refusals: (Reply | null)[] = [];
  for (const address of addresses) {
    const accounts = accountsBehind(site, address);
    for (const account of accounts) {
      if (isFull.has(account)) continue;
      isFull.set(account, await isOverQuota(site, account, { bytes, messages: 1 }));
    }
    const refusal = bytes > (quotaBytes ?? Infinity) ? TOO_BIG : MAILBOX_FULL;
    refusals.push(accounts.some((each) => isFull.get(each)) ? refusal : null);
  }
  return refusals;
}

/** Everybody here who gets what is sent to an address, members of lists among them. */
function accountsBehind(site: Site, address: Address): readonly AccountId[] {
  if (!isLocal(site, address)) return [];
  const expansion = site.accounts.expand(address);
  if (typeof expansion === "string") return [];
  const members = [...expansion.members, ...expansion.lists.flatMap((each) => each.members)];
  return members.flatMap((each) => each.kind === "account" ? [each.account.id] : []);
}
