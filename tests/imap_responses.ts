/**
 * Reads what an IMAP server says as a strict client would (RFC 9051 §7 and §9). It shares no code
 * with the server, and knows nothing of what was asked.
 */
import assert from "$assert";

export interface Response {
  /** `*`, `+`, or the tag of a command. */
  readonly tag: string;
  /** What stands behind it, with `{}` for each literal. */
  readonly text: string;
}

/**
 * All responses; `output` has one character for each byte.
 * @throws {Error} where a client could not go on.
 */
export function readResponses(output: string): readonly Response[] {
  const responses: Response[] = [];
  const mailbox = { count: 0 };
  for (let at = 0; at < output.length;) {
    const { line, next } = readOne(output, at);
    at = next;
    const response = taken(line);
    if (response.tag === "*") follow(mailbox, response.text);
    responses.push(response);
  }
  return responses;
}

/** A line and the literals in it; RFC 9051 §4.3: a literal ends the line that announces it. */
function readOne(output: string, from: number): { readonly line: string; readonly next: number } {
  let line = "";
  for (let at = from;;) {
    const end = output.indexOf("\r\n", at);
    assert.notEqual(end, -1, `a line does not end: ${output.slice(at)}`);
    const part = output.slice(at, end);
    at = end + 2;
    const announced = /(~?)\{(\d+)\}$/.exec(part);
    if (announced === null) return { line: line + part, next: at };
    const content = output.slice(at, at + Number(announced[2]));
    assert.equal(content.length, Number(announced[2]), "a literal is cut off");
    // RFC 9051 §4.3 and RFC 3516 §4.2: NUL stands in a literal8 only.
    if (announced[1] === "") assert.doesNotMatch(content, /\0/);
    line += `${part.slice(0, announced.index)}{}`;
    at += content.length;
  }
}

const STATUS = /^(OK|NO|BAD|BYE) (?:\[([^\]]+)\] )?([ -~]+)$/;
/** RFC 9051 §9 `tag`. */
// deno-lint-ignore no-control-regex -- control characters are no part of a tag
const TAG = /^[^\x00-\x20(){%*"\\+\x7f-\xff]+$/;
const COUNTED = /^\d+ (?:EXISTS|RECENT|EXPUNGE)$/;
const FETCH = /^\d+ FETCH (\(.+\))$/;
const DATA = new RegExp(
  "^(?:CAPABILITY|ENABLED|ESEARCH|FLAGS|ID|LIST|LSUB|METADATA|NAMESPACE|QUOTA|QUOTAROOT|SEARCH|" +
    "SORT|STATUS|THREAD|VANISHED)(?: (.+))?$",
);

function taken(line: string): Response {
  const space = line.indexOf(" ");
  assert.ok(space > 0, `what is this: ${line}`);
  const [tag, text] = [line.slice(0, space), line.slice(space + 1)];
  if (tag === "+") {
    assert.match(text, /^[ -~]*$/);
    return { tag, text };
  }
  const status = STATUS.exec(text);
  if (tag !== "*") {
    assert.match(tag, TAG);
    assert.ok(status !== null && status[1] !== "BYE", `no status: ${line}`);
  }
  assert.doesNotMatch(line, /\0/);
  const code = status?.[2] ?? "";
  // RFC 4469 §5: a URL is told as it came, whatever it looks like.
  const values = status === null ? valuesIn(text) : code.startsWith("BADURL ") ? "" : code;
  checkValues(values);
  return { tag, text };
}

function valuesIn(text: string): string {
  if (COUNTED.test(text)) return "";
  const found = FETCH.exec(text) ?? DATA.exec(text);
  if (found === null) throw new Error(`there is no such response: ${text}`);
  return found[1] ?? "";
}

/**
 * RFC 9051 §9: strings, lists, and words without what would end them. UTF-8 stands in quoted
 * strings; a section of a message is one word.
 */
const VALUE = new RegExp(
  [
    '"(?:[^"\\\\\\r\\n\\0]|\\\\["\\\\])*"',
    "~?\\{\\}",
    "[A-Z.0-9]+\\[[A-Z0-9.]*" +
    '(?: \\((?:[^"()\\r\\n]|"(?:[^"\\\\]|\\\\["\\\\])*")*\\))?\\](?:<\\d+>)?',
    '\\\\?[^\\x00-\\x20(){"\\\\\\x7f-\\xff]+',
    "\\\\\\*",
  ].join("|"),
  "y",
);

/** Values with one space between, in lists that are all closed; no list begins with a space. */
function checkValues(values: string): void {
  let depth = 0;
  let before = "(";
  for (let at = 0; at < values.length;) {
    VALUE.lastIndex = at;
    const sign = values[at]!;
    const word = "() ".includes(sign) ? sign : VALUE.exec(values)?.[0];
    if (word === undefined) throw new Error(`what is this: ${values.slice(at)}`);
    const next = word.length > 1 || !"() ".includes(word) ? "value" : word;
    if (next === "(") depth++;
    if (next === ")") assert.ok(--depth >= 0, `a list ends that did not begin: ${values}`);
    // The parts of a body and the branches of a thread stand side by side.
    const fits = next === " " || next === ")"
      ? before !== " " && (next === ")" || before !== "(")
      : next === "(" || before !== "value" && before !== ")";
    assert.ok(fits, `${JSON.stringify(next)} behind ${JSON.stringify(before)}: ${values}`);
    before = next;
    at += word.length;
  }
  assert.equal(depth, 0, `a list does not end: ${values}`);
  assert.notEqual(before, " ");
}

/** RFC 9051 §7.5.1: no number stands for a message that the client has not been told of. */
function follow(mailbox: { count: number }, text: string): void {
  const numbered = /^(\d+) (EXISTS|EXPUNGE|FETCH)/.exec(text);
  const vanished = /^VANISHED ([0-9:,]+)$/.exec(text);
  if (vanished !== null) mailbox.count -= sizeOf(vanished[1]!);
  if (numbered === null) return;
  const number = Number(numbered[1]);
  if (numbered[2] === "EXISTS") mailbox.count = number;
  else assert.ok(number >= 1 && number <= mailbox.count, `of ${mailbox.count}: ${text}`);
  if (numbered[2] === "EXPUNGE") mailbox.count--;
}

function sizeOf(set: string): number {
  return set.split(",").reduce((sum, range) => {
    const [from, to = from] = range.split(":").map(Number);
    return sum + to! - from! + 1;
  }, 0);
}
