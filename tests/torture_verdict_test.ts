/** The judge of the torture sees each thing that the promises do not allow. */
import assert from "$assert";
import { ALICE, BOB, createNumbers, letterOf } from "./torture/letters.ts";
import type { Copy } from "./torture/reader.ts";
import type { Answer, Sent } from "./torture/sender.ts";
import { judge } from "./torture/verdict.ts";

const ARRIVED = "Thu, 1 Jan 2026 12:00:00 +0000";
const ARRIVED_MS = Date.parse(ARRIVED);
/** From Alice to Bob, through both servers; to Alice from a stranger; and to somebody unknown. */
const RELAYED = 0;
const LOCAL = 4;
const UNKNOWN = 5;

function sent(number: number, answer: Answer, recipients?: readonly string[]): Sent {
  const letter = letterOf(number);
  const taken = new Set(recipients ?? letter.recipients);
  return { letter, recipients: taken, answer, endedAtMs: ARRIVED_MS };
}

let names = 0;

function copy(number: number, owner: string, change: Partial<Copy> = {}): Copy {
  const trace = `Return-Path: <a@b.c>\r\nReceived: from here\r\n by there; ${ARRIVED}\r\n`;
  const text = trace + letterOf(number).content;
  return { owner, name: `1.${++names}`, text, deleted: true, ...change };
}

function report(number: number, about: string): Copy {
  const text = "Received: by here; x\r\nContent-Type: multipart/report; boundary=b\r\n\r\n" +
    `Final-Recipient: rfc822; ${about}\r\n\r\nMessage-ID: <torture-${number}@client.test>\r\n`;
  return copy(number, ALICE, { text });
}

const CLEAN: readonly (readonly [what: string, ledger: Sent[], copies: Copy[], ends: number[]])[] =
  [
    ["an accepted message arrived", [sent(RELAYED, "accepted")], [copy(RELAYED, BOB)], []],
    ["an unanswered one did not", [sent(RELAYED, "unknown")], [], []],
    ["or did", [sent(RELAYED, "unknown")], [copy(RELAYED, BOB)], []],
    ["a refused one did not", [sent(RELAYED, "refused")], [], []],
    [
      "a server was ended between two copies",
      [sent(RELAYED, "accepted")],
      [copy(RELAYED, BOB), copy(RELAYED, BOB)],
      [ARRIVED_MS],
    ],
    [
      "an unknown recipient was reported",
      [sent(UNKNOWN, "accepted", ["nobody@xyz.com"])],
      [report(UNKNOWN, "nobody@xyz.com")],
      [],
    ],
  ];

for (const [what, ledger, copies, endings] of CLEAN) {
  Deno.test(`the torture has no complaint when ${what}`, () => {
    assert.deepEqual(judge(ledger, copies, endings).faults, []);
  });
}

const BROKEN: readonly (readonly [ledger: Sent[], copies: Copy[], ends: number[], RegExp])[] = [
  [[sent(RELAYED, "accepted")], [], [], /was accepted, and is lost/],
  [[sent(RELAYED, "refused")], [copy(RELAYED, BOB)], [], /was refused, and arrived/],
  [[sent(RELAYED, "accepted", [])], [copy(RELAYED, BOB)], [], /was refused, and arrived/],
  [[sent(RELAYED, "accepted")], [copy(RELAYED, BOB), copy(RELAYED, BOB)], [], /arrived 2 times/],
  [
    [sent(RELAYED, "accepted")],
    [copy(RELAYED, BOB), copy(RELAYED, BOB)],
    [ARRIVED_MS + 60_000],
    /arrived 2 times/,
  ],
  [
    [sent(LOCAL, "accepted")],
    [copy(LOCAL, ALICE), copy(LOCAL, ALICE)],
    [ARRIVED_MS],
    /arrived 2 times/,
  ],
  [[], [copy(RELAYED, BOB)], [], /was never sent/],
  [[sent(RELAYED, "accepted")], [copy(RELAYED, ALICE)], [], /for alice@abc\.com: was never sent/],
  [
    [sent(RELAYED, "accepted")],
    [copy(RELAYED, BOB), report(RELAYED, BOB)],
    [],
    /was reported, and could arrive/,
  ],
  [
    [sent(UNKNOWN, "accepted", ["nobody@xyz.com"])],
    [report(UNKNOWN, "nobody@xyz.com"), report(UNKNOWN, "nobody@xyz.com")],
    [],
    /was reported 2 times/,
  ],
  [
    [sent(UNKNOWN, "accepted", [])],
    [report(UNKNOWN, "nobody@xyz.com")],
    [],
    /was refused, and reported later/,
  ],
  [
    [sent(RELAYED, "accepted")],
    [copy(RELAYED, BOB, { text: copy(RELAYED, BOB).text.replace("caf\xe9", "caf?") })],
    [],
    /arrived with other bytes/,
  ],
  [
    [sent(RELAYED, "accepted")],
    [copy(RELAYED, BOB, { text: `X-Odd: 1\r\n${copy(RELAYED, BOB).text}` })],
    [],
    /arrived with more than trace fields in front/,
  ],
  [[], [copy(RELAYED, BOB, { text: "Subject: spam\r\n\r\n" })], [], /is none of ours/],
];

for (const [ledger, copies, endings, complaint] of BROKEN) {
  Deno.test(`the torture complains: ${complaint.source}, of ${copies.length} copies`, () => {
    assert.match(judge(ledger, copies, endings).faults.join("\n"), complaint);
  });
}

Deno.test("the torture counts each recipient once", () => {
  const ledger = [sent(RELAYED, "accepted"), sent(UNKNOWN, "accepted"), sent(LOCAL, "accepted")];
  const copies = [
    copy(RELAYED, BOB),
    copy(RELAYED, BOB),
    copy(UNKNOWN, BOB),
    copy(UNKNOWN, ALICE),
    report(UNKNOWN, "nobody@xyz.com"),
  ];
  const { faults, ...counts } = judge(ledger, copies, [ARRIVED_MS]);
  assert.equal(faults.length, 1);
  assert.deepEqual(counts, {
    accepted: 5,
    arrived: 3,
    reported: 1,
    duplicatesAllowed: 1,
    lost: 1,
  });
});

Deno.test("the torture's letters all differ, and say their number", () => {
  const numbers = createNumbers();
  const all = Array.from({ length: 100 }, () => numbers.next(numbers.kind()));
  assert.equal(new Set(all).size, 100);
  assert.equal(new Set(all.map((each) => letterOf(each).content)).size, 100);
  for (const number of all) {
    assert.match(letterOf(number).content, new RegExp(`torture-${number}@`));
  }
});
