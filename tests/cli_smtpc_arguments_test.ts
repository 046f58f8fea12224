import assert from "$assert";
import { EXIT, Failure } from "../lib/cli/fail.ts";
import { parseArguments, type SmtpcCommand } from "../lib/cli/smtpc_arguments.ts";

const words = (text: string) => text.split(" ").filter((word) => word !== "");
const parse = (text: string): SmtpcCommand => parseArguments(words(text), "smtpc 1.2.3");

function parseAs<What extends SmtpcCommand["do"]>(what: What, text: string) {
  const command = parse(text);
  assert.equal(command.do, what);
  return command as Extract<SmtpcCommand, { readonly do: What }>;
}

Deno.test("send's flags are read, repeatable ones in their order", () => {
  assert.deepEqual(
    parse(
      "send abc.com 25 --user alice --to a@x.com --to b@x.com,c@x.com --cc d@x.com -v" +
        " --timeout 1.5",
    ),
    {
      do: "send",
      flags: {
        host: "abc.com",
        port: 25,
        user: "alice",
        to: ["a@x.com", "b@x.com,c@x.com"],
        cc: ["d@x.com"],
        bcc: [],
        attach: [],
        tls: "auto",
        timeoutMs: 1500,
        verbose: true,
      },
    },
  );
});

Deno.test("what stands behind HOST and PORT of send are files", () => {
  const { flags } = parseAs("send", "send abc.com 25 a.eml --connections 8 folder --partial");
  assert.deepEqual([flags.files, flags.connections], [["a.eml", "folder"], 8]);
  assert.equal(parseAs("send", "send abc.com 25 --to a@x.com").flags.files, undefined);
});

Deno.test("a mechanism is one of ours, in any case", () => {
  const { flags } = parseAs("send", "send abc.com 25 --to a@x.com --auth Scram-SHA-256");
  assert.equal(flags.auth, "SCRAM-SHA-256");
  assert.equal(parseAs("read", "read abc.com 110 --auth login").flags.auth, "LOGIN");
  for (const name of ["cram-md5", "scram-sha-1", "plainly"]) {
    assert.throws(() => parse(`read abc.com 110 --auth ${name}`), /scram-sha-256, plain, login/);
  }
});

Deno.test("what only IMAP can do is read, and what excludes each other refused", () => {
  const { flags } = parseAs(
    "read",
    "read abc.com 993 --mailbox Archive --search is:unread --follow --mark-seen --move X --save d",
  );
  assert.deepEqual([flags.mailbox, flags.follow, flags.markSeen, flags.move, flags.save], [
    ...["Archive", true, true, "X", "d"],
  ]);
  assert.deepEqual(flags.search, [{ key: "FLAG", flag: "\\Seen", set: false }]);
  for (
    const bad of [
      "--list --mark-seen",
      "--list --move X",
      "--list --save d",
      "--move X --delete",
      "--raw --save d",
      "--search since:today",
    ]
  ) assert.throws(() => parse(`read abc.com 993 ${bad}`), Failure, bad);
});

Deno.test("two runs do not share the lists of repeatable flags", () => {
  parse("send abc.com 25 --to a@x.com");
  const { flags } = parseAs("send", "send abc.com 25 --to b@x.com");
  assert.deepEqual(flags.to, ["b@x.com"]);
});

const choices: readonly (readonly [text: string, choice: unknown])[] = [
  ["", null],
  ["--keep", null],
  ["--list", { what: "list" }],
  ["--last", { what: "last" }],
  ["--all --delete", { what: "all" }],
  ["--message 12 --raw", { what: "message", number: 12 }],
];

for (const [text, choice] of choices) {
  Deno.test(`read ${text} chooses ${JSON.stringify(choice)}`, () => {
    const { flags } = parseAs("read", `read abc.com 110 ${text}`);
    assert.deepEqual(flags.choice, choice);
    assert.equal(flags.delete ?? false, text.includes("--delete"));
    assert.equal(flags.raw ?? false, text.includes("--raw"));
  });
}

Deno.test("contacts are added, removed and listed", () => {
  assert.deepEqual(parse("contacts add bob bob@xyz.com"), {
    do: "addContact",
    name: "bob",
    address: "bob@xyz.com",
  });
  assert.deepEqual(parse("contacts remove bob"), { do: "removeContact", name: "bob" });
  assert.deepEqual(parse("contacts list"), { do: "listContacts" });
});

Deno.test("HOST and PORT may be missing, for they may be asked for", () => {
  const { flags } = parseAs("send", "send");
  assert.equal(flags.host, undefined);
  assert.equal(flags.port, undefined);
});

const wrong: readonly (readonly [text: string, complaint: RegExp])[] = [
  ["", /smtpc send, smtpc read, smtpc contacts or smtpc bench/],
  ["fetch", /unknown command 'fetch'/],
  ["contacts", /contacts add, remove or list/],
  ["contacts add bob", /'address'/],
  ["contacts show", /too many arguments/],
  ["read abc.com 25 more", /too many arguments/],
  ["send abc.com 25 a.eml --connections 101", /a number from 1 to 100/],
  ["send abc.com 25 --too a@x.com", /unknown option '--too' \(Did you mean --to\?\)/],
  ["send abc.com 0", /It is not a port/],
  ["send abc.com 65536", /Ports go up to 65535/],
  ["send abc.com smtp", /It is not a port/],
  ["send abc.com 25 --to", /argument missing/],
  ["send abc.com 25 --timeout 0", /not a number of seconds/],
  ["send abc.com 25 --timeout soon", /not a number of seconds/],
  ["send abc.com 25 --timeout 90000", /not a number of seconds/],
  ["send abc.com 25 --tls ssl3", /Allowed choices are auto, starttls, implicit, none/],
  ["send abc.com 25 --file m --body b", /'--file <file>' cannot be used with .*'--body/],
  [
    "send abc.com 25 --data-from m --subject s",
    /'--data-from <file>' cannot be used with .*'--sub/,
  ],
  ["send abc.com 25 --data-from m --attach a", /'--data-from <file>' cannot be used with .*'--att/],
  ["send abc.com 25 --data-from m --file f", /cannot be used with/],
  ["send abc.com 25 --quit-after data", /choices are connect, hello, tls, auth, mail, rcpt, dot/],
  ["send abc.com 25 --quit-after rcpt --drop-after mail", /cannot be used with/],
  ["send abc.com 25 --ehlo ä", /visible characters of ASCII/],
  ["send abc.com 25 --proto esmtp", /Allowed choices are smtp, lmtp/],
  ["read abc.com 110 --message first", /It is not a message number/],
  ["read abc.com 110 --message 0", /It is not a message number/],
  ["read abc.com 110 --last --all", /cannot be used with/],
  ["read abc.com 110 --message 1 --last", /cannot be used with/],
  ["read abc.com 110 --list --delete", /cannot be used with/],
  ["read abc.com 110 --keep --delete", /cannot be used with/],
  ["read abc.com 110 --raw --json", /cannot be used with/],
];

for (const [text, complaint] of wrong) {
  Deno.test(`smtpc ${text} is wrong usage, in one line`, () => {
    const isUsage = (error: unknown) => error instanceof Failure && error.status === EXIT.usage;
    assert.throws(() => parse(text), isUsage);
    assert.throws(() => parse(text), { message: complaint });
    assert.throws(() => parse(text), { message: /^(?!error:)[^\n]+$/ });
  });
}

Deno.test("--version and --help print and do nothing else", () => {
  const version = parse("--version");
  assert.deepEqual(version, { do: "print", text: "smtpc 1.2.3\n" });
  for (const text of ["--help", "help", "send --help", "read abc.com 110 --help"]) {
    const help = parseAs("print", text);
    assert.match(help.text, /^Usage: smtpc/);
    assert.match(help.text, /77 login refused/);
  }
});
