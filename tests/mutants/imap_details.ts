/** Details that RFCs ask of the IMAP server, and what many readers leave to others. */
import type { Mutant } from "./mutant.ts";

const LIMITS = "tests/imap_limits_test.ts";
const READERS = "tests/app_imap_readers_test.ts";
const SERVER = "tests/imap_server_test.ts";
const TRANSCRIPT = "imapServer follows the transcript: ";
const NO_ROOM =
  "imapServer refuses a literal for which there is no room, before it comes or behind";
const COUNTED = "messages that clients of IMAP bring count in the room for content";
const TURNS = "STORE and MOVE of many messages leave others their turn, and COPY is one change";
const PAGES = "a large mailbox is read in pages, and behind each full one others have their turn";

export const IMAP_DETAIL_MUTANTS: readonly Mutant[] = [
  {
    name: "imap: a literal is asked for though there is no room",
    file: "lib/imap/read_command.ts",
    find: "else if (!hold.fits(bytes)) {",
    replace: "else if (bytes < 0) {",
    test: { file: LIMITS, name: NO_ROOM },
    why: "a message crosses the network for nothing",
  },
  {
    name: "imap: literals count nowhere",
    file: "lib/imap/read_command.ts",
    find: "if (!hold!.take(size - bytes.length)) return { missing: count - at };",
    replace: "",
    test: { file: READERS, name: COUNTED },
    why: "users together could fill the memory",
  },
  {
    name: "imap: a literal goes on where others have taken the room",
    file: "lib/imap/read_command.ts",
    find: "if (!hold!.take(size - bytes.length)) return { missing: count - at };",
    replace: "hold!.take(size - bytes.length);",
    test: {
      file: LIMITS,
      name: "imapServer reads past the rest of a literal when others take the room meanwhile",
    },
    why: "users together could fill the memory",
  },
  {
    name: "imap: the room of a command is kept behind it",
    file: "lib/imap/server.ts",
    find: "    hold.release();\n    const heard",
    replace: "    const heard",
    test: { file: READERS, name: COUNTED },
    why: "a mail program that stays would keep mail from coming in",
  },
  {
    name: "imap: the room of a command is kept behind the connection",
    file: "lib/imap/server.ts",
    find: "  } finally {\n    hold.release();\n",
    replace: "  } finally {\n",
    test: { file: READERS, name: COUNTED },
    why: "each upload that breaks off would take room for ever",
  },
  {
    name: "connections: readers may have all of them",
    file: "lib/app/server.ts",
    find: "return isForReading(service) && this.#readers >= readersMax;",
    replace: "return false;",
    test: {
      file: READERS,
      name: "readers have three quarters of the connections, and mail comes in by the rest",
    },
    why: "idle mail programs would keep mail from coming in",
  },
  {
    name: "imap: all messages of a STORE are changed at once",
    file: "lib/app/imap_selected.ts",
    find: "for (const uids of piecesOf(change.uids)) {",
    replace: "for (const uids of [change.uids]) {",
    test: { file: READERS, name: TURNS },
    why: "everybody would wait for the one who flags ten thousand messages",
  },
  {
    name: "imap: the first command that counts changes is not told from where",
    file: "lib/imap/news.ts",
    find: "if (serving.selected === null) return;",
    replace: "if (serving.selected !== null) return;",
    test: { file: SERVER, name: `${TRANSCRIPT}RFC 4731: what SEARCH is to return` },
    why: "RFC 7162 §3.1: the client would not know what to ask for next time",
  },
  {
    name: "imap: a large mailbox is listed at once",
    file: "lib/app/imap_listings.ts",
    find: "    await turn();\n",
    replace: "",
    test: { file: READERS, name: PAGES },
    why: "everybody would wait for the one who opens it",
  },
  {
    name: "imap: ten thousand changes are read at once",
    file: "lib/app/imap_selected.ts",
    find: "if (changes.more) await turn();",
    replace: "",
    test: { file: READERS, name: PAGES },
    why: "everybody would wait for the one who is told of them",
  },
  {
    name: "imap: a COPY is made in pieces",
    file: "lib/app/imap_selected.ts",
    find: "const pieces = move && uids.length > 0 ? piecesOf(uids) : [uids];",
    replace: "const pieces = uids.length > 0 ? piecesOf(uids) : [uids];",
    test: { file: READERS, name: TURNS },
    why: "RFC 9051 §6.4.7: a copy that fails leaves nothing behind",
  },
  {
    name: "imap: whoever only looks takes \\Recent away",
    file: "lib/imap/news.ts",
    find: "mailbox.recent(readOnly ? null : to)",
    replace: "mailbox.recent(to)",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 3501 §2.3.2 and §6.3.2: who is told first has it as recent`,
    },
    why: "RFC 3501 §6.3.2: EXAMINE changes nothing",
  },
  {
    name: "imap: older clients are told old names",
    file: "lib/imap/lists.ts",
    find: 'if (!serving.enabled.has("IMAP4REV2")) return;',
    replace: "",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 9051 §6.3.9.7: older clients hear of no OLDNAME`,
    },
    why: "they take it for the answer to a LIST that they have not asked for",
  },
  {
    name: "imap: a name without a mailbox hides those below it",
    file: "lib/imap/lists.ts",
    find: "if (missing.length === 0) return mailboxes;",
    replace: "if (missing.length < Infinity) return mailboxes;",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 9051 §6.3.5: a name that is gone stays above others`,
    },
    why: "mail programs that go down level by level would not find them",
  },
  {
    name: "imap: a search says two charsets",
    file: "lib/imap/search_answer.ts",
    find: 'if (command.hasCharset && serving.enabled.has("UTF8=ACCEPT")) {',
    replace: 'if (command.hasCharset && serving.enabled.has("CONDSTORE")) {',
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 6855 §3 and §4: what goes with UTF8=ACCEPT, and what does not`,
    },
    why: "RFC 6855 §3: nobody knows which of them the words are in",
  },
  {
    name: "imap: headers in UTF-8 are taken of whoever never asked for them",
    file: "lib/imap/append.ts",
    find: "if (utf8 && !takesUtf8(serving)) throw",
    replace: "if (utf8 && takesUtf8(serving) && binary) throw",
    test: {
      file: SERVER,
      name: `${TRANSCRIPT}RFC 6855 §3 and §4: what goes with UTF8=ACCEPT, and what does not`,
    },
    why: "RFC 6855 §4: the client could not read them back",
  },
  {
    name: "imap: who counts changes does not hear how far they have come",
    file: "lib/imap/store.ts",
    find: "const isTold = countsChanges(serving) && selected.modSeq > before;",
    replace: "const isTold = selected.modSeq < before;",
    test: { file: SERVER, name: `${TRANSCRIPT}RFC 7162 §3.2: QRESYNC` },
    why: "RFC 7162 §3.2.7: the next resynchronisation would begin too early",
  },
  {
    name: "store: keywords that messages have make room for others",
    file: "lib/store/flags.ts",
    find: "new Set([...spelled, ...[...inUse()].flatMap(keywordsIn)])",
    replace: "new Set(spelled)",
    test: {
      file: "tests/store_sqlite_test.ts",
      name: "the SQLite store: a mailbox knows two hundred keywords",
    },
    why: "clients would no longer be told of them",
  },
  {
    name: "imap: a session keeps in mind whatever keyword it has met",
    file: "lib/imap/news.ts",
    find: "if (keywords.size <= KEYWORDS_TOLD_MAX) return;",
    replace: "if (keywords.size > 0) return;",
    test: {
      file: "tests/imap_news_test.ts",
      name: "imapServer forgets keywords that no message has where there were 200",
    },
    why: "a client could fill the memory with words, and new ones would not be told",
  },
];
