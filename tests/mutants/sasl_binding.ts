/** Where a login is bound to its channel, and where it is not. */
import type { Mutant } from "./mutant.ts";

const SMTP_TEST = {
  file: "tests/smtp_server_test.ts",
  name: "smtpServer follows the transcript: " +
    "RFC 5802 §6.1: no channel is bound, and who could bind one logs in all the same",
} as const;
const POP3_TEST = {
  file: "tests/pop3_server_test.ts",
  name: "pop3Server follows the transcript: " +
    "RFC 5802 §6.1: no channel is bound, and who could bind one logs in all the same",
} as const;

export const SASL_BINDING_MUTANTS: readonly Mutant[] = [
  {
    name: "binding: SMTP announces -PLUS",
    file: "lib/smtp/offers.ts",
    find: "mechanismsOver(UNBOUND)",
    replace: "mechanismsOver(connection.tls?.binding ?? null)",
    test: SMTP_TEST,
    why: "mutt would choose it, be refused, and send nothing",
  },
  {
    name: "binding: SMTP takes -PLUS",
    file: "lib/smtp/auth.ts",
    find: "mechanismsOver(UNBOUND)",
    replace: "mechanismsOver(connection.tls?.binding ?? null)",
    test: SMTP_TEST,
    why: "what is not announced is not there",
  },
  {
    name: "binding: SMTP refuses whoever could bind the channel",
    file: "lib/smtp/auth.ts",
    find: "command.initial, UNBOUND)",
    replace: "command.initial, connection.tls?.binding ?? null)",
    test: SMTP_TEST,
    why: "RFC 5802 §6: no -PLUS was announced, so nobody has taken it away",
  },
  {
    name: "binding: POP3 announces -PLUS",
    file: "lib/pop3/capability.ts",
    find: "mechanismsOver(UNBOUND)",
    replace: "mechanismsOver(tls?.binding ?? null)",
    test: {
      file: "tests/pop3_server_test.ts",
      name: "pop3Server follows the transcript: " +
        "RFC 2595 §4: STLS, then CAPA again, and a login",
    },
    why: "mutt and mpop would choose it, be refused, and read nothing",
  },
  {
    name: "binding: POP3 takes -PLUS",
    file: "lib/pop3/authorization.ts",
    find: "mechanismsOver(UNBOUND)",
    replace: "mechanismsOver(serving.tls?.binding ?? null)",
    test: POP3_TEST,
    why: "what is not announced is not there",
  },
  {
    name: "binding: POP3 refuses whoever could bind the channel",
    file: "lib/pop3/authorization.ts",
    find: "saslServer(name, initial, UNBOUND)",
    replace: "saslServer(name, initial, serving.tls?.binding ?? null)",
    test: POP3_TEST,
    why: "RFC 5802 §6: no -PLUS was announced, so nobody has taken it away",
  },
  {
    name: "binding: IMAP looks at no channel",
    file: "lib/imap/login.ts",
    find: "saslServer(name, initial, serving.tls?.binding ?? null)",
    replace: "saslServer(name, initial, null)",
    test: {
      file: "tests/imap_server_test.ts",
      name: "imapServer follows the transcript: RFC 5802 §6: whoever stands in between is noticed",
    },
    why: "RFC 5802 §6: whoever stands in between could talk both out of the binding",
  },
];
