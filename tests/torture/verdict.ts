/** Whether the promises were kept: what clients were told, against what arrived. Pure. */
import { ALICE, BOB, letterOf, NOBODIES, numberIn } from "./letters.ts";
import type { Copy } from "./reader.ts";
import type { Sent } from "./sender.ts";

/** When a server was ended, in milliseconds since 1970. */
export type Ending = number;

export interface Verdict {
  /** Recipients of messages that were answered 250; each is counted by itself from here on. */
  readonly accepted: number;
  readonly arrived: number;
  readonly reported: number;
  /** Further copies, each of which an ended server explains. */
  readonly duplicatesAllowed: number;
  /** Accepted, and neither arrived nor reported. */
  readonly lost: number;
  /** Whatever the promises do not allow, lost messages among it; a sentence each. */
  readonly faults: readonly string[];
}

interface Outcome {
  readonly copies: Copy[];
  reports: number;
}

/** Judges everything that was sent by all copies of all mailboxes. */
export function judge(
  ledger: readonly Sent[],
  copies: Iterable<Copy>,
  endings: readonly Ending[],
): Verdict {
  const faults: string[] = [];
  const outcomes = outcomesOf(copies, faults);
  const count = { accepted: 0, arrived: 0, reported: 0, duplicatesAllowed: 0, lost: 0 };
  for (const sent of ledger) {
    for (const recipient of sent.letter.recipients) {
      const key = keyOf(sent.letter.number, recipient);
      const { copies, reports } = outcomes.get(key) ?? { copies: [], reports: 0 };
      outcomes.delete(key);
      const say = (what: string) => faults.push(`message ${key}: ${what}`);
      const taken = sent.recipients.has(recipient) ? sent.answer : "refused";
      if (taken === "refused" && copies.length > 0) say("was refused, and arrived");
      if (taken === "refused" && reports > 0) say("was refused, and reported later");
      if (reports > 0 && !NOBODIES.includes(recipient)) say("was reported, and could arrive");
      if (reports > 1) say(`was reported ${reports} times`);
      if (taken === "accepted") {
        count.accepted++;
        if (copies.length > 0) count.arrived++;
        else if (reports > 0) count.reported++;
        else {
          count.lost++;
          say("was accepted, and is lost");
        }
      }
      const allowed = duplicatesOf(copies, isRelayed(sent, recipient) ? endings : []);
      count.duplicatesAllowed += allowed;
      if (copies.length > 1 + allowed) say(`arrived ${copies.length} times`);
    }
  }
  for (const key of outcomes.keys()) faults.push(`message ${key}: was never sent`);
  return { ...count, faults };
}

function outcomesOf(copies: Iterable<Copy>, faults: string[]): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  const of = (key: string) => {
    const outcome = outcomes.get(key) ?? { copies: [], reports: 0 };
    outcomes.set(key, outcome);
    return outcome;
  };
  for (const copy of copies) {
    const number = numberIn(copy.text);
    if (number === null) faults.push(`${copy.owner}: message ${copy.name} is none of ours`);
    else if (/^Content-Type: multipart\/report/m.test(copy.text)) {
      for (const recipient of failedIn(copy.text)) of(keyOf(number, recipient)).reports++;
    } else {
      of(keyOf(number, copy.owner)).copies.push(copy);
      const fault = differenceOf(copy.text, letterOf(number).content);
      if (fault !== null) faults.push(`message ${keyOf(number, copy.owner)}: ${fault}`);
    }
  }
  return outcomes;
}

function keyOf(number: number, recipient: string): string {
  return `${number} for ${recipient}`;
}

/** RFC 3464 §2.3: the recipients that a report is about. */
function failedIn(report: string): readonly string[] {
  return [...report.matchAll(/^Final-Recipient: rfc822; *(\S+)\r$/gm)].map(([, to]) => to!);
}

/** Promise 3: what is read is what was sent, with trace fields in front and nothing else. */
function differenceOf(text: string, content: string): string | null {
  if (!text.endsWith(content)) return "arrived with other bytes";
  const before = text.slice(0, text.length - content.length);
  const trace = /^(?:(?:Return-Path|Received): [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+$/;
  return trace.test(before) ? null : "arrived with more than trace fields in front";
}

/** Whether it went from one server to the other; within one, nothing can come twice. */
function isRelayed({ letter }: Sent, recipient: string): boolean {
  return recipient !== (letter.to === "abc" ? ALICE : BOB);
}

/** RFC 5322 has seconds, so an ending may seem to be this much later or sooner than it was. */
const SLACK_MS = 2_000;

/**
 * How many further copies there may be: promise 2 allows one only when a process or connection died
 * between the other side's acceptance and our record of it.
 */
function duplicatesOf(copies: readonly Copy[], endings: readonly Ending[]): number {
  const arrivals = copies.map(({ text }) => arrivalOf(text)).sort((one, other) => one - other);
  return arrivals.slice(1).filter((later, at) =>
    endings.some((ms) => ms >= arrivals[at]! - SLACK_MS && ms <= later + SLACK_MS)
  ).length;
}

/** The time in the topmost Received field, the last server's. */
function arrivalOf(text: string): number {
  const field = /^Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/m.exec(text)?.[0] ?? "";
  return Date.parse(field.slice(field.lastIndexOf(";") + 1).trim());
}
