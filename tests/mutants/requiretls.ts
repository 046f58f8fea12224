/** REQUIRETLS (RFC 8689): what must not go on without TLS that was verified. */
import type { Mutant } from "./mutant.ts";

const APP = "tests/app_requiretls_test.ts";
const CLI = "tests/cli_requiretls_test.ts";
const CLIENT = {
  file: "tests/smtp_client_tls_test.ts",
  name: "smtpClient says REQUIRETLS to whom it has verified, and nothing of it to others",
};
const QUEUE = "tests/queue_requiretls_test.ts";
const TRANSCRIPT = {
  file: "tests/smtp_server_test.ts",
  name: "smtpServer follows the transcript: RFC 8689 §2: REQUIRETLS is for messages under TLS",
};

export const REQUIRETLS_MUTANTS: readonly Mutant[] = [
  {
    name: "ehlo: REQUIRETLS is announced in clear",
    file: "lib/smtp/offers.ts",
    find: "requireTls: connection.tls !== null,",
    replace: "requireTls: true,",
    test: TRANSCRIPT,
    why: "RFC 8689 §2: the message has crossed the network in clear before it is protected",
  },
  {
    name: "mail: REQUIRETLS is taken in clear",
    file: "lib/smtp/transaction.ts",
    find: 'if (command.tls === "required" && connection.tls === null) return requiresTls(options);',
    replace: "",
    test: TRANSCRIPT,
    why: "a sender believes that the message was protected all the way",
  },
  {
    name: "accept: TLS-Required: No outweighs REQUIRETLS",
    file: "lib/app/accept.ts",
    find: '  if (envelope.tls === "required") return envelope;\n',
    replace: "",
    test: {
      file: APP,
      name: "RFC 8689 §4.1: with REQUIRETLS, TLS-Required: No counts for nothing",
    },
    why: "a field in the header takes the protection away",
  },
  {
    name: "client: REQUIRETLS counts from whom nobody has verified",
    file: "lib/smtp/client.ts",
    find: "requireTls: offered.requireTls && verified }",
    replace: "requireTls: offered.requireTls || verified }",
    test: CLIENT,
    why: "an impostor promises to protect the message, and gets it",
  },
  {
    name: "client: what requires TLS goes to whom promises nothing",
    file: "lib/smtp/client_envelope.ts",
    find:
      'if (tls === "required" && sender !== null && !extensions.requireTls) return NO_REQUIRETLS;',
    replace: "",
    test: CLIENT,
    why: "the next server sends it on in clear",
  },
  {
    name: "link: what requires TLS tries its luck without",
    file: "lib/queue/link_tls.ts",
    find: "if (isRequired) return { tls: safe, otherwise };",
    replace: "",
    test: { file: QUEUE },
    why: "recipients and sender are told to a server that nobody has verified",
  },
  {
    name: "link: a report is lost for want of TLS",
    file: "lib/queue/link_tls.ts",
    find: 'envelope.tls === "required" && envelope.sender !== null',
    replace: 'envelope.tls === "required"',
    test: {
      file: QUEUE,
      name: "RFC 8689 §5: a report is protected where it can be, and goes in any case",
    },
    why: "nobody hears that the message did not arrive",
  },
  {
    name: "link: any kept connection will do",
    file: "lib/queue/link.ts",
    find: 'verified ? "verified" : ""',
    replace: 'verified ? "" : ""',
    test: {
      file: QUEUE,
      name: "a connection that was verified is kept for those who need one, and only for them",
    },
    why: "a message comes back although its next server could be verified",
  },
  {
    name: "verify: what cannot be protected is found out later",
    file: "lib/app/verify.ts",
    find: '"5.7.10", "5.7.30"',
    replace: '"5.7.30"',
    test: {
      file: APP,
      name: "a message with REQUIRETLS goes from server to server under verified TLS, or not",
    },
    why: "the sender hears of it only from a report, which may be lost itself",
  },
  {
    name: "report: the whole message comes back",
    file: "lib/app/report.ts",
    find: 'const ret = tls === "required" ? "HDRS" : about.envelope.ret;',
    replace: "const ret = about.envelope.ret;",
    test: { file: APP, name: "RFC 8689 §5: a report about such a message has its header only" },
    why: "what was to be protected goes home without protection",
  },
  {
    name: "report: it is not protected as its message was",
    file: "lib/app/report.ts",
    find: '...(tls === "required" ? { tls } : {}),',
    replace: "",
    test: { file: APP, name: "RFC 8689 §5: a report about such a message requires TLS as well" },
    why: "the header of a secret crosses the network in clear",
  },
  {
    name: "smtpc: --require-tls is content with anybody",
    file: "lib/cli/send_ready.ts",
    find: "strict: flags.requireTls ?? false",
    replace: "strict: false",
    test: {
      file: CLI,
      name: "--require-tls is not content with a server that is not verified",
    },
    why: "the first step of the way is the one that nobody has verified",
  },
  {
    name: "smtpc: --require-tls is content with a server that promises nothing",
    file: "lib/cli/send_ready.ts",
    find: "if (!requireTls || offered.requireTls) return;",
    replace: "if (!requireTls || offered.size === null) return;",
    test: { file: CLI, name: "--require-tls names a server that does not offer REQUIRETLS" },
    why: "nobody is told what is missing",
  },
];
