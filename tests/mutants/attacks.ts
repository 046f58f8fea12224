/** Names and addresses that are more than they seem, and guesses at users and passwords. */
import type { Mutant } from "./mutant.ts";

const ATTACKS = "tests/app_attacks_test.ts";
const LOGINS = "tests/app_login_test.ts";

export const ATTACK_MUTANTS: readonly Mutant[] = [
  {
    name: "address: quotes inside of quotes are not marked",
    file: "lib/mail/address.ts",
    find: 'address.local.replace(/["\\\\]/g, "\\\\$&")',
    replace: "address.local",
    test: {
      file: ATTACKS,
      name: '<"bob\\"> NOTIFY=NEVER"@xyz.com> is passed on as the address that it is',
    },
    why: "an address could end itself, and give commands to the next server",
  },
  {
    name: "address: no quotes are written",
    file: "lib/mail/address.ts",
    find: "  const local = isDotString(address.local)\n",
    replace: '  const local = address.local !== ""\n',
    test: {
      file: ATTACKS,
      name:
        'MAIL FROM:<"a> by evil.test; "@evil.test> is an address in one field, and nothing else',
    },
    why: "Return-Path would name whom a stranger wants it to",
  },
  {
    name: "accounts: the percent hack is understood",
    file: "lib/queue/expand.ts",
    find: "const address = { local, domain };",
    replace: 'const address = { local: local.split("%")[0]!, domain };',
    test: { file: ATTACKS, name: "mail from a stranger to <alice%xyz.com@abc.com> is refused" },
    why: "what looks like a relay would be answered like one",
  },
  {
    name: "accounts: a bang path is understood",
    file: "lib/queue/expand.ts",
    find: "const address = { local, domain };",
    replace: 'const address = { local: local.split("!").at(-1)!, domain };',
    test: { file: ATTACKS, name: "mail from a stranger to <xyz.com!alice@abc.com> is refused" },
    why: "what looks like a relay would be answered like one",
  },
  {
    name: "accounts: a quoted address is understood",
    file: "lib/queue/expand.ts",
    find: "const address = { local, domain };",
    replace: 'const address = { local: local.split("@")[0]!, domain };',
    test: { file: ATTACKS, name: 'mail from a stranger to <"alice@xyz.com"@abc.com> is refused' },
    why: "what looks like a relay would be answered like one",
  },
  {
    name: "address: a source route is followed",
    file: "lib/mail/address.ts",
    find: "  const { address, end } = readMailbox(text, start, options);\n" +
      '  if (text[end] !== ">")',
    replace: "  const read = readMailbox(text, start, options);\n" +
      "  const first = start > at + 1 ? readDomain(text, at + 2, options).domain : null;\n" +
      "  const address = { ...read.address, domain: first ?? read.address.domain };\n" +
      "  const end = read.end;\n" +
      '  if (text[end] !== ">")',
    test: { file: ATTACKS, name: "mail from a stranger to <@abc.com:alice@xyz.com> is refused" },
    why: "mail for elsewhere would be taken for ours",
  },
  {
    name: "route: what ends like a domain of ours is ours",
    file: "lib/queue/route.ts",
    find: 'if (domain === "" || routes.local.has(domain)) return',
    replace: 'if ([...routes.local, ""].some((each) => domain.endsWith(each))) return',
    test: { file: ATTACKS, name: "mail from a stranger to <alice@xabc.com> is refused" },
    why: "somebody else's domain would be taken for ours",
  },
  {
    name: "backend: every address literal is ours",
    file: "lib/app/smtp_backend.ts",
    find: "to.domain === literalOf(local)",
    replace: 'to.domain.startsWith("[")',
    test: { file: ATTACKS, name: "mail from a stranger to <alice@[127.0.0.2]> is refused" },
    why: "mail for another host would be taken for ours",
  },
  {
    name: "backend: our own address literal is somebody else's",
    file: "lib/app/smtp_backend.ts",
    find: "to.domain === literalOf(local)",
    replace: 'to.domain === ""',
    test: { file: ATTACKS, name: "a user's mail to our own address literal stays here, too" },
    why: "the next hop would be asked about it, or we ourselves, in a circle",
  },
  {
    name: "backend: any sender will do where every one is allowed",
    file: "lib/app/smtp_backend.ts",
    find: "mail.from !== null && !this.#isQualified(mail.from.domain)",
    replace: "mail.from === null",
    test: {
      file: "tests/app_relay_test.ts",
      name: "a user who may send as * sends as <anybody@host>: ^554 5\\.1\\.8 ",
    },
    why: "RFC 6409 §4.2: what is no whole domain means something else on each server",
  },
  {
    name: "idna: domains are compared as they are written",
    file: "lib/idna.ts",
    find: "return domain.toLowerCase();",
    replace: "return domain;",
    test: { file: ATTACKS, name: "mail from a stranger to <alice@ABC.Com> stays here" },
    why: "mail for us would be taken for somebody else's",
  },
  {
    name: "address: a dot may stand behind a domain",
    file: "lib/mail/address.ts",
    find: 'return text.split(".").every(',
    replace: 'return text.replace(/\\.$/, "").split(".").every(',
    test: { file: ATTACKS, name: "mail from a stranger to <alice@abc.com.> is refused" },
    why: "RFC 5321 §4.1.2: one domain would have two spellings",
  },
  {
    name: "log: a value looks like other fields",
    file: "lib/log.ts",
    find: "  return JSON.stringify(text).replace(/[^\\x20-\\x7e]/g, escapeCharacter);",
    replace: "  return text;",
    test: { file: "tests/log_test.ts" },
    why: "a stranger's name could write lines of the log",
  },
  {
    name: "log: JSON moves the cursor",
    file: "lib/log.ts",
    find: "return line.replace(MOVING, escapeCharacter);",
    replace: "return line;",
    test: { file: "tests/log_test.ts" },
    why: "escape sequences in the operator's terminal",
  },
  {
    name: "logins: only the account is counted, not the address",
    file: "lib/policy/logins.ts",
    find: "      [networks.getOrAdd(network, fresh), ADDRESS_FAILURES_FREE] as const,\n",
    replace: "",
    test: {
      file: LOGINS,
      name: "one password tried on many users from one address is not looked at in the end",
    },
    why: "password spraying",
  },
  {
    name: "accounts: whoever is not there costs no work",
    file: "lib/app/accounts.ts",
    find: "const right = await verifyPassword(",
    replace: "const right = account !== null && await verifyPassword(",
    test: {
      file: LOGINS,
      name: "AUTH PLAIN costs as much work and says the same, whether the user is there",
    },
    why: "user enumeration by timing",
  },
  {
    name: "accounts: a name fills the log",
    file: "lib/app/accounts.ts",
    find: "user.slice(0, NAME_CHARACTERS_MAX) : result.name",
    replace: "user : result.name",
    test: {
      file: LOGINS,
      name: "of a name that is as long as it can be said, the log has 255 characters",
    },
    why: "each guess could write nine thousand bytes",
  },
  {
    name: "HELP: what is not offered is promised",
    file: "lib/smtp/help.ts",
    find: '    ...(offers.startTls ? [] : ["STARTTLS"]),\n',
    replace: "",
    test: {
      file: "tests/smtp_server_test.ts",
      name:
        "smtpServer follows the transcript: RFC 3207 §4: STARTTLS, then EHLO again, and a login",
    },
    why: "people who type would try it in vain",
  },
];
