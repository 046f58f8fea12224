/** Floods, and whoever holds places. */
import type { Mutant } from "./mutant.ts";

const FLOODS = "tests/app_floods_test.ts";

export const FLOODS_MUTANTS: readonly Mutant[] = [
  {
    name: "visitors: one address may have all connections",
    file: "lib/policy/visitors.ts",
    find: 'if (count >= connectionsMax) return "tooMany";',
    replace: "",
    test: { file: FLOODS, name: "one address has so many connections, to all services together" },
    why: "one stranger could hold every place",
  },
  {
    name: "visitors: whoever leaves still counts",
    file: "lib/app/server.ts",
    find: "    visitors.leave(peer.host);\n",
    replace: "",
    test: { file: FLOODS, name: "one address connects so often in a minute" },
    why: "after fifty connections an address would be shut out for ever",
  },
  {
    name: "visitors: connections may come as fast as they like",
    file: "lib/policy/visitors.ts",
    find: 'if (!take(visitor.connections, 1, CONNECTIONS_PER_MINUTE_MAX, nowMs)) return "tooFast";',
    replace: "",
    test: { file: FLOODS, name: "one address connects so often in a minute" },
    why: "limits of one connection would cost a flood nothing",
  },
  {
    name: "visitors: messages may come as fast as they like",
    file: "lib/app/smtp_backend.ts",
    find: "      return this.#refused(mail.from, null, TOO_FAST);\n",
    replace: "",
    test: { file: FLOODS, name: "one address hands over so many messages in a minute" },
    why: "one stranger could fill the disk",
  },
  {
    name: "visitors: groping costs nothing",
    file: "lib/app/smtp_backend.ts",
    find: "if (hello.user === null) visitors.missed(",
    replace: 'if (hello.name === "") visitors.missed(',
    test: {
      file: FLOODS,
      name: "whoever gropes for addresses is slowed down, cut off, and not let in any more",
    },
    why: "the list of users could be found out by trying",
  },
  {
    name: "session: NOOP for ever",
    file: "lib/smtp/server.ts",
    find: "connection.idleCommands++;",
    replace: "",
    test: {
      file: FLOODS,
      name: "a flood of NOOP ends the connection, unless messages come in between",
    },
    why: "a place would be held, and a core kept busy, for nothing",
  },
  {
    name: "log: each refusal is a line",
    file: "lib/policy/quiet.ts",
    find: "if (window.lines < LINES_PER_MINUTE_MAX) {",
    replace: "if (window.lines < Infinity) {",
    test: { file: FLOODS, name: "a flood of refusals is a few lines in the log, and a number" },
    why: "a stranger could fill the disk through the log",
  },
];
