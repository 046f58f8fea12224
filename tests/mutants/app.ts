/** Who may do what, and when something counts as done. */
import type { Mutant } from "./mutant.ts";

export const APP_MUTANTS: readonly Mutant[] = [
  {
    name: "backend: an open relay",
    file: "lib/app/smtp_backend.ts",
    find: "    if (hello.user === null) {\n",
    replace: '    if (hello.name === "") {\n',
    test: { file: "tests/app_relay_test.ts", name: "a stranger cannot relay plainly" },
    why: "promise 4: strangers reach local recipients only",
  },
  {
    name: "backend: any sender will do",
    file: "lib/app/smtp_backend.ts",
    find: "if (foreign) return",
    replace: "if (foreign && mail.size === -1) return",
    test: {
      file: "tests/app_relay_test.ts",
      name: "a user who sends as <bob@abc.com> is answered ^550 5\\.7\\.1 ",
    },
    why: "promise 4: users send under their own addresses only",
  },
  {
    name: "senders: a domain that was allowed allows all",
    file: "lib/policy/senders.ts",
    find: "return pattern.domain === sender.domain;",
    replace: 'return pattern.domain !== "";',
    test: { file: "tests/app_relay_test.ts" },
    why: "promise 4: users send under their own addresses only",
  },
  {
    name: "submission: a forged Sender stays",
    file: "lib/mail/submission.ts",
    find: "    senders.some(({ address }) => address === null || !owns(address));",
    replace: "    senders.length > 1;",
    test: {
      file: "tests/app_relay_test.ts",
      name: "a user who writes in another name is named as Sender, and a stranger is not",
    },
    why: "users could write in somebody else's name without a trace",
  },
  {
    name: "accounts: decoys change with each start",
    file: "lib/app/accounts.ts",
    find: "users.decoyKey(world.random.bytes(32)).catch(",
    replace: "Promise.resolve(world.random.bytes(32)).catch(",
    test: {
      file: "tests/app_login_test.ts",
      name: "the secret that is shown for a name that is not there outlives the server",
    },
    why: "asking before and after a restart would tell who is here",
  },
  {
    name: "client: a refusal at the end keeps BDAT going",
    file: "lib/smtp/client_content.ts",
    find: "link.doubtful = link.unsettled = true;",
    replace: "link.unsettled = true;",
    test: {
      file: "tests/smtp_client_early_test.ts",
      name: "smtpClient follows the transcript: " +
        "a message that is refused is followed by RSET, and the next by DATA",
    },
    why: "the reply to another message could be taken for a delivery",
  },
  {
    name: "accept: loops go on",
    file: "lib/app/accept.ts",
    find: "if (isLoop(site, header)) return",
    replace: "if (false) return",
    test: {
      file: "tests/app_accept_test.ts",
      name: "a message that was here too often is refused as a loop",
    },
    why: "a message could go round for ever",
  },
  {
    name: "accept: no Received field",
    file: "lib/app/accept.ts",
    find: "joinBodies([bodyOf(received), prepared])",
    replace: "prepared",
    test: {
      file: "tests/app_accept_test.ts",
      name: "a message from outside gets Return-Path and Received, to the letter",
    },
    why: "without the trace nobody sees a loop",
  },
  {
    name: "accept: every recipient sees the first",
    file: "lib/app/accept.ts",
    find: "recipients.length === 1 ? recipients[0]!.address : null",
    replace: "recipients[0]!.address",
    test: {
      file: "tests/app_accept_test.ts",
      name: "several recipients are not told about each other",
    },
    why: "RFC 5321 §7.2: a blind copy would be told of",
  },
  {
    name: "accept: 250 before the commit",
    file: "lib/app/accept.ts",
    find: "  await store.accept(first!,",
    replace: "  void store.accept(first!,",
    test: {
      file: "tests/app_accept_test.ts",
      name: "a message from outside gets Return-Path and Received, to the letter",
    },
    why: "promise 1: a 250 means durable",
  },
  {
    name: "secret: every password is right",
    file: "lib/sasl/secret.ts",
    find: "timingSafeEqual(made.storedKey, secret.storedKey)",
    replace: "made.storedKey.length === secret.storedKey.length",
    test: {
      file: "tests/sasl_secret_test.ts",
      name: "verifyPassword knows the right password, however it was typed, and no other",
    },
    why: "logging in without the password",
  },
  {
    name: "accounts: a name that is not there answers at once",
    file: "lib/app/accounts.ts",
    find: "const mark = digest(name, password, secret);",
    replace: "const mark = digest(name, password, secret);\n" +
      '    if (account === null) return "refused";',
    test: {
      file: "tests/app_accounts_test.ts",
      name: "a login with a name that is not there costs what a wrong password costs",
    },
    why: "user enumeration by timing",
  },
  {
    name: "accounts: a login is remembered without its password",
    file: "lib/app/accounts.ts",
    find: "const mark = digest(name, password, secret);",
    replace: 'const mark = digest(name, "", secret);',
    test: {
      file: "tests/app_accounts_test.ts",
      name: "a login that was remembered is refused with another password, and after a change",
    },
    why: "after one login any password would do",
  },
  {
    name: "group: settled before the commit",
    file: "lib/store/group.ts",
    find: "    for (const item of items) item.attempt();\n",
    replace: "    for (const item of items) item.attempt();\n" +
      "    for (const item of items) item.settle();\n",
    test: {
      file: "tests/store_group_test.ts",
      name: "group commits what comes in one turn together, and settles after the commit",
    },
    why: "promise 1: a 250 means durable",
  },
  {
    name: "verify: a 4xx refuses",
    file: "lib/app/verify.ts",
    find: 'attempt.result === "refused" && (attempt.at === "rcpt"',
    replace: 'attempt.result !== "delivered" && (attempt.at === "rcpt"',
    test: {
      file: "tests/app_verify_test.ts",
      name: "a 4xx to RCPT while verifying does not refuse: the message is queued",
    },
    why: "a server that greylists would have all mail refused",
  },
  {
    name: "connections: any number is served",
    file: "lib/app/server.ts",
    find: "if (this.#served + heldConnections() >= connectionsMax) return true;",
    replace: "",
    test: {
      file: "tests/app_server_test.ts",
      name: "one connection too many hears 421 or -ERR, until a place is free",
    },
    why: "a flood of connections",
  },
  {
    name: "connections: any number is turned away with words",
    file: "lib/app/server.ts",
    find: "this.#turnedAway >= TURNED_AWAY_MAX",
    replace: "this.#turnedAway === Infinity",
    test: {
      file: "tests/app_server_test.ts",
      name: "a crowd that is turned away does not grow without end",
    },
    why: "a flood of connections",
  },
];
