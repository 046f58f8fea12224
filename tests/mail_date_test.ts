import assert from "$assert";
import fc from "$check";
import { formatDate, parseDate } from "../lib/mail/date.ts";

const NOON = Date.UTC(2026, 4, 21, 12, 5, 9);

Deno.test("formatDate writes the moment in the clock of the offset", () => {
  assert.equal(formatDate(NOON), "Thu, 21 May 2026 12:05:09 +0000");
  assert.equal(formatDate(NOON, 330), "Thu, 21 May 2026 17:35:09 +0530");
  assert.equal(formatDate(NOON, -750), "Wed, 20 May 2026 23:35:09 -1230");
  assert.equal(formatDate(0), "Thu, 1 Jan 1970 00:00:00 +0000");
});

Deno.test("parseDate reads the forms of RFC 5322, the obsolete ones, and common mistakes", () => {
  const cases: readonly (readonly [text: string, at: number, offsetMinutes: number])[] = [
    ["Thu, 21 May 2026 12:05:09 +0000", NOON, 0],
    ["21 May 2026 17:35:09 +0530", NOON, 330],
    ["Thu,21 may 2026 12:05:09 GMT", NOON, 0],
    ["Thu, 21 May 2026 08:05:09 EDT (really)", NOON, -240],
    ["Thu, 21 May 26 04:05:09 PST", NOON, -480],
    ["Thu, 21 May 126 12:05:09 -0000", NOON, 0],
    ["Thu,  21  May (of all months) 2026  12 : 05 : 09  Z", NOON, 0],
    ["Fri, 21 May 2026 12:05:09", NOON, 0],
    ["21-May-2026 12:05:09 +0000", NOON, 0],
    ["Thursday, 21 May 2026 12:05:09.123 XYZ", NOON, 0],
    ["21 May 2026 12:05:09 -9960", NOON, 0],
    ["1 Jan 99 0:00 +0000", Date.UTC(1999, 0, 1), 0],
    ["29 Feb 2024 23:59:60 +0000", Date.UTC(2024, 2, 1), 0],
    ["1 Jan 0001 00:00 +0000", -62135596800000, 0],
  ];
  for (const [text, at, offsetMinutes] of cases) {
    assert.deepEqual(parseDate(text), { at, offsetMinutes }, text);
  }
});

Deno.test("parseDate gives null for what is no date", () => {
  const cases = [
    "",
    "yesterday",
    "30 Feb 2026 12:00 +0000",
    "0 May 2026 12:00 +0000",
    "21 Mai 2026 12:00 +0000",
    "21 May 2026 24:00 +0000",
    "21 May 2026 12:60 +0000",
    "21 May 2026",
    "2026-05-21T12:05:09Z",
    `21 May 2026 12:00 +0000 ${" ".repeat(1000)}`,
  ];
  for (const text of cases) assert.equal(parseDate(text), null, text);
});

Deno.test("parseDate never throws, and reads what formatDate wrote", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const date = parseDate(text);
    assert(date === null || Number.isFinite(date.at));
  }));
  const second = fc.integer({ min: 0, max: 250_000_000_000 }).map((seconds) => seconds * 1000);
  fc.assert(fc.property(second, fc.integer({ min: -1439, max: 1439 }), (at, offsetMinutes) => {
    assert.deepEqual(parseDate(formatDate(at, offsetMinutes)), { at, offsetMinutes });
  }));
});
