/**
 * How many deliveries may be under way: in all, for one way, and for ways of which nothing good is
 * known. A delivery that waits for its hop gives its place to another, within limits, so that hops
 * that swallow connections do not hold up the others.
 */
import type { WayId } from "../store/store.ts";

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
  /** A place for a way that may have so many deliveries at once; `null`: there is none. */
  take(way: WayId, standing: Standing, ofWayMax: number): Place | null;
  /** How many there are for this way. */
  of(way: WayId): number;
  /** How many ways have one. */
  ways(): number;
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
  const byWay = new Map<WayId, number>();
  const count = { quick: 0, underway: 0, stranger: 0, down: 0, known: 0 };
  const most = { stranger: STRANGERS_MAX, down: PROBES_MAX, known: UNDERWAY_MAX };
  const of = (way: WayId) => byWay.get(way) ?? 0;
  const isFull = () => count.quick >= PLACES_MAX || count.underway >= UNDERWAY_MAX;
  const add = (way: WayId, standing: Standing, change: 1 | -1) => {
    count.underway += change;
    count[standing] += change;
    const left = of(way) + change;
    if (left > 0) byWay.set(way, left);
    else byWay.delete(way);
  };

  function place(way: WayId, standing: Standing): Place {
    let isQuick = false;
    let isLeft = false;
    const setQuick = (quick: boolean) => {
      if (quick === isQuick || isLeft) return;
      isQuick = quick;
      count.quick += quick ? 1 : -1;
    };
    setQuick(true);
    add(way, standing, 1);
    return {
      slow: () => setQuick(false),
      quick: () => setQuick(true),
      leave() {
        setQuick(false);
        if (!isLeft) add(way, standing, -1);
        isLeft = true;
      },
    };
  }

  return {
    of,
    isFull,
    ways: () => byWay.size,
    take(way, standing, ofWayMax) {
      if (isFull() || of(way) >= ofWayMax || count[standing] >= most[standing]) return null;
      return place(way, standing);
    },
  };
}
