import assert from "$assert";
import fc from "$check";
import {
  ID_FIELDS_MAX,
  type ImapCommand,
  NAMES_MAX,
  parseCommand,
  tagOf,
} from "../lib/imap/command.ts";
import { ImapError } from "../lib/imap/error.ts";
import { NOTIFY_GROUPS_MAX, NOTIFY_NAMES_MAX } from "../lib/imap/notify_command.ts";
import { METADATA_ENTRIES_MAX } from "../lib/imap/metadata_command.ts";
import { LIST_PATTERNS_MAX } from "../lib/imap/list_command.ts";
import { APPEND_MESSAGES_MAX, CATENATE_PARTS_MAX } from "../lib/imap/append_command.ts";
import { encode } from "../lib/wire/bytes.ts";
import { latin1, rawCommand } from "./imap_support.ts";

/** Reads a command behind its tag. */
function parse(text: string, utf8 = false): ImapCommand {
  return parseCommand(rawCommand(`a ${text}`), utf8);
}

const LIST = {
  verb: "LIST",
  select: { subscribed: false, recursive: false, specialUse: false, extended: false },
  reference: "",
  back: {
    subscribed: false,
    children: false,
    specialUse: false,
    status: [],
  },
} as const;
const EXTENDED = { ...LIST, select: { ...LIST.select, extended: true } };
const MESSAGE = { flags: [], receivedAt: null, binary: false, utf8: false };
const text = (bytes: string) => ({ from: "text", bytes: latin1(bytes) }) as const;
const one = [{ from: 1, to: 1 }];

const COMMANDS: readonly (readonly [text: string, command: ImapCommand])[] = [
  ["NOOP", { verb: "NOOP" }],
  ["noop", { verb: "NOOP" }],
  ["CAPABILITY", { verb: "CAPABILITY" }],
  ["COMPRESS DEFLATE", { verb: "COMPRESS" }],
  ["LOGIN alice secret", { verb: "LOGIN", user: "alice", password: "secret" }],
  ['LOGIN "a b" {3}\r\nc"d', { verb: "LOGIN", user: "a b", password: 'c"d' }],
  ["LOGIN {2}\r\n\xc3\xa4 {0+}\r\n", { verb: "LOGIN", user: "ä", password: "" }],
  ["AUTHENTICATE PLAIN", { verb: "AUTHENTICATE", mechanism: "PLAIN", initial: null }],
  ["AUTHENTICATE PLAIN =", { verb: "AUTHENTICATE", mechanism: "PLAIN", initial: latin1("") }],
  ["AUTHENTICATE x YWI=", { verb: "AUTHENTICATE", mechanism: "x", initial: latin1("ab") }],
  ["ENABLE condstore X-Y", { verb: "ENABLE", capabilities: ["CONDSTORE", "X-Y"] }],
  ["ID NIL", { verb: "ID", fields: new Map() }],
  ["ID ()", { verb: "ID", fields: new Map() }],
  ['ID ("Name" "x" "os" NIL)', { verb: "ID", fields: new Map([["name", "x"], ["os", null]]) }],
  ["SELECT inbox", {
    verb: "SELECT",
    mailbox: "INBOX",
    said: "inbox",
    condstore: false,
    qresync: null,
  }],
  ["EXAMINE a (CONDSTORE)", {
    verb: "EXAMINE",
    mailbox: "a",
    said: "a",
    condstore: true,
    qresync: null,
  }],
  // RFC 7162 §3.2.5.
  ["SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))", {
    verb: "SELECT",
    mailbox: "INBOX",
    said: "INBOX",
    condstore: false,
    qresync: {
      uidValidity: 67_890_007,
      modSeq: 9_007_199_254_740_991,
      known: [{ from: 41, to: 41 }, { from: 43, to: 211 }, { from: 214, to: 541 }],
    },
  }],
  ["SELECT INBOX (QRESYNC (1 2 1 (1 7)) CONDSTORE)", {
    verb: "SELECT",
    mailbox: "INBOX",
    said: "INBOX",
    condstore: true,
    qresync: { uidValidity: 1, modSeq: 2, known: one },
  }],
  ["SELECT INBOX (QRESYNC (1 2 (1,2 7:8)))", {
    verb: "SELECT",
    mailbox: "INBOX",
    said: "INBOX",
    condstore: false,
    qresync: { uidValidity: 1, modSeq: 2, known: null },
  }],
  ["CREATE &AOQ-", { verb: "CREATE", mailbox: "ä", said: "ä", use: [] }],
  ["CREATE x (USE (\\Drafts \\Sent))", {
    verb: "CREATE",
    mailbox: "x",
    said: "x",
    use: ["\\Drafts", "\\Sent"],
  }],
  ["DELETE x", { verb: "DELETE", mailbox: "x", said: "x" }],
  ["SUBSCRIBE x", { verb: "SUBSCRIBE", mailbox: "x" }],
  ["RENAME {1}\r\na {1+}\r\nb", { verb: "RENAME", from: "a", said: "a", to: "b" }],
  ["EXPUNGE", { verb: "EXPUNGE", set: null }],
  ["UID EXPUNGE 1", { verb: "EXPUNGE", set: one }],
  ['GETQUOTA ""', { verb: "GETQUOTA", root: "" }],
  ["GETQUOTAROOT inbox", { verb: "GETQUOTAROOT", mailbox: "INBOX" }],
  ['LIST "" *', { ...LIST, patterns: ["*"] }],
  ["LIST a b%", { ...LIST, reference: "a", patterns: ["b%"] }],
  ['LIST "" ""', { ...LIST, patterns: [""] }],
  ['LIST () "" a', { ...EXTENDED, patterns: ["a"] }],
  ['LIST "" (a "b c")', { ...EXTENDED, patterns: ["a", "b c"] }],
  ['LIST (SUBSCRIBED RECURSIVEMATCH) "" *', {
    ...EXTENDED,
    select: { subscribed: true, recursive: true, specialUse: false, extended: true },
    patterns: ["*"],
  }],
  ['LIST "" % RETURN (CHILDREN STATUS (MESSAGES UNSEEN) SPECIAL-USE)', {
    ...EXTENDED,
    patterns: ["%"],
    back: { ...LIST.back, children: true, specialUse: true, status: ["MESSAGES", "UNSEEN"] },
  }],
  ['LSUB "" "*"', { verb: "LSUB", reference: "", pattern: "*" }],
  ["STATUS blurdybloop (UIDNEXT MESSAGES)", {
    verb: "STATUS",
    mailbox: "blurdybloop",
    items: ["UIDNEXT", "MESSAGES"],
  }],
  ["APPEND x {2}\r\nab", {
    verb: "APPEND",
    mailbox: "x",
    said: "x",
    messages: [{ ...MESSAGE, parts: [text("ab")] }],
  }],
  ['APPEND x (\\seen $Junk) "17-Jul-1996 02:44:25 -0700" {1+}\r\na () ~{1}\r\n\0', {
    verb: "APPEND",
    mailbox: "x",
    said: "x",
    messages: [
      {
        ...MESSAGE,
        flags: ["\\Seen", "$Junk"],
        receivedAt: Date.parse("1996-07-17T09:44:25Z"),
        parts: [text("a")],
      },
      { ...MESSAGE, binary: true, parts: [text("\0")] },
    ],
  }],
  ["APPEND x UTF8 (~{1}\r\na)", {
    verb: "APPEND",
    mailbox: "x",
    said: "x",
    messages: [{ ...MESSAGE, utf8: true, parts: [text("a")] }],
  }],
  ['APPEND x CATENATE (URL "/;UID=1" TEXT {1}\r\na)', {
    verb: "APPEND",
    mailbox: "x",
    said: "x",
    messages: [{ ...MESSAGE, parts: [{ from: "url", url: "/;UID=1" }, text("a")] }],
  }],
  ["UID REPLACE 1 x {1}\r\na", {
    verb: "REPLACE",
    uid: true,
    set: one,
    mailbox: "x",
    message: { ...MESSAGE, parts: [text("a")] },
  }],
  ["GETMETADATA inbox /Shared/Comment", {
    verb: "GETMETADATA",
    mailbox: "INBOX",
    entries: ["/shared/comment"],
    bytesMax: null,
    depth: "0",
  }],
  // RFC 5464 §5 has the options in front, the examples of §4.2.1 have them behind.
  ["GETMETADATA (MAXSIZE 10 DEPTH 1) a (/private/b)", {
    verb: "GETMETADATA",
    mailbox: "a",
    entries: ["/private/b"],
    bytesMax: 10,
    depth: "1",
  }],
  ['GETMETADATA "a" (DEPTH infinity) (/private/b /shared/c/d)', {
    verb: "GETMETADATA",
    mailbox: "a",
    entries: ["/private/b", "/shared/c/d"],
    bytesMax: null,
    depth: "infinity",
  }],
  ['SETMETADATA "" (/private/a NIL /private/b ~{1}\r\n\0 /shared/c "d")', {
    verb: "SETMETADATA",
    mailbox: "",
    entries: [["/private/a", null], ["/private/b", latin1("\0")], ["/shared/c", encode("d")]],
  }],
];

Deno.test("parseCommand reads every command that is not about messages", () => {
  for (const [text, command] of COMMANDS) assert.deepEqual(parse(text), command, text);
});

const MALFORMED: readonly string[] = [
  "",
  "NOOP ",
  "NOOP x",
  " NOOP",
  "XYZZY",
  "UID",
  "UID NOOP",
  "UID EXPUNGE",
  "COMPRESS LZW",
  "LOGIN a",
  "LOGIN a b c",
  "LOGIN a  b",
  "LOGIN a ~{1}\r\nb",
  "LOGIN a {1}\r\n\xff",
  "AUTHENTICATE PLAIN ",
  "AUTHENTICATE PLAIN *",
  "AUTHENTICATE PLAIN YWI",
  "AUTHENTICATE PLAIN {4}\r\nYWI=",
  "ENABLE",
  "ID",
  'ID ("a")',
  'ID ("a" b)',
  "SELECT",
  "SELECT a ()",
  "SELECT a (X)",
  "SELECT a (QRESYNC (0 1))",
  "SELECT a (QRESYNC (1))",
  "SELECT a (QRESYNC (1 2 1 (1)))",
  "CREATE a (X (\\Sent))",
  "RENAME a",
  'LIST ""',
  'LIST (X) "" a',
  'LIST (RECURSIVEMATCH) "" a',
  'LIST "" ()',
  'LIST "" a RETURN',
  'LIST "" a RETURN (X)',
  'LIST "" a RETURN (STATUS)',
  "STATUS a",
  "STATUS a ()",
  "STATUS a (X)",
  "APPEND a",
  'APPEND a "b"',
  "APPEND a (\\Recent) {1}\r\na",
  "APPEND a (\\Foo) {1}\r\na",
  "APPEND a CATENATE () ",
  "APPEND a CATENATE (X y)",
  'APPEND a CATENATE (TEXT "a")',
  "APPEND a UTF8 {1}\r\na",
  "REPLACE 1 a",
  "GETMETADATA a b",
  "GETMETADATA a /private/*",
  "GETMETADATA a /private//b",
  "GETMETADATA a /other/b",
  "GETMETADATA (MAXSIZE) a /private/b",
  "GETMETADATA (X 1) a /private/b",
  "SETMETADATA a (/private/a)",
  "SETMETADATA a ()",
];

Deno.test("parseCommand refuses what is no command", () => {
  for (const text of MALFORMED) {
    assert.throws(() => parse(text), { name: "ImapError", condition: "BAD" }, text);
  }
});

Deno.test("a command has its tag also where it is no command", () => {
  assert.equal(tagOf(rawCommand("a1 XYZZY")), "a1");
  assert.equal(tagOf(rawCommand("a1")), "a1");
  for (const text of ["", " a", "* NOOP", "(a) NOOP", "\xe4 NOOP"]) {
    assert.equal(tagOf(rawCommand(text)), null, text);
  }
});

const repeated = (count: number, text: string) => Array.from({ length: count }, () => text);

const LONGEST: readonly (readonly [what: string, most: number, make: (count: number) => string])[] =
  [
    [
      "groups in NOTIFY",
      NOTIFY_GROUPS_MAX,
      (count) => `NOTIFY SET ${repeated(count, "(PERSONAL NONE)").join(" ")}`,
    ],
    [
      "names in NOTIFY",
      NOTIFY_NAMES_MAX,
      (count) => `NOTIFY SET (MAILBOXES (${repeated(count, "a").join(" ")}) NONE)`,
    ],
    [
      "tags in CANCELUPDATE",
      NAMES_MAX,
      (count) => `CANCELUPDATE ${repeated(count, '"x"').join(" ")}`,
    ],
    ["names in ENABLE", NAMES_MAX, (count) => `ENABLE ${repeated(count, "x").join(" ")}`],
    [
      "uses of a mailbox",
      NAMES_MAX,
      (count) => `CREATE a (USE (${repeated(count, "\\A").join(" ")}))`,
    ],
    ["fields of ID", ID_FIELDS_MAX, (count) => `ID (${repeated(count, '"a" "b"').join(" ")})`],
    [
      "entries of metadata",
      METADATA_ENTRIES_MAX,
      (count) => `GETMETADATA a (${repeated(count, "/private/b").join(" ")})`,
    ],
    [
      "patterns of LIST",
      LIST_PATTERNS_MAX,
      (count) => `LIST "" (${repeated(count, "a").join(" ")})`,
    ],
    [
      "options of LIST",
      20,
      (count) => `LIST "" a RETURN (${repeated(count, "CHILDREN").join(" ")})`,
    ],
    ["items of STATUS", 20, (count) => `STATUS a (${repeated(count, "SIZE").join(" ")})`],
    [
      "messages of APPEND",
      APPEND_MESSAGES_MAX,
      (count) => `APPEND a ${repeated(count, "{1+}\r\na").join(" ")}`,
    ],
    [
      "pieces of a message",
      CATENATE_PARTS_MAX,
      (count) => `APPEND a CATENATE (${repeated(count, 'URL "a"').join(" ")})`,
    ],
  ];

Deno.test("a command has no more of anything than it may", () => {
  for (const [what, most, make] of LONGEST) {
    assert.doesNotThrow(() => parse(make(most)), what);
    assert.throws(() => parse(make(most + 1)), { name: "ImapError", condition: "BAD" }, what);
  }
});

Deno.test("parseCommand gives a command or throws ImapError, for any bytes", () => {
  const verbs = COMMANDS.map(([text]) => text.split(" ", 1)[0]!);
  const words = fc.constantFrom(" ", "(", ")", "a", "1", '"', "NIL", "{1}\r\na", "\\", "*", "\xff");
  fc.assert(fc.property(fc.constantFrom(...verbs), fc.array(words), (verb, rest) => {
    try {
      assert.equal(typeof parse(`${verb} ${rest.join("")}`).verb, "string");
    } catch (error) {
      if (!(error instanceof ImapError)) throw error;
      assert.match(error.message, /^[ -~]+$/);
    }
  }));
});
