/** Domains behind one server: what is found out there is true for all, and they take turns. */
import type { Mutant } from "./mutant.ts";

const ONE_WAY = "tests/queue_one_way_test.ts";
const SQLITE = "tests/store_sqlite_test.ts";

export const WAY_MUTANTS: readonly Mutant[] = [
  {
    name: "ways: a dead smarthost is probed for each domain",
    file: "lib/queue/worker.ts",
    find: "options.store.queue.setWays(options.targets.wayOf);",
    replace: "options.store.queue.setWays((hop) => hop);",
    test: {
      file: ONE_WAY,
      name: "two hundred domains behind one dead server cost as many connections as one",
    },
    why: "two hundred domains make two thousand connections in an hour",
  },
  {
    name: "ways: windows are those of the domains",
    file: "lib/queue/worker.ts",
    find: "const way = targets.wayOf(hop);",
    replace: "const way = hop;",
    test: {
      file: ONE_WAY,
      name: "two hundred domains behind one dead server cost as many connections as one",
    },
    why: "a living smarthost is met by fifty connections, and turns us away",
  },
  {
    name: "ways: another hop's turn comes only when the last one's has ended",
    file: "lib/queue/worker.ts",
    find: "if (batch.length === BATCH_MAX || way !== hop) this.#wake();",
    replace: "if (batch.length === BATCH_MAX) this.#wake();",
    test: {
      file: ONE_WAY,
      name: "two hundred domains behind one dead server cost as many connections as one",
    },
    why: "one connection has to do the work of twenty",
  },
  {
    name: "ways: an answer wakes only those whose own probe it was",
    file: "lib/queue/worker.ts",
    find: "if (isDown || wokenBy(post, before))",
    replace: "if (isDown)",
    test: {
      file: ONE_WAY,
      name: "when a server is back, everybody behind it is served at once, not at their next try",
    },
    why: "mail waits for an hour although its server is there",
  },
  {
    name: "ways: what differs in more than the server is taken for the same",
    file: "lib/queue/route.ts",
    find: 'to.protocol === "lmtp" ? "lmtp" : null',
    replace: "null",
    test: {
      file: "tests/queue_route_test.ts",
      name: "domains share a way where they go to the same server in the same manner",
    },
    why: "a wrong protocol for one domain holds up all others",
  },
  {
    name: "ways: a new domain has its own try at a dead smarthost",
    file: "lib/store/sqlite_schedule.ts",
    find: "if (way !== hop) joinWay.run(hop, way);",
    replace: "",
    test: { file: SQLITE, name: "the SQLite store: a hop that comes up joins its way" },
    why: "each new recipient costs a connection, and begins the waits anew",
  },
  {
    name: "ways: the same domain has every turn",
    file: "lib/store/sqlite_ways.ts",
    find: "if (way !== hop) turns.set(way, hop);",
    replace: "",
    test: { file: SQLITE, name: "the SQLite store: hops that share a way take turns" },
    why: "one domain with much mail holds up all others behind the smarthost",
  },
  {
    name: "ways: only the first hundred hops are woken",
    file: "lib/store/sqlite_ways.ts",
    find: "at < hops.length; at += HOPS_AT_ONCE",
    replace: "at < 1; at += HOPS_AT_ONCE",
    test: { file: SQLITE, name: "the SQLite store: a way that answers wakes all of its hops" },
    why: "mail waits for an hour although its server is there",
  },
  {
    name: "ways: one whose first hop has gone is forgotten",
    file: "lib/store/sqlite_schedule.ts",
    find: "WHERE way = old.way AND down = old.down ORDER BY dueAt LIMIT 1",
    replace: "WHERE way = old.way AND down = old.down AND 0 ORDER BY dueAt LIMIT 1",
    test: { file: SQLITE, name: "the SQLite store: hops that share a way take turns" },
    why: "mail waits until something else comes for the same smarthost",
  },
  {
    name: "operator: one message costs what the whole queue costs",
    file: "lib/store/sqlite_operator.ts",
    find: "else hopsOf(rows).forEach(schedule.update);",
    replace: "else schedule.rebuild();",
    test: {
      file: "tests/store_operator_test.ts",
      name: "queue hold of one message touches no other in a long queue",
    },
    why: "everybody waits while the operator looks after one message",
  },
];
