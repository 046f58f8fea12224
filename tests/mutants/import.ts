/** Moving mail in and out. */
import type { Mutant } from "./mutant.ts";

const IMPORT = "tests/cli_smtpd_import_test.ts";
const EXPORT = "tests/cli_smtpd_export_test.ts";
const MBOX = "tests/mail_mbox_test.ts";

export const IMPORT_MUTANTS: readonly Mutant[] = [
  {
    name: "import: SQLite does not remember what was taken",
    file: "lib/store/sqlite_imported.ts",
    find: "        remember(mailbox.id, keys);\n",
    replace: "        remember(mailbox.id, []);\n",
    test: {
      file: "tests/store_sqlite_test.ts",
      name: "the SQLite store: what was taken once is not taken again",
    },
    why: "an import that was interrupted would double mail",
  },
  {
    name: "import: memory does not remember what was taken",
    file: "lib/store/memory_entries.ts",
    find: "for (const key of keys) imported.add(key);",
    replace: 'for (const key of keys) imported.delete(key + "-");',
    test: {
      file: "tests/store_memory_test.ts",
      name: "the memory store: what was taken once is not taken again",
    },
    why: "an import that was interrupted would double mail",
  },
  {
    name: "import: everything is remembered for ever",
    file: "lib/store/sqlite_imported.ts",
    find: "    trim.run(mailbox, number - IMPORTED_KEPT);\n",
    replace: "    trim.run(mailbox, -IMPORTED_KEPT);\n",
    test: {
      file: "tests/store_limits_test.ts",
      name: "a mailbox remembers the last million of what was imported into it",
    },
    why: "the store would grow with each import",
  },
  {
    name: "import: a request is as large as it says",
    file: "lib/app/admin_mail.ts",
    find: "return bytes >= 0 && bytes <= IMPORTED_BYTES_MAX ? bytes : null;",
    replace: "return bytes >= 0 || bytes > IMPORTED_BYTES_MAX ? bytes : null;",
    test: { file: IMPORT, name: "a request brings 64 MiB of messages, and no more" },
    why: "the server's memory",
  },
  {
    name: "mbox: a From_ line ends a message wherever it stands",
    file: "lib/mail/mbox.ts",
    find: "const postmark = atLineStart && afterBlank && isWhole ?",
    replace: "const postmark = atLineStart && (afterBlank || true) && isWhole ?",
    test: { file: MBOX, name: "an mbox is split: a From_ line behind text is text" },
    why: "one letter would become two",
  },
  {
    name: "mbox: what is too large is taken without its content",
    file: "lib/mail/mbox.ts",
    find: '  if (size > bytesMax) return { kind: "tooLarge", offset };\n',
    replace: "",
    test: { file: MBOX, name: "a message of an mbox that is too large is named, and not kept" },
    why: "an empty message in place of a letter, and nobody told",
  },
  {
    name: "mbox: lines are not quoted",
    file: "lib/mail/mbox_message.ts",
    find: "encode(fields), quoted(text), encode(lineEnd)",
    replace: "encode(fields), text, encode(lineEnd)",
    test: { file: MBOX, name: "what is written into an mbox is read again as it was" },
    why: "a line of a letter would begin another one",
  },
  {
    name: "export: a mailbox leads out of the folder",
    file: "lib/cli/mailbox_path.ts",
    find: "|^[.~]|[. ]$|",
    replace: "|^[~]|",
    test: {
      file: "tests/mail_maildir_test.ts",
      name: "mailboxes are folders of a Maildir and paths, and back",
    },
    why: "users name their mailboxes, and ../.. is a name",
  },
  {
    name: "export: other things are written over",
    file: "lib/cli/export_folder.ts",
    find: "  if (!isEmpty) {\n",
    replace: '  if (!isEmpty && path === "") {\n',
    test: {
      file: IMPORT,
      name: "mistakes on the command line of an import end with a status that fits",
    },
    why: "it writes files by names that may be there",
  },
  {
    name: "export: a line that was cut stays",
    file: "lib/cli/export_folder.ts",
    find: 'const whole = written.slice(0, written.lastIndexOf("\\n") + 1);',
    replace: "const whole = written;",
    test: { file: EXPORT, name: "an export that was interrupted is made whole" },
    why: "the line behind it would be lost with it",
  },
];
