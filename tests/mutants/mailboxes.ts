/** Mailboxes, their flags, and what is counted of them. */
import type { Mutant } from "./mutant.ts";

const SQLITE = "tests/store_sqlite_test.ts";
const MEMORY = "tests/store_memory_test.ts";
const MIGRATION = "tests/store_migration_test.ts";

export const MAILBOX_MUTANTS: readonly Mutant[] = [
  {
    name: "store: what a mailbox counts is not changed with its flags",
    file: "lib/store/sqlite_entries.ts",
    find: "      countEntry(mailbox.counts, old, -1);\n",
    replace: "      countEntry(mailbox.counts, old, 1);\n",
    test: { file: SQLITE, name: "the SQLite store: a mailbox counts what is unseen and deleted" },
    why: "a client shows mail that nobody has read as read, or the other way",
  },
  {
    name: "store: flags that changed meanwhile are overwritten",
    file: "lib/store/sqlite_entries.ts",
    find: "if (unchangedSince !== null && old.modSeq > unchangedSince) {",
    replace: "if (unchangedSince !== null && old.modSeq > unchangedSince + 1_000_000) {",
    test: { file: SQLITE, name: "the SQLite store: flags that changed meanwhile are left alone" },
    why: "of two clients one takes back what the other did (RFC 7162 §3.1.3)",
  },
  {
    name: "store: a mark for flags that were so already",
    file: "lib/store/sqlite_entries.ts",
    find: "if (sameFlags(old, next)) {",
    replace: "if (sameFlags(old, next) && old.modSeq < 0) {",
    test: {
      file: SQLITE,
      name: "the SQLite store: each change of flags has a mark, and no change has none",
    },
    why: "two clients that mark the same mail as read wake each other for ever",
  },
  {
    name: "store: a mailbox takes any number of keywords",
    file: "lib/store/flags.ts",
    find: "if (known.length + added.length - forgotten.length > KEYWORDS_MAX) {",
    replace: "if (known.length > KEYWORDS_MAX && added.length > KEYWORDS_MAX) {",
    test: { file: MEMORY, name: "the memory store: a mailbox knows two hundred keywords" },
    why: "each SELECT tells all of them",
  },
  {
    name: "store: a keyword may be any text",
    file: "lib/store/flags.ts",
    find: "else if (!/^[^\\s",
    replace: "else if (flag.length > 1000 && !/^[^\\s",
    test: { file: MEMORY, name: "the memory store: a keyword is an atom of a hundred characters" },
    why: "a blank makes two keywords of one, a line end breaks out of the answer",
  },
  {
    name: "store: a keyword in another case is another keyword",
    file: "lib/store/flags.ts",
    find: "const spelled = wanted.map((each) => spellings.get(each.toLowerCase()) ?? each);",
    replace: "const spelled = wanted.map((each) => spellings.get(each) ?? each);",
    test: { file: MEMORY, name: "the memory store: flags are added, removed and set" },
    why: "RFC 9051 §2.3.2: programs that write $junk and $Junk mean the same",
  },
  {
    name: "store: a mailbox is renamed onto what is below another",
    file: "lib/store/naming.ts",
    find: "const taken = [to, ...names].find((name) => staying.has(name));",
    replace: "const taken = [to].find((name) => staying.has(name));",
    test: {
      file: MEMORY,
      name: "the memory store: mailboxes.rename refuses what is taken or not there",
    },
    why: "two mailboxes would have one name, and the mail of one would be lost",
  },
  {
    name: "store: an account makes any number of mailboxes",
    file: "lib/store/naming.ts",
    find: "if (count > MAILBOXES_MAX) {",
    replace: "if (count > 2 * MAILBOXES_MAX) {",
    test: {
      file: MEMORY,
      name: "the memory store: an account has a thousand mailboxes, of names that are shown",
    },
    why: "every list of mailboxes grows without end",
  },
  {
    name: "store: INBOX can be removed",
    file: "lib/store/naming.ts",
    find: "if (name === INBOX) throw",
    replace: 'if (name === INBOX + "x") throw',
    test: { file: MEMORY, name: "the memory store: INBOX is not removed" },
    why: "mail for the account would be refused from then on",
  },
  {
    name: "store: expunge takes what was not named",
    file: "lib/store/sqlite_entries.ts",
    find: "deleted.filter((uid) => chosen === null || chosen.has(uid))",
    replace: "deleted.filter((uid) => chosen === null || uid > 0)",
    test: {
      file: SQLITE,
      name: "the SQLite store: expunge removes what is deleted, and of what was named",
    },
    why: "RFC 4315 §2.1: what another client has marked since would be lost",
  },
  {
    name: "store: a move leaves the originals",
    file: "lib/store/sqlite_entries.ts",
    find: "if (move) remove(source, from);",
    replace: "if (move && from.length > 1_000_000) remove(source, from);",
    test: {
      file: SQLITE,
      name: "the SQLite store: a move is one transaction, and others see both ends",
    },
    why: "mail that was moved to the trash stays where it was",
  },
  {
    name: "store: old mail is not counted when flags come",
    file: "lib/store/schema_mailboxes.ts",
    find: "UPDATE mailboxes SET (made, messages, unseen, size) = (",
    replace: "UPDATE mailboxes SET (made, messages, size, unseen) = (",
    test: { file: MIGRATION, name: "mailboxes of before flags are counted, and get company" },
    why: "promise 7: clients would be told that old mailboxes are empty",
  },
];
