/** Hops that share a way, in SQLite: whose turn it is, and what happens to all of them together. */
import { announceWork } from "./arrivals.ts";
import { prepare } from "./sql.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import type { Hop, HopId, WayId } from "./store.ts";
import { createTurns } from "./turns.ts";

export interface Ways {
  /** See `Queue.ready`. */
  ready(now: number, max: number, state?: "up" | "down"): readonly Hop[];
  /** It is the next one's turn. */
  endTurn(hop: HopId): void;
  /**
   * Does something to a hop, and to all others that share its way and for which something waits, or
   * to those of them that are down. Each time for some of them in one commit.
   */
  forAll(hop: HopId, which: "any" | "down", work: (hop: HopId) => void): Promise<void>;
}

/** A smarthost may have thousands of them, and others wait while a commit is made: about 5 ms. */
const HOPS_AT_ONCE = 100;

export function sqliteWays({ database, schedule, group, marks }: SqliteParts): Ways {
  // One column tells them apart: a hop that is its own way, or a way.
  const selectHeads = prepare<
    { readonly name: string; readonly isWay: 0 | 1; readonly dueAt: number }
  >(
    database,
    `SELECT hop AS name, 0 AS isWay, dueAt FROM temp.schedule
     WHERE way IS NULL AND down = ?1 AND dueAt <= ?2
     UNION ALL SELECT way, 1, dueAt FROM temp.ways WHERE down = ?1 AND dueAt <= ?2
     ORDER BY dueAt, name LIMIT ?3`,
  );
  const selectNext = prepare<{ readonly hop: HopId }>(
    database,
    `SELECT hop FROM temp.schedule INDEXED BY scheduleByTurn
     WHERE way = ?1 AND down = ?2 AND hop > ?3 AND dueAt <= ?4 ORDER BY hop LIMIT 1`,
  );
  const selectOthers = prepare<{ readonly hop: HopId }>(
    database,
    "SELECT hop FROM temp.schedule WHERE way = ?1 AND down >= ?2 AND hop <> ?3 ORDER BY hop",
  );
  const turns = createTurns();

  function nextOf(way: WayId, down: 0 | 1, now: number): HopId {
    const next = selectNext.first(way, down, turns.of(way), now) ??
      selectNext.first(way, down, "", now);
    return next!.hop;
  }

  function readyIn(down: 0 | 1, now: number, max: number): readonly Hop[] {
    return selectHeads.all(down, now, max).map(({ name, isWay, dueAt }) => ({
      hop: isWay === 0 ? name : nextOf(name, down, now),
      dueAt,
    }));
  }

  return {
    ready(now, max, state) {
      if (state !== undefined) return readyIn(state === "up" ? 0 : 1, now, max);
      return [...readyIn(0, now, max), ...readyIn(1, now, max)]
        .sort((a, b) => a.dueAt - b.dueAt || (a.hop < b.hop ? -1 : 1)).slice(0, max);
    },
    endTurn(hop) {
      const way = schedule.wayOf(hop);
      if (way !== hop) turns.set(way, hop);
    },
    async forAll(hop, which, work) {
      const others = selectOthers.all(schedule.wayOf(hop), which === "down" ? 1 : 0, hop);
      const hops = [hop, ...others.map((row) => row.hop)];
      for (let at = 0; at < hops.length; at += HOPS_AT_ONCE) {
        const some = hops.slice(at, at + HOPS_AT_ONCE);
        await group.run(() => some.forEach(work), () => announceWork(marks));
      }
    },
  };
}
