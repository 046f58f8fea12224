import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { expired, verdictOf } from "../lib/queue/outcome.ts";
import { EXPIRE_AFTER_MS } from "../lib/queue/schedule.ts";
import type { Attempt } from "../lib/smtp/client.ts";
import { reply, textOf } from "../lib/smtp/reply.ts";
import type { Taken, Verdict } from "../lib/store/store.ts";

const NOW = 1_800_000_000_000;

function taken(attempts: number, ageMs: number): Taken {
  return {
    token: "1",
    message: "m",
    acceptedAt: NOW - ageMs,
    envelope: { sender: null, body: "7BIT" },
    recipient: { address: { local: "bob", domain: "xyz.com" } },
    content: bodyOf(new Uint8Array(0)),
    attempts,
  };
}

/** Who finishes, with which outcome; or after how many seconds it is tried again. */
function summary(verdict: Verdict): readonly [string | number, string] {
  const words = textOf(verdict.reply);
  if (verdict.do === "finish") return [verdict.outcome, words];
  return [verdict.do === "retry" ? (verdict.dueAt - NOW) / 1000 : verdict.do, words];
}

type Case = readonly [
  name: string,
  result: Attempt["result"],
  reply: Attempt["reply"],
  attempts: number,
  ageMs: number,
  expected: readonly [string | number, string],
];

const LOST = "450 4.4.2 The connection was lost before there was an answer";
const LATER = reply(451, "4.7.1", "Later");
const OK = reply(250, "2.0.0", "OK");
const NO = reply(550, "5.1.1", "No");

const CASES: readonly Case[] = [
  ["delivered", "delivered", OK, 0, 0, ["relayed", "250 2.0.0 OK"]],
  ["delivered after five days", "delivered", OK, 99, EXPIRE_AFTER_MS, ["relayed", "250 2.0.0 OK"]],
  ["refused", "refused", NO, 0, 0, ["failed", "550 5.1.1 No"]],
  ["put off for the first time", "deferred", LATER, 0, 0, [30, "451 4.7.1 Later"]],
  ["put off for the third time", "deferred", LATER, 2, 0, [120, "451 4.7.1 Later"]],
  ["put off without a word", "deferred", null, 0, 0, [30, LOST]],
  ["taken, and then the connection was lost", "deferred", OK, 0, 0, [30, LOST]],
  ["lost after the dot", "unknown", null, 0, 0, [30, LOST]],
  ["put off, a moment before five days", "deferred", LATER, 120, EXPIRE_AFTER_MS - 1, [
    3600,
    "451 4.7.1 Later",
  ]],
  ["put off after five days", "deferred", LATER, 120, EXPIRE_AFTER_MS, [
    "failed",
    "550 5.4.7 Not delivered in five days: 451 Later",
  ]],
  ["lost after the dot, after five days", "unknown", null, 120, EXPIRE_AFTER_MS, [
    "failed",
    "550 5.4.7 Not delivered in five days: 450 The connection was lost before there was an answer",
  ]],
];

for (const [name, result, reply, attempts, ageMs, expected] of CASES) {
  Deno.test(`a recipient that was ${name} has its verdict`, () => {
    const verdict = verdictOf(taken(attempts, ageMs), { result, reply }, NOW, 0.5);
    assert.deepEqual(summary(verdict), expected);
  });
}

Deno.test("what has expired says so, and keeps the last words", () => {
  assert.deepEqual(summary(expired(LATER)), [
    "failed",
    "550 5.4.7 Not delivered in five days: 451 Later",
  ]);
});
