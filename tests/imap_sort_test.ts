/** SORT and THREAD: what RFC 5256 says, and where it leaves a choice, what Dovecot does. */
import assert from "$assert";
import fc from "$check";
import type { ImapMessage } from "../lib/imap/backend.ts";
import { sorted } from "../lib/imap/sort.ts";
import { baseSubject, SUBJECT_CHARACTERS_MAX } from "../lib/imap/subject.ts";
import { REFERENCES_MAX, type Summary, summaryOf } from "../lib/imap/summary.ts";
import {
  byReferences,
  bySubject,
  formatThreads,
  type Thread,
  THREAD_DEPTH_MAX,
  type Threadable,
} from "../lib/imap/thread.ts";
import { parseHeader } from "../lib/mail/header.ts";
import { mail } from "./imap_support.ts";

const SUBJECTS: readonly (readonly [subject: string, base: string, isReply: boolean])[] = [
  ["hello", "HELLO", false],
  ["Re: hello", "HELLO", true],
  ["re : hello", "HELLO", true],
  ["Fw: hello", "HELLO", true],
  ["FWD: Re: hello", "HELLO", true],
  ["Re[2]: hello", "HELLO", true],
  ["[list] hello", "HELLO", false],
  ["[a] [b] hello", "HELLO", false],
  ["[a] Re: [b] hello", "HELLO", true],
  ["hello (fwd)", "HELLO", true],
  ["hello (fwd) (FWD)  ", "HELLO", true],
  ["[fwd: hello]", "HELLO", true],
  ["[Fwd: Re: hello (fwd)]", "HELLO", true],
  ["[a]", "[A]", false],
  ["[a] [b]", "[B]", false],
  ["Re:", "", true],
  ["(fwd)", "", true],
  ["  hello \t world ", "HELLO WORLD", false],
  ["=?utf-8?q?Re=3A_h=C3=A4?=", "HA\u0308", true],
  ["Reply: x", "REPLY: X", false],
  ["[fwd: a] b", "B", false],
  ["", "", false],
];

Deno.test("the base subject is what RFC 5256 §2.1 leaves of a subject", () => {
  for (const [subject, base, isReply] of SUBJECTS) {
    assert.deepEqual(baseSubject(subject), { base, isReply }, subject);
  }
  fc.assert(fc.property(fc.array(fc.constantFrom(..."re:[]() fwdx")), (parts) => {
    const { base } = baseSubject(parts.join(""));
    assert.equal(baseSubject(base).base, base);
    assert.equal(baseSubject(`Re: ${base}`).base, base);
  }));
});

Deno.test("a base subject is made of so many characters", () => {
  const long = "x".repeat(SUBJECT_CHARACTERS_MAX + 1);
  assert.equal(baseSubject(long).base.length, SUBJECT_CHARACTERS_MAX);
  for (const part of ["Re:", "[a]", "[", "(fwd)", "[fwd:", " "]) {
    assert.ok(baseSubject(part.repeat(100_000)).base.length <= SUBJECT_CHARACTERS_MAX);
  }
});

function summary(number: number, ...fields: readonly string[]): Summary {
  const message = { receivedAt: 1_000_000 + number, size: 100 - number } as ImapMessage;
  return summaryOf({ number, message }, parseHeader(mail(...fields, "")));
}

Deno.test("a summary has what a header says, and what is known without it", () => {
  const found = summary(
    3,
    'From: "=?utf-8?q?J=C3=B6rg?=" <a.b@x>, second@y',
    "To: Group: c@d;",
    "Cc: <e@f>",
    "Date: Thu, 1 Jan 1970 02:00:00 +0100",
    "Subject: Re: [x] hello",
    'Message-ID: <"3"@h>',
    "References: <1@h>\r\n\t<2@h>",
    "In-Reply-To: <0@h>",
  );
  assert.deepEqual(found, {
    number: 3,
    receivedAt: 1_000_003,
    sentAt: 3_600_000,
    size: 97,
    subject: "HELLO",
    isReply: true,
    from: "A.B",
    to: "GROUP",
    cc: "E",
    displayFrom: "JO\u0308RG",
    displayTo: "GROUP",
    messageId: "3@h",
    references: ["1@h", "2@h"],
  });
  const empty = summary(1);
  assert.deepEqual([empty.sentAt, empty.from, empty.displayTo, empty.messageId], [
    1_000_001,
    "",
    "",
    null,
  ]);
  assert.equal(summary(1, "To: a@b").displayTo, "A@B");
  assert.deepEqual(summary(1, "In-Reply-To: <1@h> <2@h>").references, ["1@h"]);
  assert.deepEqual(summary(1, "References: none <> <a> <a@b@c> <1@h").references, []);
});

Deno.test("a message has so many references, and the last of them count", () => {
  const ids = Array.from({ length: REFERENCES_MAX + 5 }, (_, at) => `<${at}@h>`);
  const { references } = summary(1, `References: ${ids.join(" ")}`);
  assert.equal(references.length, REFERENCES_MAX);
  assert.equal(references.at(-1), `${REFERENCES_MAX + 4}@h`);
  for (const each of ["<", "<@", "@", "<a@b", '<"', "<\\"]) {
    assert.deepEqual(summary(1, `References: ${each.repeat(80_000)}`).references, []);
  }
});

Deno.test("SORT sorts by its keys in their order, and leaves what is equal in its place", () => {
  const messages = [
    summary(1, "Subject: b", "Date: 3 Jan 2000 00:00:00 +0000", "From: z@x", "Cc: b@x"),
    summary(2, "Subject: A", "Date: 1 Jan 2000 00:00:00 +0000", "From: _@x", "To: q@x"),
    summary(3, "Subject: re: B", "Date: 2 Jan 2000 00:00:00 +0000", "From: Ann <zz@x>"),
  ];
  const order = (...by: Parameters<typeof sorted>[1]) =>
    sorted(messages, by).map(({ number }) => number);
  const key = (key: Parameters<typeof sorted>[1][number]["key"], reverse = false) => {
    return { key, reverse };
  };
  assert.deepEqual(order(key("ARRIVAL")), [1, 2, 3]);
  assert.deepEqual(order(key("SIZE")), [3, 2, 1]);
  assert.deepEqual(order(key("DATE")), [2, 3, 1]);
  assert.deepEqual(order(key("DATE", true)), [1, 3, 2]);
  assert.deepEqual(order(key("SUBJECT")), [2, 1, 3]);
  assert.deepEqual(order(key("SUBJECT", true)), [1, 3, 2]);
  assert.deepEqual(order(key("SUBJECT", true), key("DATE")), [3, 1, 2]);
  // RFC 5051: letters are compared as capitals, which the underscore is behind.
  assert.deepEqual(order(key("FROM")), [1, 3, 2]);
  assert.deepEqual(order(key("DISPLAYFROM")), [3, 1, 2]);
  assert.deepEqual(order(key("TO")), [1, 3, 2]);
  assert.deepEqual(order(key("DISPLAYTO")), [1, 3, 2]);
  assert.deepEqual(order(key("CC")), [2, 3, 1]);
});

/** A message on the day of its number, unless another is said. */
function message(
  number: number,
  { subject = "", isReply = false, id = `m${number}`, references = [] as string[], day = number } =
    {},
): Threadable {
  return { number, sentAt: day, subject, isReply, messageId: id, references };
}

const threads = (found: readonly Thread[]) => formatThreads(found, (number) => number);
const text = (messages: readonly Threadable[]) => threads(byReferences(messages));
const answer = (number: number, ...references: readonly string[]) =>
  message(number, { references: [...references] });

Deno.test("threads are written as RFC 5256 §4 has them", () => {
  const thread = (number: number | null, ...children: readonly Thread[]): Thread => {
    return { number, children };
  };
  const example = [
    thread(2),
    thread(3, thread(6, thread(4, thread(23)), thread(44, thread(7, thread(96))))),
  ];
  assert.equal(threads(example), "(2)(3 6 (4 23)(44 7 96))");
  assert.equal(threads([thread(null, thread(3), thread(5))]), "((3)(5))");
  assert.equal(formatThreads(example, (number) => number + 100).slice(0, 5), "(102)");
  assert.equal(threads([]), "");
});

const REFERENCES: readonly (readonly [
  what: string,
  messages: readonly Threadable[],
  threads: string,
])[] = [
  ["nothing", [], ""],
  ["an answer", [message(1), answer(2, "m1")], "(1 2)"],
  ["an answer that came before", [answer(1, "m2"), message(2)], "(2 1)"],
  ["answers to one message", [message(1), answer(2, "m1"), answer(3, "m1")], "(1 (2)(3))"],
  ["answers to what is not here", [answer(1, "x"), answer(2, "x")], "((1)(2))"],
  ["one answer to what is not here", [answer(1, "x")], "(1)"],
  ["what is missing in the middle", [message(1), answer(2, "m1", "x", "y")], "(1 2)"],
  ["a message that answers itself", [answer(1, "m1")], "(1)"],
  ["messages that answer each other", [answer(1, "m2"), answer(2, "m1")], "(2 1)"],
  ["two with the same id", [message(1), message(2, { id: "m1" }), answer(3, "m1")], "(1 3)(2)"],
  [
    "a subject without references",
    [message(1, { subject: "A" }), message(2, { subject: "A", isReply: true })],
    "(1 2)",
  ],
  [
    "an answer by its subject that came before",
    [message(1, { subject: "A", isReply: true }), message(2, { subject: "A" })],
    "(2 1)",
  ],
  [
    "two beginnings with one subject",
    [message(1, { subject: "A" }), message(2, { subject: "A" }), message(3, { subject: "A" })],
    "((1)(2)(3))",
  ],
  [
    "a subject that joins what misses its beginning",
    [
      message(1, { subject: "A", references: ["x"] }),
      message(2, { subject: "A", references: ["x"] }),
      message(3, { subject: "A", references: ["y"] }),
      message(4, { subject: "A", references: ["y"] }),
      message(5, { subject: "A" }),
    ],
    "((1)(2)(3)(4)(5))",
  ],
  [
    "siblings by their dates, on all levels",
    [
      message(1, { day: 9 }),
      message(2, { day: 1 }),
      message(3, { references: ["m1"], day: 8 }),
      message(4, { references: ["m1"], day: 7 }),
    ],
    "(2)(1 (4)(3))",
  ],
  [
    "a later message that says better where one belongs",
    [answer(1, "a", "m3"), message(2, { id: "a" }), answer(3, "b"), message(4, { id: "b" })],
    "(2)(4 3 1)",
  ],
];

for (const [what, messages, expected] of REFERENCES) {
  Deno.test(`REFERENCES finds threads: ${what}`, () => assert.equal(text(messages), expected));
}

Deno.test("ORDEREDSUBJECT puts what has a subject under the first that had it", () => {
  const messages = [
    message(1, { subject: "B", day: 5 }),
    message(2, { subject: "A", day: 3 }),
    message(3, { subject: "B", day: 2 }),
    message(4, { subject: "B", day: 9 }),
  ];
  assert.equal(threads(bySubject(messages)), "(3 (1)(4))(2)");
});

const id = fc.integer({ min: 1, max: 12 }).map((number) => `m${number}`);
const any = fc.array(
  fc.record({
    id: fc.option(id),
    references: fc.array(id, { maxLength: 5 }),
    subject: fc.constantFrom("", "A", "B"),
    isReply: fc.boolean(),
    day: fc.nat(5),
  }),
  { maxLength: 12 },
);

Deno.test("every message is in one thread, whatever they refer to", () => {
  fc.assert(fc.property(any, (records) => {
    const messages = records.map(({ id, references, subject, isReply, day }, at): Threadable => {
      return { number: at + 1, sentAt: day, subject, isReply, messageId: id, references };
    });
    for (const found of [byReferences(messages), bySubject(messages)]) {
      const numbers = threads(found).match(/\d+/g)?.map(Number) ?? [];
      assert.deepEqual(numbers.toSorted((a, b) => a - b), messages.map(({ number }) => number));
      assert.doesNotMatch(threads(found), /\(\)| \)/);
    }
  }));
});

const depthOf = ({ children }: Thread): number =>
  1 + children.reduce((most, child) => Math.max(most, depthOf(child)), 0);

Deno.test("threads have so many levels, in whichever order their messages came", () => {
  const count = 10 * THREAD_DEPTH_MAX;
  const chain = Array.from({ length: count }, (_, at) => answer(at + 1, `m${at}`));
  const blocks = Array.from(
    { length: 10 },
    (_, at) => chain.slice(at * THREAD_DEPTH_MAX, (at + 1) * THREAD_DEPTH_MAX),
  ).toReversed().flat();
  for (const messages of [chain, chain.toReversed(), blocks]) {
    const found = byReferences(messages);
    assert.equal(threads(found).match(/\d+/g)!.length, count);
    assert.ok(found.every((thread) => depthOf(thread) <= THREAD_DEPTH_MAX + 1));
  }
  // Nobody climbs further than that to see who answers whom: each piece is a thread.
  assert.equal(byReferences(chain).length, 10);
});

Deno.test("twenty thousand answers to one message that find another place take no square of it", () => {
  const many = Array.from({ length: 20_000 }, (_, at) => at);
  const guesses = many.map((at) => answer(at + 1, "root", `x${at}`));
  const found = many.map((at) => message(20_001 + at, { id: `x${at}`, references: ["other"] }));
  const all = byReferences([...guesses, ...found]);
  assert.equal(threads(all).match(/\d+/g)!.length, 40_000);
});
