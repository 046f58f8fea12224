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
    `SELECT hop FROM temp.schedule
     WHERE way = ?1 AND down >= ?2 AND hop > ?3 AND hop <> ?4 ORDER BY hop LIMIT ?5`,
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
      const way = schedule.wayOf(hop);
      let after: HopId | null = null;
      for (;;) {
        const others: readonly HopId[] = await group.run(() => {
          if (after === null) work(hop);
          const rows = selectOthers.all(
            way,
            which === "down" ? 1 : 0,
            after ?? "",
            hop,
            HOPS_AT_ONCE,
          );
          for (const each of rows) work(each.hop);
          return rows.map((row) => row.hop);
        }, () => announceWork(marks));
        if (others.length < HOPS_AT_ONCE) return;
        // Those that were down are so no more; others may have joined them meanwhile.
        after = which === "down" ? "" : others.at(-1)!;
      }
    },
  };
}
