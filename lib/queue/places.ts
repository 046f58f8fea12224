/**
 * How many deliveries may be under way: in all, for one hop, and for hops of which nothing good is
 * known. A delivery that waits for its hop gives its place to another, within limits, so that hops
 * that swallow connections do not hold up the others.
 */
import type { HopId } from "../store/store.ts";

/** `known`: it has answered before; `stranger`: nothing is known; `down`: it was put off. */
export type Standing = "known" | "stranger" | "down";

/** Where one delivery works. */
export interface Place {
  /** Its hop lets it wait. */
  slow(): void;
  /** It goes on. */
  quick(): void;
  /** Calling it twice is harmless. */
  leave(): void;
}

export interface Places {
  /** A place for a hop that may have so many deliveries at once; `null`: there is none. */
  take(hop: HopId, standing: Standing, ofHopMax: number): Place | null;
  /** How many there are for this hop. */
  of(hop: HopId): number;
  /** How many hops have one. */
  hops(): number;
  /** Whether nobody gets one. */
  isFull(): boolean;
}

/** Deliveries that get on, */
export const PLACES_MAX = 50;
/** and with those whose hop lets them wait: each is a socket, and up to 1 MiB of content. */
const UNDERWAY_MAX = 200;
/** Of them, those to hops that were never reached: the rest is for those that answer. */
const STRANGERS_MAX = 150;
/** Probes of hops that were put off; with 30 s for each they see 2400 of them in an hour. */
const PROBES_MAX = 20;

export function createPlaces(): Places {
  const byHop = new Map<HopId, number>();
  const count = { quick: 0, underway: 0, stranger: 0, down: 0, known: 0 };
  const most = { stranger: STRANGERS_MAX, down: PROBES_MAX, known: UNDERWAY_MAX };
  const of = (hop: HopId) => byHop.get(hop) ?? 0;
  const isFull = () => count.quick >= PLACES_MAX || count.underway >= UNDERWAY_MAX;
  const add = (hop: HopId, standing: Standing, change: 1 | -1) => {
    count.underway += change;
    count[standing] += change;
    const left = of(hop) + change;
    if (left > 0) byHop.set(hop, left);
    else byHop.delete(hop);
  };

  function place(hop: HopId, standing: Standing): Place {
    let isQuick = false;
    let isLeft = false;
    const setQuick = (quick: boolean) => {
      if (quick === isQuick || isLeft) return;
      isQuick = quick;
      count.quick += quick ? 1 : -1;
    };
    setQuick(true);
    add(hop, standing, 1);
    return {
      slow: () => setQuick(false),
      quick: () => setQuick(true),
      leave() {
        setQuick(false);
        if (!isLeft) add(hop, standing, -1);
        isLeft = true;
      },
    };
  }

  return {
    of,
    isFull,
    hops: () => byHop.size,
    take(hop, standing, ofHopMax) {
      if (isFull() || of(hop) >= ofHopMax || count[standing] >= most[standing]) return null;
      return place(hop, standing);
    },
  };
}
