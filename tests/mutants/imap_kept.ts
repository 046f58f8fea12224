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
    name: "imap: what is kept is said to whoever asks",
    file: "lib/imap/fetch.ts",
    find: "return utf8 ? `${item} UTF8` : item;",
    replace: "return utf8 ? item : item;",
    test: {
      file: KEPT,
      name: "what is kept for a client that takes UTF-8 is not said to one that does not",
    },
    why: "an older client would be shown a name that it decodes once more (RFC 2231 §4)",
  },
];
