import assert from "$assert";
import * as check from "$check";
import { formatTimestamp, parseTimestamp } from "../lib/mail/timestamp.ts";

const NOON = Date.UTC(2030, 0, 31, 12);

const READ: readonly (readonly [text: string, at: number | null])[] = [
  ["2030-01-31T12:00:00Z", NOON],
  ["2030-01-31t12:00:00z", NOON],
  ["2030-01-31T12:00:00.5Z", NOON + 500],
  ["2030-01-31T12:00:00+00:00", NOON],
  ["2030-01-31T12:00:00-00:00", NOON],
  ["2028-02-29T00:00:00Z", Date.UTC(2028, 1, 29)],
  ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
  ["2030-02-29T00:00:00Z", null],
  ["2030-00-31T12:00:00Z", null],
  ["2030-13-01T12:00:00Z", null],
  ["2030-01-32T12:00:00Z", null],
  ["2030-01-00T12:00:00Z", null],
  ["2030-01-31T24:00:00Z", null],
  ["2030-01-31T12:60:00Z", null],
  ["2030-01-31T12:00:61Z", null],
  ["2030-01-31T12:00:00+01:00", null],
  ["2030-01-31T12:00:00", null],
  ["2030-01-31T12:00Z", null],
  ["2030-01-31 12:00:00Z", null],
  ["2030-1-31T12:00:00Z", null],
  ["2030-01-31", null],
  ["x2030-01-31T12:00:00Z", null],
  ["", null],
];

Deno.test("parseTimestamp reads dates and times in UTC, and nothing else", () => {
  for (const [text, at] of READ) assert.equal(parseTimestamp(text), at, text);
});

Deno.test("parseTimestamp reads what formatTimestamp writes, to the second", () => {
  const at = check.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
  check.assert(check.property(at, (at) => {
    assert.equal(parseTimestamp(formatTimestamp(at)), at - at % 1000);
  }));
});
