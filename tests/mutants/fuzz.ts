/** The fuzz targets: each finds what it is there for, from its seeds or soon after. */
import type { Mutant } from "./mutant.ts";

export const FUZZ_MUTANTS: readonly Mutant[] = [
  {
    name: "fuzz: what was said in clear is heard under TLS",
    file: "lib/wire/upgrade.ts",
    find: "  queue.skip(queue.length);\n",
    replace: "",
    test: found("pop3_client"),
    why: "whoever sits on the line answers for the server that was verified",
  },
  {
    name: "fuzz: dots: a bare LF begins a line where the chunk is cut",
    file: "lib/wire/dots.ts",
    find: 'return at === 1 ? before === "behindCr" : chunk[at - 2] === CR;',
    replace: "return at === 1 || chunk[at - 2] === CR;",
    test: found("wire_dots"),
    why: "a message would come out in another way than it went in",
  },
  {
    name: "fuzz: report: the boundary is not looked for in what is returned",
    file: "lib/mail/report.ts",
    find: "content.includes(`--${boundary}`)",
    replace: "false",
    test: found("mail_report"),
    why: "a message could end the report's part, and write the rest of it",
  },
  {
    name: "fuzz: read: what a terminal obeys is shown",
    file: "lib/mail/read.ts",
    find: '    .replace(UNSAFE, "");',
    replace: "    .trimStart();",
    test: found("mail_read"),
    why: "a message would move the cursor, and write over what smtpc has said",
  },
  {
    name: "fuzz: quoted-printable: a blank at a line's end stays",
    file: "lib/mail/transfer.ts",
    find: "? !atLineEnd && at + 1 < lines.length",
    replace: "? true",
    test: found("mail_downgrade"),
    why: "it may be lost on the way",
  },
  {
    name: "fuzz: mbox: the beginning of a line is lent",
    file: "lib/mail/mbox.ts",
    find: "        rest = part.slice();\n",
    replace: "        rest = part;\n",
    test: found("mail_mbox"),
    why: "what is read next would stand in its place",
  },
  {
    name: "fuzz: downgrade: a line that is no field comes first, and ends the header",
    file: "lib/mail/downgrade.ts",
    find: '  return concat(first?.name === "" ? [fields, kept, CRLF] : [kept, fields, CRLF]);',
    replace: '  return concat(first?.name === "x" ? [fields, kept, CRLF] : [kept, fields, CRLF]);',
    test: {
      file: "tests/mail_downgrade_test.ts",
      name: "toSevenBit keeps a header whose first field goes before a line that is no field",
    },
    why: "readers would take the header of the part for its text",
  },
  {
    name: "fuzz: field: a value keeps its line ends",
    file: "lib/mail/field.ts",
    find: "withoutControls(value).trim()",
    replace: "value.trim()",
    test: found("mail_field"),
    why: "a stranger's name would write fields of its own",
  },
  {
    name: "fuzz: imap: a literal is announced with too few bytes",
    file: "lib/imap/format.ts",
    find: 'return [`${binary ? "~" : ""}{${said.length}}\\r\\n`, said];',
    replace: 'return [`${binary ? "~" : ""}{${said.length >> 1}}\\r\\n`, said];',
    test: found("imap_server"),
    why: "the client would take the rest of a message for responses",
  },
  {
    name: "fuzz: imap: an expunged message is told by another's number",
    file: "lib/imap/view.ts",
    find: "expunged.push(kept.length + 1);",
    replace: "expunged.push(kept.length);",
    test: found("imap_server"),
    why: "the client would show, and delete, the wrong messages",
  },
];

function found(target: string): Mutant["test"] {
  const name = `fuzz target ${target} holds for its seeds and a few hundred inputs`;
  return { file: "tests/fuzz_run_test.ts", name };
}
