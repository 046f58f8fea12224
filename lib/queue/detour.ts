/**
 * Places that could not be reached lately are tried last, and those to which there is a connection
 * first: a dead host in front must not cost each message the time of a connection.
 */
import { NetError, type Transport, type World } from "../net/world.ts";
import type { Place } from "./place.ts";

export interface Detours {
  /** In the order in which they are tried now; `isOpen` where there is a connection. */
  sort(places: readonly Place[], isOpen: (place: Place) => boolean): readonly Place[];
  /** Gives the connection, and remembers it when there is none. */
  watch(place: Place, connecting: Promise<Transport>): Promise<Transport>;
}

/** For so long a place is tried last: it may be back. */
const DETOUR_MS = 60_000;
/** Places that are remembered; the oldest is forgotten first, and then only tried sooner. */
const DETOURS_MAX = 1_000;

export function createDetours(clock: World["clock"]): Detours {
  /** Until when each is avoided, those that are longest known first. */
  const avoided = new Map<string, number>();
  return {
    sort(places, isOpen) {
      const now = clock.monotonicMs();
      const rank = (place: Place) => {
        if (isOpen(place)) return 0;
        return (avoided.get(place.text) ?? 0) > now ? 2 : 1;
      };
      return places.toSorted((a, b) => rank(a) - rank(b));
    },
    async watch({ text }, connecting) {
      try {
        const transport = await connecting;
        avoided.delete(text);
        return transport;
      } catch (error) {
        avoided.delete(text);
        if (avoided.size >= DETOURS_MAX) avoided.delete(avoided.keys().next().value!);
        // Anything else is a wait that was given up, and says nothing about the place.
        if (error instanceof NetError) avoided.set(text, clock.monotonicMs() + DETOUR_MS);
        throw error;
      }
    },
  };
}
