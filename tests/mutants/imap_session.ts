/** The IMAP server's session. */
import type { Mutant } from "./mutant.ts";

const LIMITS = "tests/imap_limits_test.ts";
const NEWS = "tests/imap_news_test.ts";
const SERVER = "tests/imap_server_test.ts";
const TRANSCRIPT = "imapServer follows the transcript: ";

export const IMAP_SESSION_MUTANTS: readonly Mutant[] = [
  {
    name: "imap: numbers move in the answer to a command by number",
    file: "lib/imap/answer.ts",
    find: 'return !BY_NUMBER.has(command.verb) || ("uid" in command && command.uid);',
    replace: "return true;",
    test: {
      file: NEWS,
      name: "imapServer moves no numbers in the answer to a command by number",
    },
    why: "RFC 9051 §7.5.1: the client would take one message for another, and delete it",
  },
  {
    name: "imap: an idle client is not woken",
    file: "lib/imap/idle.ts",
    find: "return yield* readOrWake<ImapBackend>((_backend, signal) => " +
      "mailbox.changed(modSeq, signal));",
    replace: "return yield* read<ImapBackend>();",
    test: {
      file: NEWS,
      name: "imapServer tells an idle client at once what comes, changes and goes",
    },
    why: "RFC 2177: new mail would show when somebody asks",
  },
  {
    name: "imap: a silent STORE swallows what others have changed",
    file: "lib/imap/store.ts",
    find: "if (!owed.has(message.uid)) view.told(message.uid);",
    replace: "view.told(message.uid);",
    test: {
      file: NEWS,
      name: "imapServer tells what others have changed to a client that wants silence",
    },
    why: "the client would show old flags for ever",
  },
  {
    name: "imap: a silent STORE swallows what comes with it",
    file: "lib/imap/store.ts",
    find: "if (silent && !isExpected(message, known, command)) owed.add(message.uid);",
    replace: "",
    test: {
      file: NEWS,
      name: "imapServer tells a silent client what somebody changed within the same moment",
    },
    why: "the client would show old flags for ever",
  },
  {
    name: "imap: SELECT counts what came behind its UIDNEXT",
    file: "lib/imap/select.ts",
    find: "if (message.uid < mailbox.status.uidNext) messages.push(message);",
    replace: "messages.push(message);",
    test: {
      file: NEWS,
      name: "imapServer counts in SELECT what was there when it said how far the mailbox is",
    },
    why: "who comes back would count a message of which it hears nothing",
  },
  {
    name: "imap: what was counted is told as gone before",
    file: "lib/imap/select.ts",
    find: "const gone = removed.filter((uid) => view.numberOf(uid) === null);",
    replace: "const gone = removed;",
    test: { file: NEWS, name: "imapServer calls nothing gone before that it has counted" },
    why: "RFC 7162 §3.2.10.1: the numbers of the client would not move with it",
  },
  {
    name: "imap: a mod-sequence runs ahead of removals",
    file: "lib/imap/news.ts",
    find: 'else if (serving.enabled.has("QRESYNC")) {',
    replace: "else if (serving.hostname.length < 0) {",
    test: { file: NEWS, name: "imapServer holds back a client that has not heard of removals" },
    why: "RFC 7162 §6: a client that comes back would never hear of them",
  },
  {
    name: "imap: a FETCH of anything counts as hearing of the flags",
    file: "lib/imap/fetch.ts",
    find: 'if (all.some(({ item }) => item === "FLAGS")) view.told(uid);',
    replace: "view.told(uid);",
    test: {
      file: NEWS,
      name: "imapServer tells what others have changed to a client that wants silence",
    },
    why: "the client would show old flags for ever",
  },
  {
    name: "imap: what is gone is taken for there, once removals are forgotten",
    file: "lib/imap/news.ts",
    find: "if (changes.forgotten) yield* compare(selected);",
    replace: "",
    test: {
      file: NEWS,
      name: "imapServer finds out what is gone where removals are not remembered",
    },
    why: "the client would show messages that nobody can open",
  },
  {
    name: "imap: a stranger has all the time in the world",
    file: "lib/imap/server.ts",
    find: "  if (account !== null) {\n    if (queue.length === 0) {",
    replace: "  {\n    if (queue.length === 0) {",
    test: {
      file: LIMITS,
      name: "imapServer gives a stranger two minutes in all, and a command thirty",
    },
    why: "connections that never log in would fill the server",
  },
  {
    name: "imap: a browser's form is heard",
    file: "lib/imap/server.ts",
    find: "if (heard === null || (isFirst && isHttp(heard))) return;",
    replace: "if (heard === null) return;",
    test: { file: LIMITS, name: "imapServer hears nothing behind what looks like HTTP" },
    why: "a web page could speak IMAP with the user's network",
  },
  {
    name: "imap: a stranger's literals are as large as a message",
    file: "lib/imap/server.ts",
    find: "literalBytesMax: () => 0",
    replace: "literalBytesMax: () => messageBytesMax",
    test: {
      file: LIMITS,
      name: "imapServer refuses a literal before it comes, or reads past it",
    },
    why: "memory for whoever connects",
  },
  {
    name: "imap: bad commands are not counted",
    file: "lib/imap/answer.ts",
    find: "if (serving.badCommands < BAD_COMMANDS_MAX) return !reply.last;",
    replace: "if (serving.badCommands >= 0) return !reply.last;",
    test: {
      file: LIMITS,
      name: "imapServer ends the conversation at the twentieth bad command",
    },
    why: "something that is no mail program talks for as long as it likes",
  },
  {
    name: "imap: a password stands in the trace",
    file: "lib/imap/answer.ts",
    find: 'if (command.verb === "LOGIN") return `${tag} LOGIN ${MASK}`;',
    replace: "",
    test: { file: LIMITS, name: "imapServer traces every line and no secret" },
    why: "promise 6: nothing secret leaves",
  },
  {
    name: "imap: guessing goes on for ever",
    file: "lib/imap/login.ts",
    find: "const last = serving.failedLogins === FAILED_LOGIN_PAUSES_MS.length;",
    replace: "const last = false;",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 5530 §3: three wrong logins and no more`,
    },
    why: "password spraying",
  },
  {
    name: "imap: an opened mailbox says nothing of the one before",
    file: "lib/imap/select.ts",
    find: '    yield* say(serving, "OK [CLOSED] the mailbox before is closed");\n',
    replace: "",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 9051 §6.3.2: SELECT, EXAMINE, and how they end`,
    },
    why: "RFC 7162 §3.2.11: news of the old one would be taken for the new one's",
  },
  {
    name: "imap: a failed search leaves the result before it",
    file: "lib/imap/search_answer.ts",
    find: "if (back?.save && !isBad) serving.saved = [];",
    replace: "",
    test: {
      file: LIMITS,
      name: "imapServer forgets the saved result when a search fails",
    },
    why: "RFC 5182 §2.1: STORE $ would hit messages that were not searched for",
  },
  {
    name: "imap: INBOX can be deleted",
    file: "lib/imap/manage.ts",
    find: 'if (mailbox === INBOX) throw refused("INBOX stays", "CANNOT");',
    replace: "",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 9051 §6.3.4 to §6.3.6: making, renaming and removing`,
    },
    why: "RFC 9051 §6.3.5: mail would have nowhere to go",
  },
];
