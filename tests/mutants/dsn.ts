/** Reports that were asked for, and mail in UTF-8. */
import type { Mutant } from "./mutant.ts";

const COMMAND_FAULTS = {
  file: "tests/smtp_command_test.ts",
  name: "parseCommand says what is wrong with a line, and echoes none of it",
};
const DSN = "tests/app_dsn_test.ts";
const CLIENT = "tests/smtp_client_envelope_test.ts";

export const DSN_MUTANTS: readonly Mutant[] = [
  {
    name: "xtext: it may stand for a line end",
    file: "lib/mail/xtext.ts",
    find: "return /^[\\t -~]*$/.test(text) ? text : null;",
    replace: "return text;",
    test: {
      file: "tests/mail_xtext_test.ts",
      name: "decodeXtext refuses what is no xtext, and what stands for no text",
    },
    why: "header injection through ENVID and ORCPT into reports",
  },
  {
    name: "parameters: ENVID has no limit",
    file: "lib/smtp/parameters.ts",
    find: "if (isXtext && value.length <= ENVID_CHARACTERS_MAX) return value;",
    replace: "if (isXtext) return value;",
    test: COMMAND_FAULTS,
    why: "strangers could grow what each report and each next server has to carry",
  },
  {
    name: "orcpt: it has no limit",
    file: "lib/mail/orcpt.ts",
    find: "  if (value.length > ORCPT_CHARACTERS_MAX) return false;\n",
    replace: "",
    test: COMMAND_FAULTS,
    why: "strangers could grow the queue, recipient by recipient",
  },
  {
    name: "orcpt: controls in UTF-8 may be in it",
    file: "lib/mail/orcpt.ts",
    find: "return text === null || /[^\\t\\P{Cc}]/u.test(text) ? null : text;",
    replace: "return text;",
    test: {
      file: "tests/mail_orcpt_test.ts",
      name: "an original recipient of any network is taken, and shown decoded",
    },
    why: "header injection through ORCPT into reports",
  },
  {
    name: "command: a sender in UTF-8 needs no SMTPUTF8",
    file: "lib/smtp/command.ts",
    find: "if (!ascii && !options.utf8) throw",
    replace: 'if (rest === "") throw',
    test: COMMAND_FAULTS,
    why: "mail that no later server is told the truth about",
  },
  {
    name: "command: a recipient in UTF-8 needs no SMTPUTF8",
    file: "lib/smtp/command.ts",
    find: "if (!ascii && !utf8) throw",
    replace: 'if (rest === "") throw',
    test: COMMAND_FAULTS,
    why: "mail that no later server is told the truth about",
  },
  {
    name: "transaction: SMTPUTF8 of one transaction holds for the next",
    file: "lib/smtp/transaction.ts",
    find: "utf8: command.utf8 ?? false,",
    replace: "utf8: true,",
    test: {
      file: "tests/smtp_server_test.ts",
      name: "smtpServer follows the transcript: RFC 6531 §3: addresses and a header in UTF-8",
    },
    why: "mail that no later server is told the truth about",
  },
  {
    name: "client: what needs SMTPUTF8 is sent without",
    file: "lib/smtp/client_envelope.ts",
    find: "  if (extensions.smtpUtf8) return null;\n",
    replace: "  if (extensions.pipelining || !extensions.pipelining) return null;\n",
    test: { file: CLIENT, name: "a header in UTF-8 is not sent to a server without SMTPUTF8" },
    why: "a silent downgrade: addresses and headers that the next server mangles",
  },
  {
    name: "client: a server without DSN is told of it",
    file: "lib/smtp/client_envelope.ts",
    find: "  if (!extensions.dsn) return line; // RFC 3461 §5.2.2 (a)\n",
    replace: "",
    test: {
      file: CLIENT,
      name: "a server without DSN hears no wish for reports, and gets the message",
    },
    why: "an old server refuses the recipient for a parameter that it does not know",
  },
  {
    name: "outcome: NEVER is not heard",
    file: "lib/queue/outcome.ts",
    find: 'return wantsReport(recipient, "FAILURE") ? "failed" : null;',
    replace: 'return "failed";',
    test: {
      file: DSN,
      name: "a failure is reported to those only who did not ask to be spared",
    },
    why: "reports that nobody asked for",
  },
  {
    name: "outcome: a server with DSN is not trusted to report",
    file: "lib/queue/outcome.ts",
    find: 'return wantsReport(recipient, "SUCCESS") && !offered.dsn;',
    replace: 'return wantsReport(recipient, "SUCCESS");',
    test: {
      file: DSN,
      name: "a server with DSN is told what the sender wants, and reports itself",
    },
    why: "two reports where one was asked for",
  },
  {
    name: "accept: a receipt for the null sender",
    file: "lib/app/report.ts",
    find:
      '  if (sender === null) return unreported(site, about, outcomes, "the sender is null");\n',
    replace: "  if (sender === null) throw new Error();\n",
    test: { file: DSN, name: "the null sender gets no report, whatever was asked for" },
    why: "mail of the null sender would be refused for what it asks",
  },
  {
    name: "report: the whole message is returned, however large",
    file: "lib/mail/report.ts",
    find: "original.length <= RETURNED_BYTES_MAX &&",
    replace: "original.length > 0 &&",
    test: {
      file: DSN,
      name: "an original of more than a mebibyte comes back as its header",
    },
    why: "a stranger could have us send large mail to somebody else",
  },
  {
    name: "address: a domain in UTF-8 is another than its A-labels",
    file: "lib/idna.ts",
    find: "const ascii = domainToASCII(domain);",
    replace: 'const ascii = domain === "" ? domainToASCII(domain) : domain.toLowerCase();',
    test: {
      file: "tests/mail_address_test.ts",
      name: "parseMailbox takes characters beyond ASCII only where they are allowed",
    },
    why: "mail for a local domain would be taken for a foreign one",
  },
  {
    name: "accept: the report is not in the transaction",
    file: "lib/store/memory.ts",
    find: "[message, ...reports].map(prepareMessage)",
    replace: "[message].map(prepareMessage)",
    test: { file: "tests/store_memory_test.ts" },
    why: "a report that is lost",
  },
];
