/** Who is where: what the judges of a run know besides its ledger. */
import type { Submission } from "./ledger.ts";

export interface World {
  /** The name of the server of ours that has the mailboxes of a domain; `null`: a foreign one's. */
  homeOf(domain: string): string | null;
  /** The name of the mailbox that an address leads to. */
  accountOf(address: string): string;
  /** Where an alias leads; the address itself where it is none. */
  membersOf(address: string): readonly string[];
  /** Who hears of what a list of this name cannot deliver; `null` where it is no list. */
  ownerOf(address: string): string | null;
  /**
   * The name of the server through which one of ours sends everything: another one of ours, or a
   * foreign one; `null`: there is none.
   */
  relayOf(server: string): string | null;
}

/** Behind the `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** Whoever administers the lists among these. */
export function ownersOf(names: readonly string[], world: World): readonly string[] {
  return names.map(world.ownerOf).filter((owner) => owner !== null);
}

/** Who hears of an address: the sender, unless lists alone have led to it; then their owners. */
export function hearersOf(
  address: string,
  { sender, recipients }: Submission,
  world: World,
): readonly string[] {
  const names = recipients.map((each) => each.address)
    .filter((name) => name === address || world.membersOf(name).includes(address));
  const lists = names.filter((name) => name !== address && world.ownerOf(name) !== null);
  const isTheirs = lists.length === names.length && names.length > 0;
  return [...(isTheirs || sender === null ? [] : [sender]), ...ownersOf(lists, world)];
}

/**
 * Through which other one of ours a server sends everything; `null` also where that is a foreign
 * one, for what that does with its mail is not our affair.
 */
export function relayOfOurs(server: string, world: World): string | null {
  const relay = world.relayOf(server);
  return relay === null ? null : world.homeOf(relay);
}
