/** The SMTP server's session. */
import type { Mutant } from "./mutant.ts";

const TRANSCRIPT = "smtpServer follows the transcript: ";

export const SMTP_MUTANTS: readonly Mutant[] = [
  {
    name: "command: control characters are allowed",
    file: "lib/smtp/command.ts",
    find: "if (line.some((byte) => byte < 32 || byte === 127)) {",
    replace: "if (line.length < 0) {",
    test: {
      file: "tests/smtp_command_test.ts",
      name: "parseCommand says what is wrong with a line, and echoes none of it",
    },
    why: "injection into logs and header fields",
  },
  {
    name: "reply: text breaks out of its line",
    file: "lib/smtp/reply.ts",
    find: 'line.replace(/[^ -~]/gu, "?")',
    replace: "line",
    test: { file: "tests/smtp_reply_test.ts", name: "formatReply lets no text out of its line" },
    why: "a stranger's text could be a reply of its own",
  },
  {
    name: "reply: a log line moves the cursor",
    file: "lib/smtp/reply.ts",
    find: 'return text.replace(/[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]/gu, "?");',
    replace: "return text;",
    test: {
      file: "tests/smtp_reply_test.ts",
      name: "textOf joins the lines and leaves out what would move a terminal",
    },
    why: "escape sequences in the operator's terminal",
  },
  {
    name: "server: HTTP is heard",
    file: "lib/smtp/server.ts",
    find: "} else if (connection.hello === null && isHttp(line)) {",
    replace: "} else if (line.length < 0 && isHttp(line)) {",
    test: {
      file: "tests/smtp_server_test.ts",
      name: `${TRANSCRIPT}a browser is turned away before its body is heard`,
    },
    why: "a web page could send mail through a visitor's browser",
  },
  {
    name: "server: guessing goes on for ever",
    file: "lib/smtp/server.ts",
    find: "if (connection.failedLogins < options.limits.failedLoginsMax) return null;",
    replace: "if (connection.failedLogins > 0) return null;",
    test: {
      file: "tests/smtp_server_test.ts",
      name: `${TRANSCRIPT}a wrong password, three times`,
    },
    why: "password spraying",
  },
  {
    name: "server: guessing is not slowed down",
    file: "lib/smtp/server.ts",
    find: "  yield* pause(1000 * 2 ** (connection.failedLogins - 1));\n",
    replace: "",
    test: {
      file: "tests/smtp_server_test.ts",
      name: "smtpServer slows errors down before it gives up, and failed logins from the first",
    },
    why: "password spraying",
  },
  {
    name: "server: errors are not counted",
    file: "lib/smtp/connection.ts",
    find: "if (errors >= limits.errorsMax) return",
    replace: "if (errors < 0) return",
    test: {
      file: "tests/smtp_server_test.ts",
      name: `${TRANSCRIPT}too many errors`,
    },
    why: "a flood of nonsense",
  },
  {
    name: "server: a command may trickle in",
    file: "lib/smtp/server.ts",
    find: "    if (isOnTheMove(connection)) yield* deadline(options.limits.commandTimeoutMs);\n",
    replace: "",
    test: {
      file: "tests/smtp_server_test.ts",
      name: "smtpServer sets a deadline for each command, and for each block of content",
    },
    why: "slow-loris between commands",
  },
  {
    name: "transaction: any number of recipients",
    file: "lib/smtp/transaction.ts",
    find: "const room = options.limits.recipientsMax - transaction.recipients;",
    replace: "const room = asked.length;",
    test: {
      file: "tests/smtp_server_test.ts",
      name: `${TRANSCRIPT}RFC 5321 §4.5.3.1.10: too many recipients, ` +
        "of which the refused do not count",
    },
    why: "memory would be the stranger's",
  },
  {
    name: "transaction: SIZE is not looked at",
    file: "lib/smtp/transaction.ts",
    find: "if (command.size !== null && command.size > options.limits.messageBytesMax) {",
    replace: "if (command.size === -1) {",
    test: {
      file: "tests/smtp_server_test.ts",
      name: `${TRANSCRIPT}RFC 5321 §4.1.2: paths and parameters`,
    },
    why: "RFC 1870 §6.1: refused before a byte of it is sent",
  },
  {
    name: "transaction: submission without a login",
    file: "lib/smtp/transaction.ts",
    find: 'if (options.service === "submission" && connection.user === null) {',
    replace: "if (connection.errors < 0) {",
    test: {
      file: "tests/smtp_server_test.ts",
      name: `${TRANSCRIPT}RFC 6409 §4.3: nothing before a login`,
    },
    why: "an open relay on the submission port",
  },
];
