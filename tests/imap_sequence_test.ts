import assert from "$assert";
import fc from "$check";
import {
  countOf,
  formatSpans,
  isIn,
  largestNamed,
  parseSequenceSet,
  type Range,
  SEQUENCE_RANGES_MAX,
  type SequenceSet,
  spansOf,
  spansOfNumbers,
} from "../lib/imap/sequence.ts";

const SETS: readonly (readonly [text: string, set: SequenceSet])[] = [
  ["1", [{ from: 1, to: 1 }]],
  ["*", [{ from: "*", to: "*" }]],
  ["$", "$"],
  ["2:4", [{ from: 2, to: 4 }]],
  ["4:2", [{ from: 4, to: 2 }]],
  ["3:*", [{ from: 3, to: "*" }]],
  ["*:3", [{ from: "*", to: 3 }]],
  ["1,3:5,*", [{ from: 1, to: 1 }, { from: 3, to: 5 }, { from: "*", to: "*" }]],
  ["4294967295", [{ from: 4_294_967_295, to: 4_294_967_295 }]],
];

Deno.test("parseSequenceSet reads every form of RFC 9051 §9", () => {
  for (const [text, set] of SETS) assert.deepEqual(parseSequenceSet(text), set, text);
});

Deno.test("parseSequenceSet refuses what is none", () => {
  const bad = [
    "",
    "0",
    "01",
    "1:",
    ":1",
    "1,",
    ",1",
    "1:2:3",
    "$,1",
    "4294967296",
    "-1",
    "1 ",
    "a",
  ];
  for (const text of bad) {
    assert.throws(() => parseSequenceSet(text), { name: "ImapError", condition: "BAD" }, text);
  }
});

Deno.test("a set has so many ranges at most", () => {
  const most = Array.from({ length: SEQUENCE_RANGES_MAX }, () => "1").join(",");
  assert.equal(parseSequenceSet(most).length, SEQUENCE_RANGES_MAX);
  assert.throws(() => parseSequenceSet(`${most},1`), /too many ranges/);
});

Deno.test("spansOf knows what the star means, and puts everything in order", () => {
  const spans = (text: string, largest: number) =>
    spansOf(parseSequenceSet(text) as readonly Range[], largest).map(({ from, to }) => [from, to]);
  assert.deepEqual(spans("*", 7), [[7, 7]]);
  assert.deepEqual(spans("9:*", 7), [[7, 9]]); // RFC 9051 §9: the last message is in it
  assert.deepEqual(spans("5:3,1:2", 7), [[1, 5]]);
  assert.deepEqual(spans("1,3,2", 7), [[1, 3]]);
  assert.deepEqual(spans("1,3", 7), [[1, 1], [3, 3]]);
});

const end = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant("*" as const));
const set = fc.array(fc.record({ from: end, to: end }), { minLength: 1, maxLength: 12 });

Deno.test("spans hold exactly the numbers of their set, rise, and do not touch", () => {
  fc.assert(fc.property(set, fc.integer({ min: 1, max: 30 }), (set, largest) => {
    const value = (end: number | "*") => end === "*" ? largest : end;
    const isMeant = (number: number) =>
      set.some(({ from, to }) => {
        const [a, b] = [value(from), value(to)];
        return number >= Math.min(a, b) && number <= Math.max(a, b);
      });
    const spans = spansOf(set, largest);
    const numbers = Array.from({ length: 32 }, (_, at) => at);
    for (const number of numbers) assert.equal(isIn(spans, number), isMeant(number));
    assert.equal(countOf(spans), numbers.filter(isMeant).length);
    spans.slice(1).forEach(({ from }, at) => assert.ok(from > spans[at]!.to + 1));
    const again = parseSequenceSet(formatSpans(spans)) as readonly Range[];
    assert.deepEqual(spansOf(again, largest), spans);
    assert.deepEqual(spansOfNumbers(numbers.filter(isMeant).toReversed()), spans);
    const named = set.flatMap(({ from, to }) => [from, to]).filter((each) => each !== "*");
    assert.equal(largestNamed(set), Math.max(0, ...named));
  }));
});
