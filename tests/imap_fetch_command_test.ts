import assert from "$assert";
import {
  type CopyCommand,
  FETCH_ITEMS_MAX,
  type FetchCommand,
  type FetchItem,
  FLAGS_NAMED_MAX,
  SECTION_DEPTH_MAX,
  SECTION_FIELDS_MAX,
  type StoreCommand,
} from "../lib/imap/fetch_command.ts";
import { type ImapCommand, parseCommand } from "../lib/imap/command.ts";
import { parseUrl } from "../lib/imap/url.ts";
import { rawCommand } from "./imap_support.ts";

function parse(text: string): ImapCommand {
  return parseCommand(rawCommand(`a ${text}`), false);
}

function items(text: string): readonly FetchItem[] {
  return (parse(`FETCH 1 ${text}`) as FetchCommand).items;
}

const body = (
  part: readonly number[],
  kind: "all" | "HEADER" | "TEXT" | "MIME",
): FetchItem => ({ item: "BODY[]", peek: true, section: { part, of: { kind } }, partial: null });
const fields = (not: boolean, ...names: readonly string[]): FetchItem => ({
  item: "BODY[]",
  peek: true,
  section: { part: [], of: { kind: "fields", not, names } },
  partial: null,
});

const ITEMS: readonly (readonly [text: string, items: readonly FetchItem[]])[] = [
  ["FLAGS", [{ item: "FLAGS" }]],
  ["(uid Flags)", [{ item: "UID" }, { item: "FLAGS" }]],
  ["FAST", [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }]],
  ["BODY", [{ item: "BODY" }]],
  ["(BODY BODYSTRUCTURE)", [{ item: "BODY" }, { item: "BODYSTRUCTURE" }]],
  ["BODY.PEEK[]", [body([], "all")]],
  ["BODY[]", [{ ...body([], "all"), peek: false } as FetchItem]],
  ["BODY.PEEK[HEADER]", [body([], "HEADER")]],
  ["BODY.PEEK[1]", [body([1], "all")]],
  ["BODY.PEEK[4.2.2.1]", [body([4, 2, 2, 1], "all")]],
  ["body.peek[4.2.header]", [body([4, 2], "HEADER")]],
  ["BODY.PEEK[4.1.MIME]", [body([4, 1], "MIME")]],
  ["BODY.PEEK[HEADER.FIELDS (From {2}\r\nTo)]", [fields(false, "From", "To")]],
  ['BODY.PEEK[HEADER.FIELDS.NOT ("a b")]', [fields(true, "a b")]],
  ["BODY.PEEK[TEXT]<0.2048>", [
    { ...body([], "TEXT"), partial: { from: 0, bytes: 2048 } } as FetchItem,
  ]],
  ["BINARY[1.2]<5.6>", [
    { item: "BINARY[]", peek: false, part: [1, 2], partial: { from: 5, bytes: 6 } },
  ]],
  ["BINARY.PEEK[]", [{ item: "BINARY[]", peek: true, part: [], partial: null }]],
  ["BINARY.SIZE[1]", [{ item: "BINARY.SIZE", part: [1] }]],
  ["PREVIEW", [{ item: "PREVIEW", lazy: false }]],
  ["(PREVIEW (LAZY) UID)", [{ item: "PREVIEW", lazy: true }, { item: "UID" }]],
  ["(RFC822 RFC822.HEADER RFC822.TEXT)", [
    { item: "RFC822" },
    { item: "RFC822.HEADER" },
    { item: "RFC822.TEXT" },
  ]],
  ["(EMAILID THREADID SAVEDATE MODSEQ ENVELOPE)", [
    { item: "EMAILID" },
    { item: "THREADID" },
    { item: "SAVEDATE" },
    { item: "MODSEQ" },
    { item: "ENVELOPE" },
  ]],
];

Deno.test("FETCH is read with every item that there is", () => {
  for (const [text, expected] of ITEMS) assert.deepEqual(items(text), expected, text);
  assert.deepEqual(items("ALL").slice(3), [{ item: "ENVELOPE" }]);
  assert.deepEqual(items("FULL").slice(3), [{ item: "ENVELOPE" }, { item: "BODY" }]);
});

Deno.test("FETCH is read with its modifiers", () => {
  const plain = { changedSince: null, vanished: false, partial: null };
  const modifiers = (text: string) => {
    const { changedSince, vanished, partial } = parse(text) as FetchCommand;
    return { changedSince, vanished, partial };
  };
  assert.deepEqual(modifiers("FETCH 1 UID"), plain);
  assert.deepEqual(modifiers("FETCH 1 UID (CHANGEDSINCE 12)"), { ...plain, changedSince: 12 });
  assert.deepEqual(modifiers("UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)"), {
    ...plain,
    changedSince: 1,
    vanished: true,
  });
  assert.deepEqual(modifiers("UID FETCH 1:* FLAGS (PARTIAL -100:-1)").partial, {
    from: -1,
    to: -100,
  });
});

const STORES: readonly (readonly [text: string, store: Partial<StoreCommand>])[] = [
  ["STORE 1 FLAGS (\\deleted)", { change: "set", silent: false, flags: ["\\Deleted"] }],
  ["STORE 1 +FLAGS.SILENT \\Seen $a", { change: "add", silent: true, flags: ["\\Seen", "$a"] }],
  ["UID STORE 1 -flags ()", { uid: true, change: "remove", flags: [] }],
  ["STORE 1 (UNCHANGEDSINCE 7) FLAGS (a a)", { unchangedSince: 7, flags: ["a"] }],
];

Deno.test("STORE, COPY and MOVE are read", () => {
  for (const [text, expected] of STORES) {
    assert.deepEqual({ ...parse(text), ...expected }, parse(text), text);
  }
  const copy: CopyCommand = { verb: "COPY", uid: false, set: "$", mailbox: "a" };
  assert.deepEqual(parse("COPY $ a"), copy);
  assert.deepEqual(parse("UID MOVE $ a"), { ...copy, verb: "MOVE", uid: true });
});

Deno.test("FETCH, STORE, COPY and MOVE are refused where they are not right", () => {
  for (
    const text of [
      "FETCH 1",
      "FETCH 0 FLAGS",
      "FETCH 1 ()",
      "FETCH 1 (ALL)",
      "FETCH 1 FLAGS UID",
      "FETCH 1 X",
      "FETCH 1 BODY.PEEK",
      "FETCH 1 BODY[",
      "FETCH 1 BODY[0]",
      "FETCH 1 BODY[1.]",
      "FETCH 1 BODY[.1]",
      "FETCH 1 BODY[MIME]",
      "FETCH 1 BODY[X]",
      "FETCH 1 BODY[1.2X]",
      "FETCH 1 BODY[HEADER.FIELDS]",
      "FETCH 1 BODY[HEADER.FIELDS ()]",
      "FETCH 1 BODY[]<1>",
      "FETCH 1 BODY[]<0.0>",
      "FETCH 1 BODY[]<-1.5>",
      "FETCH 1 BINARY[TEXT]",
      "FETCH 1 PREVIEW (X)",
      "FETCH 1 FLAGS ()",
      "FETCH 1 FLAGS (X)",
      "FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
      "UID FETCH 1 FLAGS (VANISHED)",
      "UID FETCH 1 FLAGS (PARTIAL 0:1)",
      "UID FETCH 1 FLAGS (PARTIAL -1:1)",
      "STORE 1 FLAGS",
      "STORE 1 X (a)",
      "STORE 1 FLAGS (\\Recent)",
      "STORE 1 FLAGS (\\*)",
      "STORE 1 () FLAGS (a)",
      "STORE 1 (X 1) FLAGS (a)",
      "COPY 1",
      "MOVE a b",
    ]
  ) assert.throws(() => parse(text), { name: "ImapError", condition: "BAD" }, text);
});

Deno.test("FETCH and STORE name no more of anything than they may", () => {
  const many = (count: number, text: string, between = " ") =>
    Array.from({ length: count }, () => text).join(between);
  const cases: readonly (readonly [most: number, make: (count: number) => string])[] = [
    [FETCH_ITEMS_MAX, (count) => `FETCH 1 (${many(count, "UID")})`],
    [SECTION_FIELDS_MAX, (count) => `FETCH 1 BODY[HEADER.FIELDS (${many(count, "a")})]`],
    [SECTION_DEPTH_MAX, (count) => `FETCH 1 BODY[${many(count, "1", ".")}]`],
    [SECTION_DEPTH_MAX, (count) => `FETCH 1 BINARY[${many(count, "1", ".")}]`],
    [FLAGS_NAMED_MAX, (count) => `STORE 1 FLAGS (${many(count, "a")})`],
    [FLAGS_NAMED_MAX, (count) => `STORE 1 FLAGS ${many(count, "a")}`],
  ];
  for (const [most, make] of cases) {
    assert.doesNotThrow(() => parse(make(most)));
    assert.throws(() => parse(make(most + 1)), { condition: "BAD" }, make(1));
  }
});

Deno.test("URLs of CATENATE name a message, or a section of one", () => {
  const whole = { part: [], of: { kind: "all" } };
  assert.deepEqual(parseUrl("/inbox/;UID=20"), {
    mailbox: "INBOX",
    uidValidity: null,
    uid: 20,
    section: whole,
  });
  // RFC 4469 §5.
  const found = parseUrl("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER");
  assert.deepEqual(found, {
    mailbox: "Drafts",
    uidValidity: 385_759_045,
    uid: 20,
    section: { part: [], of: { kind: "HEADER" } },
  });
  assert.equal(parseUrl("/;UID=1")!.mailbox, null);
  assert.equal(parseUrl("/a%2Fb%20%C3%A4/;UID=1")!.mailbox, "a/b ä");
  assert.deepEqual(parseUrl("/a/;UID=1/;SECTION=1.2.MIME")!.section, {
    part: [1, 2],
    of: { kind: "MIME" },
  });
  assert.deepEqual(parseUrl("/a/;UID=1/;SECTION=HEADER.FIELDS%20(To)")!.section.of, {
    kind: "fields",
    not: false,
    names: ["To"],
  });
  for (
    const bad of [
      "",
      "a",
      "imap://x/a/;UID=1",
      "/a;UID=0",
      "/a/;UID=x",
      "/a/;UID=1/;SECTION=",
      "/a/;UID=1/;SECTION=1.",
      "/a/;UID=1/;SECTION=MIME",
      "/a/;UID=1/;SECTION=1]",
      "/a/;UID=1/;PARTIAL=0.5",
      "/%ff/;UID=1",
    ]
  ) assert.equal(parseUrl(bad), null, bad);
});
