/** What the tests of IMAP share. */
import assert from "$assert";
import { isMessage, isMultipart, type Part } from "../lib/mail/mime.ts";
import type { RawCommand } from "../lib/imap/parse.ts";
import type { Piece } from "../lib/imap/format.ts";
import { decodeLatin1, encode } from "../lib/wire/bytes.ts";

/**
 * A command in one text, literals and all: `a LOGIN {5}\r\nalice {1+}\r\nx`. Each character is a
 * byte.
 */
export function rawCommand(text: string): RawCommand {
  const texts: string[] = [];
  const literals: { readonly bytes: Uint8Array; readonly binary: boolean }[] = [];
  let rest = text;
  for (;;) {
    const found = /(~?)\{(\d+)\+?\}\r\n/.exec(rest);
    if (found === null) return { texts: [...texts, rest], literals };
    texts.push(rest.slice(0, found.index));
    const start = found.index + found[0].length;
    const end = start + Number(found[2]);
    literals.push({ bytes: latin1(rest.slice(start, end)), binary: found[1] === "~" });
    rest = rest.slice(end);
  }
}

/** Bytes of text that has one character for each. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What a client would see of a piece of a response, one character for each byte. */
export function shown(piece: Piece): string {
  return typeof piece === "string" ? piece : decodeLatin1(piece);
}

/** A message from lines, each with its CRLF; UTF-8. */
export function mail(...lines: readonly string[]): Uint8Array {
  return encode(lines.map((line) => `${line}\r\n`).join(""));
}

/**
 * Each part of a message lies in its parent, behind the one before it, and its lines are those of
 * its body.
 */
export function checkParts(root: Part, message: Uint8Array): void {
  assert.deepEqual([root.start, root.end], [0, message.length]);
  check(root, lineCounts(message));
}

function check(part: Part, counts: Uint32Array): void {
  const { start, bodyStart, end, lines, children } = part;
  assert.ok(0 <= start && start <= bodyStart && bodyStart <= end && end < counts.length);
  assert.equal(lines, counts[end]! - counts[bodyStart]!);
  if (children.length > 0) assert.ok(isMultipart(part) || isMessage(part));
  if (isMessage(part)) assert.ok(children.length <= 1);
  let at = bodyStart;
  for (const child of children) {
    assert.ok(child.start >= at && child.end <= end);
    at = child.end;
    check(child, counts);
  }
}

/** How many line feeds there are in front of each byte. */
function lineCounts(message: Uint8Array): Uint32Array {
  const counts = new Uint32Array(message.length + 1);
  for (let at = 0; at < message.length; at++) {
    counts[at + 1] = counts[at]! + (message[at] === 10 ? 1 : 0);
  }
  return counts;
}

/**
 * Takes a response apart as a client would: strings, literals, numbers, NIL, and lists.
 */
export function wellFormed(text: string): void {
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const word = /^(?: |NIL|\d+|"(?:[^"\\\r\n]|\\["\\])*"|[()])/.exec(rest)?.[0];
    const announced = /^\{(\d+)\}\r\n/.exec(rest);
    if (announced !== null) at += announced[0].length + Number(announced[1]);
    else if (word !== undefined) at += word.length;
    else assert.fail(`what is this: ${rest}`);
    if (word === "(") depth++;
    if (word === ")") assert.ok(--depth >= 0);
  }
  assert.equal(depth, 0);
}
