/** Whose turn it is: the senders of what waits for a hop, one after the other. */
import { type Address, formatAddress } from "../mail/address.ts";
import type { HopId } from "./store.ts";

/** What senders are told apart by; all that has the null sender counts as one sender's. */
export function senderKey(sender: Address | null): string {
  return sender === null ? "" : formatAddress(sender);
}

/** For each hop, the sender with whom the next turn begins, by the order of their keys. */
export interface Turns {
  of(hop: HopId): string;
  /** `""` begins anew, which is also where a hop begins. */
  set(hop: HopId, next: string): void;
}

/**
 * Hops at which somebody's turn is remembered: only those for which more senders wait than one
 * delivery has room for. When there are more, all begin anew.
 */
const TURNS_MAX = 1000;

export function createTurns(): Turns {
  const turns = new Map<HopId, string>();
  return {
    of: (hop) => turns.get(hop) ?? "",
    set(hop, next) {
      turns.delete(hop);
      if (next === "") return;
      if (turns.size >= TURNS_MAX) turns.clear();
      turns.set(hop, next);
    },
  };
}

/**
 * Deals out up to `max`: the first of each, then the second of each, and so on; `compare` says who
 * of one round goes first.
 */
export function dealOut<Row>(
  bySender: readonly (readonly Row[])[],
  max: number,
  compare: (one: Row, other: Row) => number,
): readonly Row[] {
  const rounds = Math.max(0, ...bySender.map((rows) => rows.length));
  const dealt: Row[] = [];
  for (let round = 0; round < rounds && dealt.length < max; round++) {
    dealt.push(...bySender.flatMap((rows) => rows.slice(round, round + 1)).sort(compare));
  }
  return dealt.slice(0, max);
}
