/** Logins: SCRAM, SASLprep, and what guessing costs. */
import type { Mutant } from "./mutant.ts";

export const SASL_MUTANTS: readonly Mutant[] = [
  {
    name: "scram: any proof is right",
    file: "lib/sasl/scram_server.ts",
    find: "const right = proven &&",
    replace: "const right = proven !== null &&",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end takes no last message but the right one",
    },
    why: "everybody would be logged in",
  },
  {
    name: "scram: an old nonce is taken",
    file: "lib/sasl/scram_server.ts",
    find: "final.nonce === bothNonces &&",
    replace: "",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end refuses right proofs with another nonce or another header",
    },
    why: "RFC 5802 §5.1: an exchange could be played again",
  },
  {
    name: "scram: a -PLUS that was taken away is not missed",
    file: "lib/sasl/scram_server.ts",
    find: 'if (first.binding === "y" && binding !== null)',
    replace: 'if (first.binding === "y" && binding === first)',
    test: {
      file: "tests/sasl_binding_test.ts",
      name: "both ends bind the exchange to their channel, and notice when it is not one",
    },
    why: "RFC 5802 §6: whoever stands in between could talk both out of the binding",
  },
  {
    name: "scram: any kind of binding is taken",
    file: "lib/sasl/scram_server.ts",
    find: 'if (plus && !isType(first.binding)) return { result: "refused" };',
    replace: "",
    test: {
      file: "tests/sasl_binding_test.ts",
      name: "both ends bind the exchange to their channel, and notice when it is not one",
    },
    why: "RFC 5802 §6: the client would believe that another binding was looked at",
  },
  {
    name: "sasl: -PLUS is announced where there is nothing to bind to",
    file: "lib/sasl/mechanism.ts",
    find: 'MECHANISMS.filter((name) => name !== "SCRAM-SHA-256-PLUS") : MECHANISMS;',
    replace: "MECHANISMS : MECHANISMS;",
    test: {
      file: "tests/sasl_mechanisms_test.ts",
      name: "saslClient takes the first mechanism that both have, and none where there is none",
    },
    why: "clients choose what cannot come to an end",
  },
  {
    name: "sasl client: it does not say that it has seen no -PLUS",
    file: "lib/sasl/client.ts",
    find: '!upper.includes("SCRAM-SHA-256-PLUS") ? "y" : "n";',
    replace: '!upper.includes("SCRAM-SHA-256-PLUS") ? "n" : "n";',
    test: {
      file: "tests/smtp_client_tls_test.ts",
      name: "smtpClient binds its login to the channel, and says so where it has seen no -PLUS",
    },
    why: "RFC 5802 §6: whoever stands in between takes the binding out unnoticed",
  },
  {
    name: "scram: the channel is not looked at",
    file: "lib/sasl/scram_server.ts",
    find: "...(plus ? [binding!] : [])",
    replace: "...(plus ? [final.binding.subarray(first.header.length)] : [])",
    test: {
      file: "tests/sasl_binding_test.ts",
      name: "both ends bind the exchange to their channel, and notice when it is not one",
    },
    why: "whoever stands in between could pass the exchange on",
  },
  {
    name: "scram: another header is taken",
    file: "lib/sasl/scram_server.ts",
    find: " && equal(final.binding, bound)",
    replace: "",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end refuses right proofs with another nonce or another header",
    },
    why: "RFC 5802 §5.1: who stands in between could change the header",
  },
  {
    name: "scram: channel binding is asked for and ignored",
    file: "lib/sasl/scram_server.ts",
    find: 'if (first === null || (typeof first.binding === "object") !== plus) return MALFORMED;',
    replace: "if (first === null) return MALFORMED;",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end takes no first message but by the grammar of RFC 5802 §7",
    },
    why: "a client would believe that its channel is bound",
  },
  {
    name: "scram: logged in before the last response",
    file: "lib/sasl/scram_server.ts",
    find: "if ((yield* response(verifier)).length > 0) return MALFORMED;",
    replace: "yield* response(verifier);",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end asks whether to log in only behind the client's last response",
    },
    why: "RFC 4954 §4: the last response is empty",
  },
  {
    name: "scram: a mandatory extension is ignored",
    file: "lib/sasl/scram.ts",
    find: 'if (found.some(([name]) => name === "m")) return null;',
    replace: 'if (found.some(([name]) => name === "")) return null;',
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end takes no first message but by the grammar of RFC 5802 §7",
    },
    why: "RFC 5802 §5.1: it must fail the login",
  },
  {
    name: "scram: somebody else is acted for",
    file: "lib/sasl/scram_server.ts",
    find: "return own ?",
    replace: 'return own || user !== "" ?',
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the server's end lets nobody act for somebody else, nor tells whether they could",
    },
    why: "mail of others",
  },
  {
    name: "scram client: any signature will do",
    file: "lib/sasl/scram_client.ts",
    find: "if (!timingSafeEqual(",
    replace: "if (first === null && !timingSafeEqual(",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the client's end is not content with less than the server's signature",
    },
    why: "a false server would be talked to",
  },
  {
    name: "scram client: no signature will do",
    file: "lib/sasl/scram_client.ts",
    find: "if (finalBytes === null) return TOO_SOON;",
    replace: "if (finalBytes === null) return null;",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the client's end is not content with less than the server's signature",
    },
    why: "a false server would be talked to",
  },
  {
    name: "scram client: few rounds will do",
    file: "lib/sasl/scram_client.ts",
    find: "iterations < ITERATIONS_MIN ||",
    replace: "",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the client's end does not go on with a first message of the server that is not right",
    },
    why: "a false server could guess the password from the proof",
  },
  {
    name: "scram client: any number of rounds",
    file: "lib/sasl/scram_client.ts",
    find: " || iterations > ITERATIONS_MAX",
    replace: "",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the client's end does not go on with a first message of the server that is not right",
    },
    why: "a false server could keep us busy for hours",
  },
  {
    name: "scram client: the server's nonce alone",
    file: "lib/sasl/scram_client.ts",
    find: "!first.nonce.startsWith(nonce) || ",
    replace: "",
    test: {
      file: "tests/sasl_scram_test.ts",
      name: "the client's end does not go on with a first message of the server that is not right",
    },
    why: "an old exchange could be played again",
  },
  {
    name: "saslprep: nothing is prohibited",
    file: "lib/sasl/saslprep.ts",
    find: "if (points.some((point) => PROHIBITED.has(point))) return null;",
    replace: "",
    test: {
      file: "tests/sasl_saslprep_test.ts",
      name: "saslprep maps, normalises and refuses by RFC 4013 §2",
    },
    why: "RFC 4013 §2.3",
  },
  {
    name: "logins: guesses at the same time do not wait for each other",
    file: "lib/policy/logins.ts",
    find: "nowMs + waitMs + waitOf(costly)",
    replace: "nowMs + waitOf(costly)",
    test: {
      file: "tests/policy_logins_test.ts",
      name: "attempts at the same time stand in one line",
    },
    why: "a guesser with many connections",
  },
  {
    name: "logins: each address of IPv6 is another",
    file: "lib/policy/recent.ts",
    find: '.slice(0, 4).join(":")',
    replace: '.join(":")',
    test: {
      file: "tests/policy_logins_test.ts",
      name:
        "an address that tries many accounts is slowed down, and so is its whole network of IPv6",
    },
    why: "a guesser has 2^64 addresses",
  },
  {
    name: "logins: everything is remembered",
    file: "lib/policy/recent.ts",
    find: "if (this.#values.size >= this.#max) {",
    replace: "if (this.#values.size < 0) {",
    test: {
      file: "tests/policy_logins_test.ts",
      name: "the guard remembers 10,000 accounts, and forgets those first that were quiet longest",
    },
    why: "memory would be the stranger's",
  },
  {
    name: "logins: a stranger shuts the account of its owner",
    file: "lib/policy/logins.ts",
    find: "if (place !== null) return",
    replace: "if (place === undefined) return",
    test: {
      file: "tests/policy_logins_test.ts",
      name: "from where the owner has logged in, only what fails there counts",
    },
    why: "wrong guesses from afar would keep the owner out",
  },
  {
    name: "logins: guesses do not wait",
    file: "lib/app/accounts.ts",
    find: "return waitMs !== null;",
    replace: "return waitMs === null || waitMs >= 0;",
    test: {
      file: "tests/app_login_test.ts",
      name:
        "too many guesses over many connections are put off, for those who are there and others",
    },
    why: "password spraying",
  },
  {
    name: "accounts: a decoy for each way to write a name",
    file: "lib/app/accounts.ts",
    find: "const decoy = decoySecret(name, await keptDecoyKey());",
    replace: "const decoy = decoySecret(name + world.random.fraction(), await keptDecoyKey());",
    test: {
      file: "tests/app_accounts_test.ts",
      name: "the secrets of one account are one, however it is named and whether it is there",
    },
    why: "the salt would tell who is here",
  },
  {
    name: "accounts: a right proof of a decoy",
    file: "lib/app/accounts.ts",
    find: "return right && account !== null ?",
    replace: "return account !== null ?",
    test: {
      file: "tests/app_accounts_test.ts",
      name: "a proof logs in only who is there, and only when it is right",
    },
    why: "everybody would be logged in",
  },
  {
    name: "AUTH: challenges are shown",
    file: "lib/smtp/reply_reader.ts",
    find: "line?.code === 334 ? CHALLENGE_SHOWN : bytes",
    replace: "bytes",
    test: {
      file: "tests/smtp_client_login_test.ts",
      name: "smtpClient logs in by SCRAM-SHA-256, with the exchange of RFC 7677 §3",
    },
    why: "an exchange in a log can be guessed at",
  },
  {
    name: "SASL: a client that gives up says nothing",
    file: "lib/sasl/client_exchange.ts",
    find: "        yield* carrier.cancel();\n",
    replace: "",
    test: {
      file: "tests/pop3_client_test.ts",
      name: "pop3Client follows the transcript: " +
        "RFC 5034 §4: a challenge that is not base64 is cancelled",
    },
    why: "the server would take the next command for a response",
  },
  {
    name: "SASL: the end of the exchange is not looked at",
    file: "lib/sasl/client_exchange.ts",
    find: 'return "fault" in end ? end.fault ?? heard : heard;',
    replace: "return heard;",
    test: { file: "tests/smtp_client_login_test.ts" },
    why: "RFC 5802 §3: a server that does not know the password could say that it does",
  },
];
