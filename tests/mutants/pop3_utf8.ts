/** Reading mail by POP3: headers in UTF-8, and mailboxes that are large. */
import type { Mutant } from "./mutant.ts";

const TRANSCRIPT = "pop3Server follows the transcript: ";
const CLIENT_TRANSCRIPT = "pop3Client follows the transcript: ";
const SERVER_TEST = "tests/pop3_server_test.ts";
const LARGE_TEST = "tests/pop3_large_test.ts";
const SURROGATE_TEST = "tests/mail_surrogate_test.ts";

export const POP3_UTF8_MUTANTS: readonly Mutant[] = [
  {
    name: "pop3: UTF-8 for everybody",
    file: "lib/pop3/transaction.ts",
    find: "const surrogate = serving.utf8 ? null : surrogateMaker();",
    replace: "const surrogate = serving.utf8 || true ? null : surrogateMaker();",
    test: {
      file: SERVER_TEST,
      name: `${TRANSCRIPT}RFC 6856 §2.1: without UTF8, a surrogate is sent`,
    },
    why: "RFC 6856 §2.1: not to a client that has not asked for it",
  },
  {
    name: "pop3: STLS behind UTF8",
    file: "lib/pop3/authorization.ts",
    find: '  if (serving.utf8) throw malformed("STLS comes before UTF8");\n',
    replace: "",
    test: {
      file: SERVER_TEST,
      name: `${TRANSCRIPT}RFC 6856 §2.1: UTF8 takes no argument, and STLS does not come behind it`,
    },
    why: "what was agreed in clear would hold under TLS",
  },
  {
    name: "pop3: the client does not say UTF8",
    file: "lib/pop3/login.ts",
    find:
      'if (known.some((line) => /^UTF8(?: |$)/i.test(line))) yield* command<B>(dialogue, "UTF8");',
    replace: "",
    test: {
      file: "tests/pop3_client_test.ts",
      name: `${CLIENT_TRANSCRIPT}RFC 6856 §2.1: UTF8 before the login, where it is offered`,
    },
    why: "smtpc would be sent surrogates",
  },
  {
    name: "pop3: LOGIN-DELAY is only announced",
    file: "lib/app/pop3_backend.ts",
    find: "world.clock.monotonicMs() - openedMs < config.pop3LoginDelayMs",
    replace: "openedMs < 0 && config.pop3LoginDelayMs < 0",
    test: {
      file: "tests/app_pop3_test.ts",
      name: "a user waits between two logins, where there is a delay, and nobody else does",
    },
    why: "RFC 2449 §6.5: whoever announces it should enforce it",
  },
  {
    name: "pop3: the login reads a large mailbox in one go",
    file: "lib/app/pop3_snapshot.ts",
    find: "    await turn();\n",
    replace: "",
    test: {
      file: "tests/app_pop3_test.ts",
      name: "a large mailbox is read from the store in pages of a thousand",
    },
    why: "everybody else would wait",
  },
  {
    name: "pop3: a list is not waited for",
    file: "lib/pop3/capability.ts",
    find: "yield* writeNow(encode(piece));",
    replace: "yield* write(encode(piece));",
    test: {
      file: LARGE_TEST,
      name: "pop3Server waits until the client has taken what it was sent of a long answer",
    },
    why: "a client that does not read would have the whole list in our memory",
  },
  {
    name: "pop3: a message is not waited for",
    file: "lib/pop3/transaction.ts",
    find: "yield* writeNow(piece);",
    replace: "yield* write(piece);",
    test: {
      file: LARGE_TEST,
      name: "pop3Server waits until the client has taken what it was sent of a long answer",
    },
    why: "a client that does not read would have the whole message in our memory",
  },
  {
    name: "pop3: QUIT removes all at once",
    file: "lib/pop3/transaction.ts",
    find: "if (part.length < countMax) continue;",
    replace: "continue;",
    test: {
      file: LARGE_TEST,
      name: "pop3Server removes two hundred messages at once, and all of them one after the other",
    },
    why: "everybody else would wait",
  },
  {
    name: "pop3: commands are answered without a turn for others",
    file: "lib/pop3/transaction.ts",
    find: "if (++commands % COMMANDS_AT_ONCE_MAX === 0)",
    replace: "if (++commands < 0)",
    test: {
      file: LARGE_TEST,
      name: "pop3Server gives others a turn after a hundred commands, and within a long list",
    },
    why: "thousands of commands can come at once",
  },
  {
    name: "surrogate: parts are not looked into",
    file: "lib/mail/part_finder.ts",
    find: "      inHeader = next;\n",
    replace: "      inHeader = false;\n",
    test: {
      file: SURROGATE_TEST,
      name: "a surrogate has ASCII in each header and the same bodies, wherever it is cut",
    },
    why: "RFC 6532 §3: the headers of parts may be in UTF-8, too",
  },
  {
    name: "surrogate: an outer boundary ends nothing",
    file: "lib/mail/part_finder.ts",
    find: "open = open.slice(0, next ? at + 1 : at);",
    replace: "open = open.slice(0, next ? open.length : at);",
    test: {
      file: SURROGATE_TEST,
      name: "a surrogate has ASCII in each header and the same bodies, wherever it is cut",
    },
    why: "text of another part would be taken for a header, and changed",
  },
  {
    name: "surrogate: whatever is in UTF-8 is made anew",
    file: "lib/mail/surrogate.ts",
    find: "if (changedBytes > CHANGED_BYTES_MAX) return questioned(bytes);",
    replace: "",
    test: {
      file: SURROGATE_TEST,
      name: "of one message 16 KiB of fields are made anew, and no more",
    },
    why: "a header of megabytes would hold everybody up",
  },
  {
    name: "socket: no keepalive",
    file: "lib/net/socket.ts",
    find: "    conn.setKeepAlive(true);\n",
    replace: "",
    test: {
      file: "tests/net_socket_test.ts",
      name: "a connection is watched by the system, and sends at once",
    },
    why: "a peer that is gone would hold its place and its locks",
  },
];
