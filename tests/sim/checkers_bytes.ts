/**
 * Promise 3: what readers and other servers get is what was given, plus the trace fields in front;
 * only at submission are a few documented fields added or removed.
 */
import type { World } from "./geography.ts";
import type { Copy, Ledger, Submission, Taking } from "./ledger.ts";
import { MARK_OF_NOTHING, markIn } from "./ledger.ts";
import { decoded, readReport, splitMessage } from "./report_reader.ts";

/** What is wrong with the bytes that came out, one sentence each. */
export function checkBytes(
  { submissions, copies, takings, accounts }: Ledger,
  world: World,
): readonly string[] {
  const given: Given = {
    submissions: new Map(submissions.map((each) => [each.mark, each])),
    relays: [...submissions, ...accounts].flatMap(({ server }) => world.relayOf(server) ?? [])
      .filter((relay) => world.homeOf(relay) !== null),
  };
  const read = copies.filter(({ content }) => readReport(content) === null)
    .map((copy) => changed(given, copy, `the copy ${nameOfCopy(copy)}`));
  const taken = takings.filter(({ content }) => readReport(content) === null)
    .map((taking) => changed(given, taking, `what ${taking.server} was given`));
  return [...read, ...taken].filter((each) => each !== null);
}

/** The mark of a message that was read or taken: also of that which says nothing. */
export function markOfContent(content: string): string {
  return markIn(content) ?? MARK_OF_NOTHING;
}

function nameOfCopy({ server, account, uniqueId }: Copy): string {
  return `${uniqueId} of ${account} at ${server}`;
}

interface Given {
  readonly submissions: ReadonlyMap<string, Submission>;
  /** Servers of ours through which another one sends everything. */
  readonly relays: readonly string[];
}

function changed(given: Given, out: Copy | Taking, what: string): string | null {
  const submission = given.submissions.get(markOfContent(out.content));
  if (submission === undefined) {
    return `${what} was given by nobody: ${markOfContent(out.content)}`;
  }
  const fault = changedFrom(submission, out, what);
  // Whoever sends through another has logged in there, and so submits what a stranger wrote.
  const relay = given.relays.find((each) => namesServer(out.content, each));
  if (fault === null || submission.user !== null || relay === undefined) return fault;
  return changedFrom({ ...submission, user: relay }, out, what);
}

/** Whether a server says in the trace that it had the message; a field may be folded anywhere. */
function namesServer(content: string, server: string): boolean {
  return new RegExp(`\\sby\\s+${server.replaceAll(".", "\\.")}\\s`).test(content);
}

function changedFrom(submission: Submission, out: Copy | Taking, what: string): string | null {
  const { mark } = submission;
  const { trace, rest } = splitTrace(out.content, submission);
  if (!/^Received:/im.test(trace)) return `${what} has no trace: ${mark}`;
  const expected = expectedOf(submission);
  if (rest === expected) return null;
  const mayBeEncoded = "eightBit" in out && !out.eightBit && isEightBit(expected);
  if (mayBeEncoded && isEncoded(rest, expected)) return null;
  return `${what} is not what was given: ${mark} differs ${firstDifference(rest, expected)}`;
}

/** Fields that servers write in front (RFC 5321 §4.4), and those of a submission (RFC 6409 §8). */
const TRACE = ["return-path", "received"];
const SUBMISSION = ["date", "message-id", "sender"];

/** The content as it has to come out, behind what was put in front. */
function expectedOf({ content, user }: Submission): string {
  const whole = content === "" || content.endsWith("\r\n") ? content : `${content}\r\n`;
  return user === null ? whole : withoutFields(whole, ["bcc", "resent-bcc", "return-path"]);
}

function splitTrace(
  content: string,
  { user, content: original }: Submission,
): { readonly trace: string; readonly rest: string } {
  const hadNoHeader = headerFields(original).length === 0;
  // What the sender has said already is nothing that was added.
  const own = new Set(headerFields(original).map(nameOf));
  const added = user === null ? TRACE : [...TRACE, ...SUBMISSION.filter((name) => !own.has(name))];
  let end = 0;
  for (const field of headerFields(content)) {
    if (!added.includes(nameOf(field))) break;
    end += field.length;
  }
  // RFC 5322 §2.1: where there was no header before, there has to be an empty line now.
  const isParted = user !== null && hadNoHeader && content.startsWith("\r\n", end);
  return { trace: content.slice(0, end), rest: content.slice(isParted ? end + 2 : end) };
}

/** The fields at the beginning of a message, each with its line ends. */
function headerFields(content: string): readonly string[] {
  const fields: string[] = [];
  const field = /[!-9;-~]+[ \t]*:[^\r]*\r\n(?:[ \t][^\r]*\r\n)*/y;
  for (let found = field.exec(content); found !== null; found = field.exec(content)) {
    fields.push(found[0]);
  }
  return fields;
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(":")).trim().toLowerCase();
}

function withoutFields(content: string, names: readonly string[]): string {
  const fields = headerFields(content);
  const body = content.slice(fields.join("").length);
  return fields.filter((field) => !names.includes(nameOf(field))).join("") + body;
}

function isEightBit(content: string): boolean {
  return /[\x80-\xff]/.test(content);
}

/** RFC 6152 §3: for a server that takes no bytes above 127, the body may have been encoded. */
function isEncoded(rest: string, expected: string): boolean {
  const encoded = splitMessage(rest);
  const original = splitMessage(expected);
  const text = decoded(encoded).replace(/\r\n$/, "");
  return !isEightBit(rest) && text === original.body.replace(/\r\n$/, "") &&
    encoded.fields.get("subject") === original.fields.get("subject");
}

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const piece = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 20));
  return `at ${at} of ${b.length}: ${piece(a)} in place of ${piece(b)}`;
}
