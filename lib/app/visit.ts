/** A connection's place among those of its address, and what is said where there is none. */
import type { SmtpPeer } from "../smtp/backend.ts";
import { type Reply, reply } from "../smtp/reply.ts";
import type { TooMuch } from "../policy/visitors.ts";
import type { Backends } from "./conversation.ts";
import type { Site } from "./site.ts";

export interface Visit {
  /** The backends for this connection: whoever it turns out to be takes a place of their own. */
  backends(shared: Backends): Backends;
  /** The connection is over. */
  leave(): void;
}

/** Takes a place for a connection from `address`, or says what that one has too much of. */
export function visit(site: Site, address: string): Visit | TooMuch {
  const { visitors, world, log } = site;
  let counted = address;
  const entered = visitors.enter(counted, world.clock.monotonicMs());
  if (entered !== "welcome") return entered;

  /** By XCLIENT a proxy speaks for another, over the same connection. */
  function move(to: string): TooMuch | null {
    if (to === counted) return null;
    const moved = visitors.enter(to, world.clock.monotonicMs());
    if (moved !== "welcome") return moved;
    visitors.leave(counted);
    counted = to;
    return null;
  }

  return {
    backends: (shared) => ({
      ...shared,
      open(peer: SmtpPeer) {
        const reason = move(peer.address);
        if (reason === null) return shared.open(peer);
        log.info("turned-away", { service: "smtp", peer: peer.address, reason });
        return tooMuch(reason);
      },
    }),
    leave: () => visitors.leave(counted),
  };
}

/** What whoever has more than their share is told, in place of a greeting. */
export function tooMuch(reason: TooMuch): Reply {
  return reply(421, "4.7.0", `${WORDS[reason]}, try again later`);
}

const WORDS: Readonly<Record<TooMuch, string>> = {
  tooMany: "Too many connections from your address",
  tooFast: "Too many connections in too short a time",
  unwelcome: "Too many recipients who are not here",
};
