/**
 * What next hops have said about recipients, remembered for a while, so that the same question is
 * not asked for every message.
 */
import type { Reply } from "../smtp/reply.ts";
import { Recent } from "./recent.ts";

/** What is known about a recipient. `unknown`: it was asked for in vain, and is not asked again. */
export type Heard =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly reply: Reply }
  | { readonly kind: "unknown" };

/** Whom it is known of. */
export interface Asked {
  /** The next hop, as {@linkcode Heard} is kept for it. */
  readonly hop: string;
  /** The whole address; `null`: the hop as such, which can only be unknown. */
  readonly recipient: string | null;
  /** Servers that take mail for an address may still take no reports for it. */
  readonly nullSender: boolean;
}

/** A value that is told the time: monotonic, so that a clock that jumps changes nothing. */
export interface Verdicts {
  /** `null`: nothing is known, or not any more. */
  recall(asked: Asked, nowMs: number): Heard | null;
  /** The newest word counts. */
  remember(asked: Asked, heard: Heard, nowMs: number): void;
  /** The hop has answered: whatever was in its way is over. */
  forgetHop(hop: string): void;
}

/** An hour: a mailbox that is removed meanwhile costs a report, not a message. */
export const TAKEN_MS = 60 * 60_000;
/** Five minutes: whoever is told of a mistake and makes the mailbox will try again soon. */
export const REFUSED_MS = 5 * 60_000;
/** A minute: a hop that is silent or puts off must not hold up every client in turn. */
export const UNKNOWN_MS = 60_000;
/** Recipients, and hops: about 10 MB; the one that was not asked for longest is forgotten. */
export const VERDICTS_MAX = 20_000;

/** How long each kind is remembered. */
const TIMES: Readonly<Record<Heard["kind"], number>> = {
  taken: TAKEN_MS,
  refused: REFUSED_MS,
  unknown: UNKNOWN_MS,
};

interface Kept {
  heard: Heard;
  untilMs: number;
}

export function createVerdicts(): Verdicts {
  const recent = new Recent<Kept>(VERDICTS_MAX);
  return {
    recall(asked, nowMs) {
      const kept = recent.get(keyOf(asked));
      return kept === null || nowMs >= kept.untilMs ? null : kept.heard;
    },
    remember(asked, heard, nowMs) {
      const kept = recent.getOrAdd(keyOf(asked), () => ({ heard, untilMs: 0 }));
      Object.assign(kept, { heard, untilMs: nowMs + TIMES[heard.kind] });
    },
    forgetHop(hop) {
      const kept = recent.get(keyOf({ hop, recipient: null, nullSender: false }));
      if (kept !== null) kept.untilMs = 0;
    },
  };
}

/**
 * RFC 3463 §3.2: whether a refusal is about the address alone, and so the same for every sender and
 * every message. What a server has against a sender may come as the answer to RCPT, too.
 */
export function isAboutAddress({ status }: Reply): boolean {
  return ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"].includes(status);
}

function keyOf({ hop, recipient, nullSender }: Asked): string {
  return recipient === null ? hop : `${nullSender ? "<>" : ""} ${recipient} ${hop}`;
}
