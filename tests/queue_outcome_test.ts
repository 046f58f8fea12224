import assert from "$assert";
import type { DeliverBy } from "../lib/mail/envelope.ts";
import { verdictOf, verdictOnLate } from "../lib/queue/outcome.ts";
import type { Attempt } from "../lib/smtp/client.ts";
import { reply, textOf } from "../lib/smtp/reply.ts";
import type { Overdue, Verdict } from "../lib/store/store.ts";
import { SCHEDULE } from "./queue_support.ts";

const NOW = 1_800_000_000_000;

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
  expected: readonly [string | number, string],
];

const LOST = "450 4.4.2 The connection was lost before there was an answer";
const LATER = reply(451, "4.7.1", "Later");
const OK = reply(250, "2.0.0", "OK");
const NO = reply(550, "5.1.1", "No");

const CASES: readonly Case[] = [
  ["delivered", "delivered", OK, 0, ["relayed", "250 2.0.0 OK"]],
  ["refused", "refused", NO, 0, ["failed", "550 5.1.1 No"]],
  ["put off for the first time", "deferred", LATER, 0, [30, "451 4.7.1 Later"]],
  ["put off for the third time", "deferred", LATER, 2, [120, "451 4.7.1 Later"]],
  ["put off without a word", "deferred", null, 0, [30, LOST]],
  ["taken, and then the connection was lost", "deferred", OK, 0, [30, LOST]],
  ["lost after the dot", "unknown", null, 0, [30, LOST]],
  ["put off again and again", "deferred", LATER, 120, [3600, "451 4.7.1 Later"]],
];

for (const [name, result, reply, attempts, expected] of CASES) {
  Deno.test(`a recipient that was ${name} has its verdict`, () => {
    const moment = { now: NOW, schedule: SCHEDULE, fraction: 0.5 };
    const verdict = verdictOf({ attempts }, { result, reply }, moment);
    assert.deepEqual(summary(verdict), expected);
  });
}

const BY = { at: NOW, trace: false } as const;

const LATE: readonly (readonly [
  why: Overdue["why"],
  by: DeliverBy | undefined,
  lastReply: Overdue["lastReply"],
  expected: readonly [string, string],
])[] = [
  ["age", undefined, LATER, ["failed", "550 5.4.7 Not delivered in 5 days: 451 Later"]],
  ["age", undefined, null, ["failed", "550 5.4.7 Not delivered in 5 days: 450 Not delivered yet"]],
  ["delay", undefined, LATER, ["wait delay", "451 4.7.1 Later"]],
  ["delay", { ...BY, mode: "return" }, LATER, ["wait delay", "451 4.7.1 Later"]],
  ["deadline", { ...BY, mode: "return" }, LATER, [
    "failed",
    "550 5.4.7 Not delivered by the time that its sender set",
  ]],
  ["deadline", { ...BY, mode: "notify" }, LATER, [
    "wait deadline",
    "450 4.4.7 Not delivered yet; its time is over",
  ]],
];

for (const [why, by, lastReply, expected] of LATE) {
  Deno.test(`a recipient that is late because of its ${why} (${expected[0]}, ${by?.mode})`, () => {
    const envelope = { sender: null, body: "7BIT", ...(by === undefined ? {} : { by }) } as const;
    const verdict = verdictOnLate({ why, envelope, lastReply }, SCHEDULE);
    const [what, words] = summary(verdict);
    assert.deepEqual([verdict.do === "wait" ? `wait ${verdict.past}` : what, words], expected);
  });
}
