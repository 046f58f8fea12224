/** Reading mail by POP3. */
import type { Mutant } from "./mutant.ts";

const TRANSCRIPT = "pop3Server follows the transcript: ";

export const POP3_MUTANTS: readonly Mutant[] = [
  {
    name: "pop3: DELE removes at once",
    file: "lib/pop3/transaction.ts",
    find: "const marked = maildrop.mark(command.message);",
    replace: "const marked = maildrop.mark(command.message);\n" +
      "        yield* ask(serving, (conversation) => conversation.remove(maildrop.marked()));",
    test: {
      file: "tests/pop3_server_test.ts",
      name: "pop3Server removes what was marked at QUIT, and at no other end",
    },
    why: "RFC 1939 §6: only QUIT removes, a lost connection does not",
  },
  {
    name: "pop3: RSET takes no mark away",
    file: "lib/pop3/transaction.ts",
    find: "        maildrop.reset();\n",
    replace: "",
    test: {
      file: "tests/pop3_server_test.ts",
      name: `${TRANSCRIPT}RFC 1939 §5: what is marked is invisible, until RSET`,
    },
    why: "RFC 1939 §5: who takes it back wants to keep it",
  },
  {
    name: "pop3: guessing goes on for ever",
    file: "lib/pop3/authorization.ts",
    find: 'return serving.failedLogins < FAILED_LOGIN_PAUSES_MS.length ? "next" : "over";',
    replace: 'return "next";',
    test: {
      file: "tests/pop3_server_test.ts",
      name: `${TRANSCRIPT}RFC 3206 §5: three wrong logins and no more`,
    },
    why: "password spraying",
  },
  {
    name: "pop3: HTTP is heard",
    file: "lib/pop3/serving.ts",
    find: "if (line === null || (first && isHttp(line))) return null;",
    replace: "if (line === null || (!first && isHttp(line))) return null;",
    test: {
      file: "tests/pop3_server_test.ts",
      name: `${TRANSCRIPT}HTTP: a request goes unheard`,
    },
    why: "a web page could read mail through a visitor's browser",
  },
  {
    name: "pop3: no lock",
    file: "lib/app/pop3_backend.ts",
    find:
      '    if (this.#doors.locked.has(id)) return "inUse"; // RFC 1939 §4: the lock is exclusive\n',
    replace: "",
    test: { file: "tests/app_pop3_test.ts", name: "a mailbox is open for one session at a time" },
    why: "two sessions would renumber each other's mail",
  },
  {
    name: "pop3: the lock is never given up",
    file: "lib/app/pop3_backend.ts",
    find: "if (this.#locked !== null) this.#doors.locked.delete(this.#locked);\n",
    replace: "",
    test: {
      file: "tests/app_pop3_test.ts",
      name: "XPOP3 and POP3 share the lock, and a lost connection gives it up",
    },
    why: "one lost connection would close a mailbox for ever",
  },
];
