/** The queue's fairness, its schedule, and what it does about messages that are ill. */
import type { Mutant } from "./mutant.ts";

const FAIRNESS = "tests/queue_fairness_test.ts";
const SQLITE = "tests/store_sqlite_test.ts";
const APP = "tests/app_queue_test.ts";

export const QUEUE_MUTANTS: readonly Mutant[] = [
  {
    name: "queue: a crowd of strangers hides who is known",
    file: "lib/queue/worker.ts",
    find: "Math.max(max, CROWD_MAX)",
    replace: "max",
    test: {
      file: FAIRNESS,
      name: "a crowd of hops that swallow connections does not hide one that is known",
    },
    why: "one letter to a thousand dead domains would hold up all other mail for minutes",
  },
  {
    name: "queue: mail of a clock far ahead stays young (SQLite)",
    file: "lib/store/sqlite_operator.ts",
    find: "    noneAhead.run(now);\n",
    replace: "",
    test: { file: SQLITE, name: "the SQLite store: queue.hasten leaves nobody younger than new" },
    why: "a clock that was wrong for an hour, and its mail is tried for a year and never reported",
  },
  {
    name: "queue: what aliases send elsewhere is no part of a full queue",
    file: "lib/app/smtp_backend.ts",
    find: "if (isFull && waits) return QUEUE_FULL;",
    replace: "",
    test: {
      file: APP,
      name: "beyond --max-queue nothing more waits for aliases elsewhere, or for its hour",
    },
    why: "strangers could fill the queue by way of one alias",
  },
  {
    name: "queue: a report is made about what was dropped",
    file: "lib/store/arrivals.ts",
    find: "return verdicts.length > 0 && stale.length === verdicts.length;",
    replace: "return false;",
    test: {
      file: SQLITE,
      name: "the SQLite store: queue.settle reports nothing about what was dropped",
    },
    why: "promise 2: a recipient would have two ends, and the operator's word would not hold",
  },
  {
    name: "queue: what could not be given back stays taken",
    file: "lib/queue/worker.ts",
    find: "        await world.clock.sleep(LOOK_AGAIN_MS, this.#cut.signal);\n      }\n",
    replace: "        return;\n      }\n",
    test: {
      file: "tests/queue_worker_test.ts",
      name: "what cannot be given back just now is given back later, and tried again",
    },
    why: "one bad moment of the disk, and mail waits until somebody starts the server again",
  },
  {
    name: "queue: whoever sent first is sent first (SQLite)",
    file: "lib/store/sqlite_take.ts",
    find: "takeThese(dueOf.byTurns(hop, now, max));",
    replace: "takeThese([]);",
    test: { file: SQLITE, name: "the SQLite store: queue.take lets senders take turns" },
    why: "one sender of a hundred thousand messages holds up all others to that hop",
  },
  {
    name: "queue: the turns always begin with the first sender (SQLite)",
    file: "lib/store/sqlite_take.ts",
    find: 'turns.set(hop, senders[max] ?? "");',
    replace: 'turns.set(hop, "");',
    test: {
      file: SQLITE,
      name: "the SQLite store: queue.take comes to every sender, however many",
    },
    why: "more senders than a delivery has room for, and the last ones never get their turn",
  },
  {
    name: "queue: the turns always begin with the first sender (memory)",
    file: "lib/store/memory_queue.ts",
    find: 'turns.set(hop, order[max] ?? "");',
    replace: 'turns.set(hop, "");',
    test: {
      file: "tests/store_memory_test.ts",
      name: "the memory store: queue.take comes to every sender, however many",
    },
    why: "the same",
  },
  {
    name: "queue: a delivery takes whatever is due into memory",
    file: "lib/store/sqlite_take.ts",
    find: "if (bytes >= TAKEN_BYTES_MAX && !bodies.has(row.row)) continue;",
    replace: "",
    test: { file: SQLITE, name: "the SQLite store: queue.take keeps to what fits into memory" },
    why: "two hundred deliveries of fifty messages each are too much",
  },
  {
    name: "queue: what was due while the server was down is given up untried",
    file: "lib/store/sqlite_take.ts",
    find: "WHERE max(q.dueAt, ifnull(h.until, 0)) > ?4",
    replace: "WHERE ?4 > 0",
    test: { file: SQLITE, name: "the SQLite store: queue.overdue takes what was put off too long" },
    why: "mail is lost to a week without power",
  },
  {
    name: "queue: only the oldest are looked at, whether they are late or not",
    file: "lib/store/sqlite_take.ts",
    find: "behind = selectLast.first(until, behind.since, behind.id) ?? { since: -1, id: 0 };",
    replace: "",
    test: { file: SQLITE, name: "the SQLite store: queue.overdue finds who is late behind many" },
    why: "behind many that are due, nobody would be warned or given up",
  },
  {
    name: "queue: senders are warned again and again",
    file: "lib/store/sqlite_settle.ts",
    find: "`UPDATE queue SET warned = 1 WHERE id = ? ${RETURNING}`",
    replace: "`UPDATE queue SET warned = 0 WHERE id = ? ${RETURNING}`",
    test: { file: SQLITE, name: "the SQLite store: queue.overdue takes what was put off too long" },
    why: "a report a second",
  },
  {
    name: "queue: half a message is sent as a whole one",
    file: "lib/store/sqlite_content.ts",
    find: "if (bytes.length === to - from) return bytes;",
    replace: "if (bytes.length <= to - from) return bytes;",
    test: {
      file: "tests/store_faults_test.ts",
      name: "content that is not there fails who reads it, and takes nobody else along",
    },
    why: "a damaged database must not damage mail silently",
  },
  {
    name: "queue: a hop that is down costs as many probes as before",
    file: "lib/queue/ways.ts",
    find: "return failures > 0 || !isKnown ? 1 : Math.floor(window);",
    replace: "return !isKnown ? 1 : Math.floor(window);",
    test: {
      file: "tests/queue_ways_test.ts",
      name: "a hop that is down has one, and begins anew when it answers",
    },
    why: "a busy server that restarts is met by a crowd",
  },
  {
    name: "queue: one connection too many puts off the whole hop",
    file: "lib/queue/worker.ts",
    find: "if (this.#places.of(way) > 1) {",
    replace: "if (this.#places.of(way) > 1000) {",
    test: {
      file: FAIRNESS,
      name: "a hop gets more deliveries at once as it takes them, and fewer when it is full",
    },
    why: "mail waits although the hop takes it",
  },
  {
    name: "queue: deliveries that wait for their hop keep their place",
    file: "lib/queue/worker.ts",
    find: "      place.slow();\n",
    replace: "",
    test: {
      file: FAIRNESS,
      name: "three hundred hops that swallow connections do not hold up one that answers",
    },
    why: "fifty dead servers hold up the mail to all others",
  },
  {
    name: "queue: a wake-up that comes while the worker is awake is lost",
    file: "lib/queue/worker.ts",
    find: "if (wakeUps === this.#wakeUps) await",
    replace: "if (wakeUps >= 0) await",
    test: {
      file: "tests/queue_one_way_test.ts",
      name: "two hundred domains behind one dead server cost as many connections as one",
    },
    why: "mail waits a second for nothing",
  },
  {
    name: "queue: 421 is taken for an answer about the recipient",
    file: "lib/queue/delivery.ts",
    find: "if (goodbye !== null) {",
    replace: "if (goodbye !== null && group.length === 0) {",
    test: {
      file: FAIRNESS,
      name: "RFC 5321 §3.8: a host that says 421 is left alone for a while, with all its mail",
    },
    why: "each message in turn is offered to a server that is going down",
  },
  {
    name: "queue: a recipient to whom a server says 421 comes first at each probe",
    file: "lib/queue/delivery.ts",
    find: 'performed.attempts.every(({ at }) => at === "rcpt")',
    replace: "performed.attempts.length === 0",
    test: {
      file: FAIRNESS,
      name: "a recipient to whom a server says goodbye each time does not hold up the others",
    },
    why: "one address holds up all mail to its server",
  },
  {
    name: "queue: a message that cannot be read puts off its hop",
    file: "lib/queue/delivery.ts",
    find: "const error = fault();",
    replace: "const error = fault() && null;",
    test: {
      file: FAIRNESS,
      name: "a message that cannot be read waits alone, and is reported in the end",
    },
    why: "all mail to that hop waits for days behind it",
  },
  {
    name: "queue: a message that brings servers down is tried first for ever",
    file: "lib/queue/carrier.ts",
    find: 'performed: { ...performed, concerns: "both" }',
    replace: "performed",
    test: {
      file: FAIRNESS,
      name: "a message at whose sight a server goes down does not hold up the others",
    },
    why: "everything behind it waits for five days",
  },
  {
    name: "queue: a report that is late is a reason for a report",
    file: "lib/queue/outcome.ts",
    find: '"DELAY") && envelope.sender !== null ? "delayed"',
    replace: '"DELAY") ? "delayed"',
    test: {
      file: APP,
      name: "a report that is late makes no report, and one that fails is written down",
    },
    why: "warnings in the log about nothing that is lost",
  },
  {
    name: "queue: --max-queue is not looked at",
    file: "lib/app/smtp_backend.ts",
    find: "if (isFull) return QUEUE_FULL;",
    replace: "",
    test: {
      file: APP,
      name:
        "beyond --max-queue nothing more is taken for other servers, and mailboxes here get theirs",
    },
    why: "a user's program in a loop fills the disk",
  },
];
