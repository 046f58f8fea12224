/** LMTP (RFC 2033), stages at which to stop, and replies that nobody asked for. */
import type { Mutant } from "./mutant.ts";

const SERVER = "tests/smtp_server_test.ts";
const TRANSCRIPT = "smtpServer follows the transcript: ";
const EARLY = "tests/smtp_client_early_test.ts";

export const LMTP_MUTANTS: readonly Mutant[] = [
  {
    name: "lmtp: mail is sent on",
    file: "lib/app/smtp_backend.ts",
    find: '    if (hello.protocol === "lmtp") return NOT_HERE;\n',
    replace: "",
    test: {
      file: "tests/app_lmtp_test.ts",
      name: "LMTP sends nothing on for a user either, for whom a trusted proxy vouches",
    },
    why: "who delivers has no queue, and would promise what nobody does",
  },
  {
    name: "lmtp: EHLO is known",
    file: "lib/smtp/command.ts",
    find: 'if (said.lmtp) throw unknownCommand("This is LMTP: say LHLO");',
    replace: 'if (said.lmtp && rest === "") throw unknownCommand("This is LMTP: say LHLO");',
    test: { file: SERVER, name: `${TRANSCRIPT}RFC 2033 §4.1: HELO and EHLO are not there` },
    why: "a client that speaks SMTP would take the first reply for the only one",
  },
  {
    name: "lmtp: DATA without a recipient has the code of SMTP",
    file: "lib/smtp/transaction.ts",
    find: 'options.service === "lmtp" ? 503 : 554;',
    replace: 'options.service === "lmtp" ? 554 : 554;',
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 2033 §4.2: without a recipient that was taken, DATA fails with 503`,
    },
    why: "RFC 2033 §4.2 demands it",
  },
  {
    name: "lmtp: one refusal for all",
    file: "lib/smtp/transaction.ts",
    find: 'if (connection.options.service !== "lmtp") {',
    replace: "if (connection.errors >= 0) {",
    test: {
      file: SERVER,
      name:
        `${TRANSCRIPT}RFC 2033 §4.2: a message that is refused, or cannot be kept, is so for each`,
    },
    why: "the client would wait, or take the next reply for a recipient's",
  },
  {
    name: "lmtp: one who is gone keeps the message from the others",
    file: "lib/app/smtp_backend.ts",
    find: "await this.#take(content, here);",
    replace: "await this.#take(content, recipients);",
    test: {
      file: "tests/app_lmtp_test.ts",
      name: "a recipient who is gone since RCPT is told so, and the others get the message",
    },
    why: "RFC 2033 §4.2: each recipient has a reply of their own",
  },
  {
    name: "lmtp: on the port of SMTP",
    file: "lib/config.ts",
    find: "if (config.ports.lmtp === 25) {",
    replace: "if (config.ports.lmtp === -25) {",
    test: { file: "tests/app_lmtp_test.ts", name: "RFC 2033 §5: LMTP is not for port 25" },
    why: "RFC 2033 §5",
  },
  {
    name: "client: the first reply of LMTP is for all",
    file: "lib/smtp/client_content.ts",
    find: "lmtp ? taken.map((each) => [each]) : [taken]",
    replace: "lmtp ? [taken] : [taken]",
    test: {
      file: "tests/smtp_client_extensions_test.ts",
      name: "LMTP: LHLO, and one reply for each recipient",
    },
    why: "a full mailbox would count as delivered",
  },
  {
    name: "client: a stage is passed over",
    file: "lib/smtp/client_stage.ts",
    find: "if (stop?.stage === stage) throw",
    replace: 'if (stop?.stage === stage && stage !== "tls") throw',
    test: {
      file: "tests/smtp_client_extensions_test.ts",
      name: "the conversation ends behind the stage that it should end behind",
    },
    why: "who only wants to look would send the message",
  },
  {
    name: "client: what waits is the reply to the next command",
    file: "lib/smtp/client_link.ts",
    find: "  if (link.queue.length > 0) link.unasked = true;\n",
    replace: "",
    test: {
      file: EARLY,
      name: "a reply too many in a group makes no refusal of what was not refused",
    },
    why: "mail would come back because of what was said to somebody else",
  },
  {
    name: "client: what was said to another is kept",
    file: "lib/smtp/client.ts",
    find: 'error.kind === "unasked") takeBack(attempts);',
    replace: 'error.kind === "malformed") takeBack(attempts);',
    test: {
      file: EARLY,
      name: "a reply too many in a group makes no refusal of what was not refused",
    },
    why: "mail would come back because of what was said to somebody else",
  },
  {
    name: "client: 421 is unasked for as well",
    file: "lib/smtp/client_link.ts",
    find: "if (link.unasked && answer.code !== 421) throw unasked();",
    replace: "if (link.unasked) throw unasked();",
    test: {
      file: EARLY,
      name: "421 may come unasked, and is then the answer to what is said next",
    },
    why: "RFC 5321 §3.8: a server may go at any time",
  },
  {
    name: "client: a reply before the dot is the one behind it",
    file: "lib/smtp/client_content.ts",
    find: "  if (link.queue.length > 0) {\n",
    replace: "  if (link.queue.length < 0) {\n",
    test: {
      file: EARLY,
      name: "a reply behind 354 is no reply to the message, whatever it says",
    },
    why: "a message would be lost that the server never had",
  },
  {
    name: "client: a refusal that is said twice is the next message's",
    file: "lib/smtp/client.ts",
    find: "  if (link.unsettled) {\n",
    replace: "  if (link.mails < 0) {\n",
    test: {
      file: EARLY,
      name: "a refusal that is said twice is not the reply to the next message",
    },
    why: "good mail would come back as too large",
  },
  {
    name: "client: RSET may be answered with anything",
    file: "lib/smtp/client_link.ts",
    find: "if (!isPositive(answer) && answer.code !== 421) throw unasked();",
    replace: "if (answer.code < 100) throw unasked();",
    test: { file: EARLY, name: "a question whose RSET is refused has no answer" },
    why: "a recipient would be refused because of what was said about another",
  },
  {
    name: "client: who leaves in the middle is not heard",
    file: "lib/smtp/client_content.ts",
    find: 'if (error instanceof Interrupted && error.reason === "lost") {',
    replace: 'if (error instanceof Interrupted && error.reason === "shutdown") {',
    test: {
      file: EARLY,
      name: "a server that leaves in the middle of the content is heard to its last word",
    },
    why: "what is refused for good would be tried for days",
  },
  {
    name: "drive: a failed write is in the way of reading",
    file: "lib/net/drive.ts",
    find: "      if (this.lost) this.#sending = null;\n",
    replace: "",
    test: {
      file: "tests/net_drive_test.ts",
      name: "what a peer said before it left can be read when nothing can be written any more",
    },
    why: "what is refused for good would be tried for days",
  },
];
