/** Floods, and whoever holds places. */
import type { Mutant } from "./mutant.ts";

const FLOODS = "tests/app_floods_test.ts";

const VISIT = "tests/app_visit_test.ts";
const CHUNKS = "a message by BDAT that comes in chunks of a byte is cut off";

export const FLOODS_MUTANTS: readonly Mutant[] = [
  {
    name: "connections: whoever is turned away keeps a place meanwhile",
    file: "lib/app/server.ts",
    find: "      refusal = await this.#converse(service, transport);\n",
    replace: "      refusal = await this.#converse(service, transport);\n" +
      "      if (refusal !== null) await this.#turnAway(service, transport, refusal);\n" +
      "      refusal = null;\n",
    test: { file: VISIT, name: "whoever is turned away takes nobody's place" },
    why: "one address could hold every place by being refused",
  },
  {
    name: "visit: by XCLIENT anybody gets in",
    file: "lib/app/visit.ts",
    find: 'if (moved !== "welcome") return moved;',
    replace: 'if (moved !== "welcome") return null;',
    test: {
      file: VISIT,
      name: "by XCLIENT a connection counts for whom the proxy speaks, and for the proxy never",
    },
    why: "behind a proxy there would be no limit for an address",
  },
  {
    name: "visit: whoever a connection was before keeps the place",
    file: "lib/app/visit.ts",
    find: "    visitors.leave(counted);\n",
    replace: "",
    test: { file: VISIT, name: "a connection that goes on as another's leaves its place" },
    why: "the place of whoever a connection was before would never be free again",
  },
  {
    name: "visitors: proxies have a share as everybody",
    file: "lib/policy/visitors.ts",
    find: " || isProxy(address)) return null;",
    replace: ") return null;",
    test: {
      file: VISIT,
      name: "by XCLIENT a connection counts for whom the proxy speaks, and for the proxy never",
    },
    why: "a proxy with many clients would be shut out",
  },
  {
    name: "visitors: groping from many connections is as fast as one likes",
    file: "lib/app/smtp_backend.ts",
    find: "    if (wait > 0) await clock.sleep(wait, signal).catch(() => {});\n",
    replace: "",
    test: {
      file: FLOODS,
      name: "whoever gropes for addresses is slowed down, cut off, and not let in any more",
    },
    why: "the list of users could be found out quickly, over many connections",
  },
  {
    name: "visitors: connections that are there already may grope on",
    file: "lib/app/smtp_backend.ts",
    find: '    if (wait === "unwelcome") return decided.map(() => tooMuch(wait));\n',
    replace: '    if (wait === "unwelcome") return decided;\n',
    test: {
      file: FLOODS,
      name: "whoever gropes for addresses is slowed down, cut off, and not let in any more",
    },
    why: "whoever holds fifty connections open could try a thousand names",
  },
  {
    name: "session: each chunk has time of its own",
    file: "lib/smtp/server.ts",
    find: "  else if (chunkedBytes - chunkedBytesTimed < PROGRESS_BYTES) return false;\n",
    replace: "",
    test: { file: FLOODS, name: CHUNKS },
    why: "a place would be held for ever, for a byte every five minutes",
  },
  {
    name: "session: the time begins anew with each chunk",
    file: "lib/smtp/chunking.ts",
    find: "if (!isChunking(connection)) yield* deadline(blockTimeoutMs);",
    replace: "yield* deadline(blockTimeoutMs);",
    test: { file: FLOODS, name: CHUNKS },
    why: "a place would be held for ever, for a byte every three minutes",
  },
  {
    name: "session: chunks behind a refused one have all the time",
    file: "lib/smtp/chunking.ts",
    find: "return chunkRefused !== null || (transaction",
    replace: "return (transaction",
    test: { file: FLOODS, name: CHUNKS },
    why: "a place would be held for ever, for chunks that are thrown away",
  },
  {
    name: "session: what is put off may be said for ever",
    file: "lib/smtp/connection.ts",
    find: "  if (putOff >= limits.putOffMax) ",
    replace: "  if (putOff === -limits.putOffMax) ",
    test: {
      file: "tests/smtp_limits_test.ts",
      name: "smtpServer ends a conversation in which too much was put off since the last message",
    },
    why: "recipients beyond the limit cost nothing, and could flood a core",
  },
  {
    name: "pop3: no end of commands without a login",
    file: "lib/pop3/authorization.ts",
    find: "if (++commands > COMMANDS_MAX) {",
    replace: "if (++commands > Infinity) {",
    test: {
      file: "tests/pop3_server_test.ts",
      name: "pop3Server ends a session that goes on and on without a login",
    },
    why: "a stranger could hold a place for ever with CAPA",
  },
  {
    name: "log: a flood from very many networks is a line for each of them",
    file: "lib/policy/quiet.ts",
    find: "return passes(all, LINES_OF_ALL_PER_MINUTE_MAX, nowMs);",
    replace: "return passes(all, Infinity, nowMs);",
    test: {
      file: "tests/policy_quiet_test.ts",
      name: "an event that comes from very many networks is counted for all of them together",
    },
    why: "whoever has many addresses could fill the disk through the log",
  },
  {
    name: "log: a number is told only when something more happens",
    file: "lib/app/quiet_log.ts",
    find: "    tell();\n    wait();\n",
    replace: "    tell();\n",
    test: {
      file: "tests/app_quiet_log_test.ts",
      name: "what was only counted is told, also when nothing more happens",
    },
    why: "an attack would be missing in the log until the next one",
  },
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
    find: "    visiting?.leave();\n",
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
    find: "if (misses.length === 0 || hello.user !== null || !isLimited(hello)) return decided;",
    replace: "return decided;",
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
    find: "if (!passes(own, LINES_PER_MINUTE_MAX, nowMs)) return false;",
    replace: "if (!passes(own, Infinity, nowMs)) return false;",
    test: { file: FLOODS, name: "a flood of refusals is a few lines in the log, and a number" },
    why: "a stranger could fill the disk through the log",
  },
];
