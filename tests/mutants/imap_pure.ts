/** The parts of IMAP that have no conversation, and MIME. */
import type { Mutant } from "./mutant.ts";

const READ = "tests/imap_read_command_test.ts";
const MIME = "tests/mail_mime_test.ts";
const VIEW = "tests/imap_view_test.ts";
const SORT = "tests/imap_sort_test.ts";

export const IMAP_PURE_MUTANTS: readonly Mutant[] = [
  {
    name: "imap: lists nest without end",
    file: "lib/imap/parse.ts",
    find: '    this.expect("(");\n    if (++this.#nesting > NESTING_MAX)',
    replace: '    this.expect("(");\n    if (++this.#nesting > Infinity)',
    test: {
      file: "tests/imap_parse_test.ts",
      name: "lists are as long as they may be, and nested no deeper",
    },
    why: "a line of parentheses would use up the stack",
  },
  {
    name: "imap: the literals of a command add up to anything",
    file: "lib/imap/read_command.ts",
    find: "bytes > allowed || full || ",
    replace: "bytes > allowed || ",
    test: {
      file: READ,
      name:
        "all literals of a command together have so many bytes, the first one as many as it may",
    },
    why: "two thousand messages of 25 MiB would be in memory at once",
  },
  {
    name: "imap: what comes unasked is read for ever",
    file: "lib/imap/read_command.ts",
    find: "if (skipped > UNASKED_BYTES_MAX)",
    replace: "if (left > UNASKED_BYTES_MAX)",
    test: {
      file: READ,
      name: "literals that come unasked are thrown away up to a size, all together",
    },
    why: "one command would last as long as its sender likes",
  },
  {
    name: "imap: a literal that was refused is waited for",
    file: "lib/imap/read_command.ts",
    find: "  if (!unasked) return refusal;\n",
    replace: "",
    test: {
      file: READ,
      name: "readCommand finds the same commands wherever the bytes are cut",
    },
    why: "RFC 9051 §4.3: it is not sent, and the next commands would be taken for it",
  },
  {
    name: "imap: a pattern is as long as it likes",
    file: "lib/imap/pattern.ts",
    find: "  if (pattern.length > PATTERN_CHARACTERS_MAX) return false;\n",
    replace: "",
    test: {
      file: "tests/imap_mailbox_name_test.ts",
      name: "a pattern that wants to be tried in many ways is not, and a longer one means nothing",
    },
    why: "each character costs a look at each name",
  },
  {
    name: "imap: a name has many forms",
    file: "lib/imap/mailbox_name.ts",
    find: "return encodeUtf7(result) === text ? result : null;",
    replace: "return result;",
    test: {
      file: "tests/imap_mailbox_name_test.ts",
      name: "decodeUtf7 refuses every other form of a name",
    },
    why: "RFC 3501 §5.1.3: two names of one mailbox",
  },
  {
    name: "imap: the dotless i opens INBOX",
    file: "lib/imap/mailbox_name.ts",
    find: "replace(/^inbox(?=\\/|$)/i, INBOX)",
    replace: "replace(/^inbox(?=\\/|$)/i, INBOX).replace(/^\\u0131nbox$/, INBOX)",
    test: {
      file: "tests/imap_mailbox_name_test.ts",
      name: "INBOX has no case, and other names have one",
    },
    why: "another mailbox would be shown as the INBOX",
  },
  {
    name: "imap: removals are told whenever",
    file: "lib/imap/view.ts",
    find: "if (expunges && this.#gone.size > 0)",
    replace: "if (this.#gone.size > 0)",
    test: {
      file: VIEW,
      name: "a view numbers what was told, and moves numbers only when it may",
    },
    why: "RFC 9051 §7.5.1: the client's next FETCH by number would mean another message",
  },
  {
    name: "imap: what is gone comes back",
    file: "lib/imap/view.ts",
    find: "    if (entry.uid <= this.#largestTold) return;\n",
    replace: "",
    test: { file: VIEW, name: "a view tells nothing of what came and went between" },
    why: "a message that is not there would have a number",
  },
  {
    name: "imap: an answer climbs as high as it likes",
    file: "lib/imap/thread.ts",
    find: "if (above === child || ++depth > THREAD_DEPTH_MAX) return;",
    replace: "if (above === child) return;",
    test: {
      file: SORT,
      name: "threads have so many levels, in whichever order their messages came",
    },
    why: "answers to answers would use up the stack, and the square of the time",
  },
  {
    name: "imap: threads that were linked from below are left as deep as they are",
    file: "lib/imap/thread.ts",
    find: "  flatten(heads);\n",
    replace: "",
    test: {
      file: SORT,
      name: "threads have so many levels, in whichever order their messages came",
    },
    why: "whoever sends the last answer first would use up the stack",
  },
  {
    name: "imap: what is not known yet is a no, the other way round a yes",
    file: "lib/imap/search.ts",
    find: "return answer === null ? null : !answer;",
    replace: "return !answer;",
    test: {
      file: "tests/imap_search_test.ts",
      name: "a search says yes, no, or that the content decides",
    },
    why: "NOT TEXT would find everything, unread",
  },
  {
    name: "imap: a multipart without parts is an empty list",
    file: "lib/imap/structure.ts",
    find: "part.children.length > 0 ? part.children : [emptyAt(part.end)];",
    replace: "part.children;",
    test: {
      file: "tests/imap_structure_test.ts",
      name: "BODY tells of a multipart without parts has an empty one",
    },
    why: "RFC 9051 §9: clients would not know what they read",
  },
  {
    name: "mime: parts nest without end",
    file: "lib/mail/mime.ts",
    find: "this.#open.length >= MIME_DEPTH_MAX || ",
    replace: "",
    test: {
      file: MIME,
      name: "a message has so many levels, and what is deeper is left whole",
    },
    why: "a message of boundaries would use up the stack",
  },
  {
    name: "mime: a message has as many parts as it likes",
    file: "lib/mail/mime.ts",
    find: "else if (this.#parts < MIME_PARTS_MAX) this.#begin(",
    replace: "else this.#begin(",
    test: { file: MIME, name: "a message has so many parts, and the last one has the rest" },
    why: "each part is kept, and told in BODYSTRUCTURE",
  },
  {
    name: "mime: a boundary is whatever begins like it",
    file: "lib/mail/mime.ts",
    find: "delimiter === line)",
    replace: "delimiter !== null && line.startsWith(delimiter))",
    test: {
      file: MIME,
      name: "parseMime finds the parts: lines that only begin like a boundary",
    },
    why: "two boundaries that begin alike would end each other's parts",
  },
  {
    name: "fuzz: imap: a literal in pieces is written over",
    file: "lib/imap/read_command.ts",
    find: "bytes.set(queue.take(part), at);",
    replace: "bytes.set(queue.take(part));",
    test: found("imap_read"),
    why: "a message would depend on how the network cut it",
  },
  {
    name: "fuzz: imap: a number is larger than a double can tell",
    file: "lib/imap/parse.ts",
    find: "return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);",
    replace: "return Number(digits);",
    test: found("imap_command"),
    why: "it would be told otherwise than it was said",
  },
  {
    name: "fuzz: imap: quotes within quotes",
    file: "lib/imap/format.ts",
    find: String.raw`text.replace(/["\\]/g, "\\$&")`,
    replace: "text",
    test: found("imap_structure"),
    why: "the name of an attachment would end the string that it stands in",
  },
  {
    name: "fuzz: mime: the line end of a boundary is a line of the part",
    file: "lib/mail/mime.ts",
    find: "linesBefore - (before < at ? 1 : 0)",
    replace: "linesBefore",
    test: found("mail_mime"),
    why: "BODYSTRUCTURE would count lines that are not there",
  },
];

function found(target: string): Mutant["test"] {
  return {
    file: "tests/fuzz_run_test.ts",
    name: `fuzz target ${target} holds for its seeds and a few hundred inputs`,
  };
}
