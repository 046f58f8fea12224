/** Held mail, deadlines and priorities. */
import type { Mutant } from "./mutant.ts";

const APP = "tests/app_timing_test.ts";

export const TIMING_MUTANTS: readonly Mutant[] = [
  {
    name: "future release: taken on every port",
    file: "lib/smtp/connection.ts",
    find: 'holds: connection.options.service === "submission",',
    replace: "holds: true,",
    test: { file: APP, name: "FUTURERELEASE is announced for submission, with the latest time" },
    why: "strangers could fill the queue for a year",
  },
  {
    name: "future release: held for any time",
    file: "lib/app/envelope.ts",
    find: "  if (until > futureReleaseAt(now).untilMax) {\n",
    replace: "  if (until === 0) {\n",
    test: {
      file: APP,
      name: "RFC 4865 §4.2: a time that is too late, over, or behind the deadline gets 501",
    },
    why: "what was announced would not be kept",
  },
  {
    name: "future release: mailboxes here do not wait",
    file: "lib/app/deliveries.ts",
    find: "expansion: dueAt === at ? expansionOf(site, recipient) : null,",
    replace: "expansion: expansionOf(site, recipient),",
    test: {
      file: APP,
      name: "a held message is released at its time, here and elsewhere, and not before",
    },
    why: "a birthday letter ten days early",
  },
  {
    name: "future release: the operator's retry releases what is held",
    file: "lib/store/memory_operator.ts",
    find: "(row.content.envelope.hold?.until ?? 0) <= now",
    replace: "now >= 0",
    test: { file: "tests/store_memory_test.ts" },
    why: "RFC 4865 §4.2 (5): it must not be released before",
  },
  {
    name: "future release: a held message is too old when it is released",
    file: "lib/store/memory_accept.ts",
    find: "since: Math.max(content.acceptedAt, hold?.until ?? 0),",
    replace: "since: content.acceptedAt,",
    test: { file: APP, name: "a held message has its five days from its release on" },
    why: "it would be given up at the first try that fails",
  },
  {
    name: "deadline: with mode R a message goes anywhere",
    file: "lib/smtp/client_timing.ts",
    find: 'if (by === undefined || by.mode === "notify") return null;',
    replace: "if (by === undefined || now > 0) return null;",
    test: { file: "tests/smtp_client_timing_test.ts" },
    why: "it could be delivered after its time",
  },
  {
    name: "deadline: with mode R it is tried on",
    file: "lib/queue/outcome.ts",
    find: 'if (by?.mode === "return") {',
    replace: "if (by === undefined) {",
    test: {
      file: APP,
      name: "RFC 2852 §4.1.3: with mode R it comes back at the deadline, and is not tried on",
    },
    why: "it could be delivered after its time",
  },
  {
    name: "deadline: NEVER is not heard",
    file: "lib/queue/outcome.ts",
    find: "if (by === undefined || notify?.length === 0) return false;",
    replace: "if (by === undefined) return false;",
    test: {
      file: APP,
      name: "RFC 2852 §4.1.4: where a trace is asked for, the sender hears where it went",
    },
    why: "reports that nobody asked for",
  },
  {
    name: "priority: strangers raise it",
    file: "lib/app/envelope.ts",
    find: "user === null ? Math.min(priority, 0) : priority",
    replace: "priority",
    test: {
      file: APP,
      name: "RFC 6710 §4.1: strangers lower a priority, and users raise it as well",
    },
    why: "spam would go first",
  },
  {
    name: "priority: the queue does not look at it",
    file: "lib/store/sqlite_take.ts",
    find: "ORDER BY ${RANK}, q.id LIMIT ?3",
    replace: "ORDER BY dueAt, q.id LIMIT ?3",
    test: { file: "tests/store_sqlite_test.ts" },
    why: "it was announced",
  },
];
