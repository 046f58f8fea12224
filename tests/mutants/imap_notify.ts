/** NOTIFY. */
import type { Mutant } from "./mutant.ts";

const NOTIFY = "tests/imap_notify_test.ts";

export const IMAP_NOTIFY_MUTANTS: readonly Mutant[] = [
  {
    name: "imap notify: numbers move at once for a client that goes by numbers",
    file: "lib/imap/answer.ts",
    find: 'delayed?.filter === "selected" && !delayed.delayed;',
    replace: 'delayed?.filter === "selected";',
    test: {
      file: NOTIFY,
      name: "NOTIFY with SELECTED-DELAYED moves numbers where they may move anyway",
    },
    why: "RFC 5465 §6.1.2: its next command would mean other messages, and delete them",
  },
  {
    name: "imap notify: what was not asked for is told, or lost",
    file: "lib/imap/news.ts",
    find: 'arrivals: wants("MessageNew"),',
    replace: "arrivals: true,",
    test: {
      file: NOTIFY,
      name: "NOTIFY tells nothing of what was not asked for, and later what has gathered",
    },
    why: "RFC 5465 §3.1: a client on a slow line would be told what it does not want",
  },
  {
    name: "imap notify: the mark is taken behind the look",
    file: "lib/imap/notify.ts",
    find: "  notify.modSeq = modSeq;\n",
    replace: "  notify.modSeq = account!.modSeq() as number;\n",
    test: { file: NOTIFY, name: "NOTIFY misses nothing that happens while one looks" },
    why: "what comes while one looks would be told when something else comes",
  },
  {
    name: "imap notify: a look that fails is tried again for ever",
    file: "lib/imap/answer.ts",
    find: "    yield* overflow(serving);\n",
    replace: "    if (serving.notify === null) yield* overflow(serving);\n    else return null;\n",
    test: {
      file: NOTIFY,
      name: "NOTIFY is given up where a look fails, and where a client does not read",
    },
    why: "RFC 5465 §5.8: the client would believe that it hears of everything",
  },
  {
    name: "imap notify: any number of mailboxes is watched",
    file: "lib/imap/notify.ts",
    find: "if (known.length > NOTIFY_MAILBOXES_MAX) {",
    replace: "if (known.length < 0) {",
    test: {
      file: NOTIFY,
      name: "NOTIFY is refused, and given up, where there are more than 500 mailboxes",
    },
    why: "each change would be a look at all of them, for each client",
  },
  {
    name: "imap notify: children are told with their parent that was renamed",
    file: "lib/imap/mailbox_changes.ts",
    find: "if (each.name === oldParent) return is.get(id)?.name === parent;",
    replace: "if (each.name === oldParent) return is.get(id)?.name === oldParent;",
    test: {
      file: "tests/imap_mailbox_changes_test.ts",
      name: "changesBetween tells of a mailbox that was renamed, and not of its children",
    },
    why: "RFC 5465 §5.4: a client that renames them with it would do so twice",
  },
  {
    name: "imap notify: a watch of metadata outlives its client",
    file: "lib/app/imap_metadata_watches.ts",
    find: "        ofAccount.delete(watch);\n",
    replace: "",
    test: {
      file: "tests/app_imap_notify_test.ts",
      name: "a watch of metadata ends when it is closed, and leaves nothing behind",
    },
    why: "each conversation would leave something in memory",
  },
];
