/** Searches that are kept up to date for IMAP clients. */
import type { Mutant } from "./mutant.ts";

const SERVER = "tests/imap_server_test.ts";
const TRANSCRIPT = "imapServer follows the transcript: RFC 5267 §4.3: ";

export const IMAP_CONTEXT_MUTANTS: readonly Mutant[] = [
  {
    name: "imap context: what is expunged leaves a search by a number that means another",
    file: "lib/imap/notify.ts",
    find: "  yield* tellLeavers(serving, selected);\n",
    replace: "",
    test: { file: SERVER, name: `${TRANSCRIPT}what joins a result, and what leaves it` },
    why: "RFC 5267 §4.3.4: the client would show what is gone, and hide what is there",
  },
  {
    name: "imap context: numbers mean whoever has them now",
    file: "lib/imap/context.ts",
    find: 'if (key.key === "UID" && key.set !== "$") return key;',
    replace: 'if (key.key === "UID" || key.key === "SEQUENCE") return key;',
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}numbers mean the messages that had them, and so does what was saved`,
    },
    why: "RFC 5267 §4.3: the client would be told of messages that it never asked for",
  },
  {
    name: "imap context: what time changes is promised",
    file: "lib/imap/context.ts",
    find: ": hasKey(keys, isAboutTime)",
    replace: ": keys === null",
    test: { file: SERVER, name: `${TRANSCRIPT}what is refused` },
    why: "the client would wait for updates that never come",
  },
  {
    name: "imap context: there may be any number of them",
    file: "lib/imap/context.ts",
    find: "contexts.size === CONTEXTS_MAX",
    replace: "contexts.size < 0",
    test: {
      file: "tests/imap_limits_test.ts",
      name: "imapServer keeps ten searches up to date, and answers the eleventh",
    },
    why: "each is looked at for every message that comes: one client could keep a processor busy",
  },
];
