/** Retention: what goes, when, and what must not. */
import type { Mutant } from "./mutant.ts";

const TEST = "tests/app_keep_test.ts";
const KEEPER = "lib/app/mail_keeper.ts";

export const KEEP_MUTANTS: readonly Mutant[] = [
  {
    name: "keep: the age of mail is that of its letter",
    file: KEEPER,
    find: "page.filter(({ savedAt }) => savedAt < before)",
    replace: "page.filter(({ receivedAt }) => receivedAt < before)",
    test: { file: TEST, name: "mail goes three days after it came into its mailbox (memory)" },
    why: "what somebody brings from elsewhere would go at once",
  },
  {
    name: "keep: too many go twice",
    file: KEEPER,
    find: "const excess = oldest.slice(0, Math.max(0, there - keepMessages));",
    replace:
      "const excess = oldest.slice(0, Math.max(0, mailbox.messages - keepMessages + there * 0));",
    test: {
      file: TEST,
      name: "what its owner removes at the same time does not make more go than is too much",
    },
    why: "mail that the operator wanted to keep would be gone",
  },
  {
    name: "keep: a POP3 session loses mail that it was told of",
    file: "lib/app/maildrops.ts",
    find: "      if (locked.has(account)) return null;\n",
    replace: "",
    test: { file: TEST, name: "an INBOX that POP3 has open is left alone until it is closed" },
    why: "RFC 1939 §4: the lock keeps the mailbox as it is until UPDATE",
  },
  {
    name: "keep: a login does not wait for the tidying",
    file: "lib/app/pop3_backend.ts",
    find: '    if (typeof login !== "string") await this.#doors.locked.tidied(login.id);\n',
    replace: "",
    test: { file: TEST, name: "a login while mail goes away is told of what is left" },
    why: "the session would be told of messages that are gone",
  },
  {
    name: "keep: everything goes at once",
    file: KEEPER,
    find: "    await clock.sleep(STEP_PAUSE_MS, signal);\n",
    replace: "    if (signal.aborted) return done;\n",
    test: { file: TEST, name: "much goes step by step, and others have their turn between two" },
    why: "nobody else would be served meanwhile",
  },
  {
    name: "keep: POP3 says that nothing goes",
    file: "lib/app/conversation.ts",
    find: 'return keepMessages !== null ? "unknown" : keepDays ?? "never";',
    replace: 'return keepMessages === -1 ? keepDays ?? "unknown" : "never";',
    test: { file: TEST, name: "POP3 tells how long mail is kept, where it goes by days" },
    why: "RFC 2449 §6.7: clients would leave on the server what is removed there",
  },
];
