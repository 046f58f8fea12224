/** What is kept in memory for clients of IMAP: it is true, and it has a limit. */
import type { Mutant } from "./mutant.ts";

const KEPT = "tests/app_imap_kept_test.ts";

export const IMAP_KEPT_MUTANTS: readonly Mutant[] = [
  {
    name: "imap: a listing is never brought up to date",
    file: "lib/app/imap_listings.ts",
    find: "if (listing !== undefined && listing.modSeq >= modSeq)",
    replace: "if (listing !== undefined && listing.modSeq >= 0)",
    test: {
      file: KEPT,
      name: "a mailbox that is known is not read again, and all that changes is seen",
    },
    why: "a client that opens the mailbox would miss what came since another did",
  },
  {
    name: "imap: more changes than a page are lost",
    file: "lib/app/imap_listings.ts",
    find: "changes && !changes.more && ",
    replace: "changes && ",
    test: {
      file: KEPT,
      name: "a large mailbox is listed, and brought up to date, in pages of a thousand",
    },
    why: "a listing without some of its messages would number all others wrongly",
  },
  {
    name: "imap: listings of any number of mailboxes",
    file: "lib/app/imap_listings.ts",
    find: "if (count <= messagesMax) break;",
    replace: "if (count <= 100 * messagesMax) break;",
    test: {
      file: KEPT,
      name: "at most 200 000 messages are listed in memory, and larger mailboxes are read",
    },
    why: "a user with many mailboxes would take all memory",
  },
  {
    name: "imap: texts are kept for ever",
    file: "lib/app/imap_texts.ts",
    find: "if (characters + more > charactersMax / 2) {",
    replace: "if (characters + more > 100 * charactersMax) {",
    test: {
      file: KEPT,
      name: "at most 16 Mi characters of texts are kept, and those that are asked for longest",
    },
    why: "whoever fetches all mail would take all memory",
  },
  {
    name: "imap: a piece of the fields is kept as all of them",
    file: "lib/imap/fetch_item.ts",
    find: 'of.kind === "fields" && partial === null;',
    replace: 'of.kind === "fields";',
    test: {
      file: KEPT,
      name: "fields that are fetched again, and mail in order, are few questions to the store",
    },
    why: "the next client would be shown a piece, or everything, where it asked for the other",
  },
  {
    name: "store: bodies of any size are read together",
    file: "lib/store/content.ts",
    find: "(bytes += size) > BODIES_BYTES_MAX && at > 0",
    replace: "(bytes += size) > 100 * BODIES_BYTES_MAX && at > 0",
    test: {
      file: "tests/app_read_ahead_test.ts",
      name: "bodies that are read together have 128 KiB, or are one",
    },
    why: "each client that reads mail would take thirty-two times the memory",
  },
  {
    name: "pop3: the first piece of a message is shown as it is",
    file: "lib/mail/surrogate.ts",
    find: "if (last && isFirst && isAscii(chunk)) return chunk;",
    replace: "if (last && isFirst) return chunk;",
    test: {
      file: "tests/mail_surrogate_test.ts",
      name: "a surrogate has ASCII in each header and the same bodies, wherever it is cut",
    },
    why: "a client that knows only ASCII would be shown UTF-8 in headers (RFC 6856 §2.1)",
  },
  {
    name: "store: flags are set for what lies between, too",
    file: "lib/store/sqlite_entries.ts",
    find: "entry.uid === run.last.uid + 1 &&",
    replace: "entry.uid > run.last.uid &&",
    test: {
      file: "tests/store_sqlite_test.ts",
      name: "the SQLite store: flags of many are set at once, and of those alone",
    },
    why: "a message that nobody has chosen would change its flags",
  },
  {
    name: "store: neighbours get the flags of the first",
    file: "lib/store/sqlite_entries.ts",
    find: "sameFlags(entry, run.last);",
    replace: "true;",
    test: {
      file: "tests/store_sqlite_test.ts",
      name: "the SQLite store: flags of many are set at once, and of those alone",
    },
    why: "keywords of one message would be those of another",
  },
  {
    name: "app: messages are read ahead for whoever goes to and fro",
    file: "lib/app/read_ahead.ts",
    find: "const goesOn = ahead.size === 0 && uid > last;",
    replace: "const goesOn = true;",
    test: {
      file: "tests/app_read_ahead_test.ts",
      name: "whoever goes to and fro has hardly anything read ahead",
    },
    why: "to fetch every tenth message would read the whole mailbox",
  },
  {
    name: "imap: what is kept is said to whoever asks",
    file: "lib/imap/fetch_item.ts",
    find: "return utf8 ? `${item.item} UTF8` : item.item;",
    replace: "return utf8 ? item.item : item.item;",
    test: {
      file: KEPT,
      name: "what is kept for a client that takes UTF-8 is not said to one that does not",
    },
    why: "an older client would be shown a name that it decodes once more (RFC 2231 §4)",
  },
];
