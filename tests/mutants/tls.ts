/** TLS: what was said in clear, and who gets a password. */
import type { Mutant } from "./mutant.ts";

const SERVER = "tests/smtp_server_test.ts";
const TRANSCRIPT = "smtpServer follows the transcript: ";
const CLIENT = "tests/smtp_client_tls_test.ts";

export const TLS_MUTANTS: readonly Mutant[] = [
  {
    name: "upgrade: what is pipelined behind STARTTLS is obeyed",
    file: "lib/wire/upgrade.ts",
    find: "  queue.skip(queue.length);\n",
    replace: "",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 3207 §6: what is pipelined behind STARTTLS is not obeyed`,
    },
    why: "a stranger on the way puts commands into somebody else's session",
  },
  {
    name: "upgrade: a handshake takes as long as it likes",
    file: "lib/wire/upgrade.ts",
    find: "  yield* deadline(TLS_HANDSHAKE_MS);\n",
    replace: "",
    test: {
      file: SERVER,
      name: "smtpServer ends without a word when the handshake fails, and gives it 30 s",
    },
    why: "slow-loris in the handshake",
  },
  {
    name: "start_tls: EHLO in clear counts",
    file: "lib/smtp/start_tls.ts",
    find: "  connection.hello = null;\n",
    replace: "",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 3207 §4.2: nothing counts that was said before, not even EHLO`,
    },
    why: "what was said in clear may be a stranger's",
  },
  {
    name: "start_tls: a login in clear counts",
    file: "lib/smtp/start_tls.ts",
    find: "  connection.user = null;\n",
    replace: "",
    test: {
      file: SERVER,
      name: "smtpServer tells the backend about TLS, and takes it along into POP3",
    },
    why: "a stranger on the way logs somebody in as somebody else",
  },
  {
    name: "start_tls: the transaction goes on",
    file: "lib/smtp/start_tls.ts",
    find: "  reset(connection);\n",
    replace: "",
    test: { file: "tests/app_tls_test.ts" },
    why: "recipients that a stranger put in get the message",
  },
  {
    name: "start_tls: twice",
    file: "lib/smtp/start_tls.ts",
    find: "connection.tls !== null\n",
    replace: "connection.errors < 0\n",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 3207 §4: STARTTLS takes no parameter, and comes once, after EHLO`,
    },
    why: "RFC 3207 §4.2",
  },
  {
    name: "ehlo: STARTTLS is offered again",
    file: "lib/smtp/offers.ts",
    find: "startTls: options.identity !== null && connection.tls === null,",
    replace: "startTls: options.identity !== null,",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 3207 §4: STARTTLS, then EHLO again, and a login`,
    },
    why: "RFC 3207 §4.2",
  },
  {
    name: "pop3: STLS twice",
    file: "lib/pop3/authorization.ts",
    find: "if (serving.tls !== null) throw",
    replace: "if (serving.failedLogins < 0) throw",
    test: { file: "tests/pop3_server_test.ts" },
    why: "RFC 2595 §4",
  },
  {
    name: "smtp client: TLS that was demanded may be missing",
    file: "lib/smtp/client_tls.ts",
    find: 'if (!offered) return required ? { end: "noTls" } : null;',
    replace: "if (!offered) return null;",
    test: {
      file: CLIENT,
      name: "smtpClient that requires TLS says nothing where it is not offered, or refused",
    },
    why: "STARTTLS stripping",
  },
  {
    name: "client: a password goes to whoever answers",
    file: "lib/wire/upgrade.ts",
    find: "(active !== null && tls.request.verify)",
    replace: "active !== null",
    test: {
      file: CLIENT,
      name: "smtpClient sends no password in clear, and none to whom it has not verified",
    },
    why: "an impostor gets the password",
  },
  {
    name: "smtpc: goes on unverified with a password",
    file: "lib/cli/client_tls.ts",
    find: " || (hasLogin && !isLoopback(transport.remote.host))",
    replace: "",
    test: {
      file: "tests/cli_tls_test.ts",
      name: "a password goes unverified to this machine only, unless --tls none is said",
    },
    why: "an impostor is asked for a login",
  },
  {
    name: "link: mail waits for a hop whose TLS is broken",
    file: "lib/queue/link.ts",
    find: 'if (performed !== "tlsFailed") return performed;',
    replace: 'if (performed !== "tlsFailed" || to.port > 0) return failed("");',
    test: { file: "tests/queue_link_test.ts" },
    why: "a certificate of somebody else's keeps mail from being delivered",
  },
];
