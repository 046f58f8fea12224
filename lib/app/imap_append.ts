/** Messages that a client of IMAP brings, and whether there is room for them. */
import type { ImapNewMessage, ImapPlaced } from "../imap/backend.ts";
import { bodyOf } from "../mail/body.ts";
import type { AppendOptions, NewMessage } from "../store/store.ts";
import type { Owner } from "./imap_owner.ts";
import { NO_ROOM, NO_TARGET, OVER_QUOTA } from "./imap_refusals.ts";
import { type Incoming, isOverQuota } from "./quota.ts";
import { newMessageId, type Site } from "./site.ts";

/**
 * In one transaction; with `replaces`, that message goes in the same.
 * @throws {ImapError} TRYCREATE, OVERQUOTA, and where the disk has no room
 */
export async function append(
  owner: Owner,
  name: string,
  messages: readonly ImapNewMessage[],
  options: Omit<AppendOptions, "at"> = {},
): Promise<ImapPlaced> {
  const { site, account } = owner;
  const { mail } = site.store;
  if (await mail.mailbox(account, name) === null) throw NO_TARGET;
  const bytes = messages.reduce((sum, { content }) => sum + content.length, 0);
  await checkRoom(owner, { bytes, messages: messages.length });
  const at = site.world.clock.now();
  const fresh = messages.map((each) => newMessage(site, each, at));
  return await mail.append({ account, name }, fresh, { ...options, at });
}

/** @throws {ImapError} where the account may not keep so much more, or the disk has no room */
export async function checkRoom({ site, account }: Owner, incoming: Incoming): Promise<void> {
  if (await isOverQuota(site, account, incoming)) throw OVER_QUOTA;
  if (await site.space.refusal(incoming.bytes) !== null) throw NO_ROOM;
}

function newMessage(
  { world }: Site,
  { content, flags, receivedAt }: ImapNewMessage,
  at: number,
): NewMessage {
  return { id: newMessageId(world), content: bodyOf(content), flags, receivedAt: receivedAt ?? at };
}
