/** Messages from a seed: of all sizes, plain and awkward. */
import { MARK_OF_NOTHING, markOf } from "./ledger.ts";
import type { Prng } from "./prng.ts";

/** Few figures, from which the same text is made again. */
export interface Letter {
  readonly number: number;
  readonly kind: LetterKind;
  /** About so many bytes. */
  readonly bytes: number;
}

export type LetterKind =
  | "nothing" // not a byte
  | "plain"
  | "bare" // no header at all
  | "dots" // lines of dots, and lines that begin with them
  | "eightBit" // Latin-1 in the body
  | "utf8" // a header in UTF-8
  | "openEnd" // its last line has no end
  | "withheld"; // fields that a submission server takes away

const LETTER_KINDS: readonly LetterKind[] = [
  "plain",
  "plain",
  "bare",
  "dots",
  "eightBit",
  "utf8",
  "openEnd",
  "withheld",
];

/** The letter number `number` of a run, from 0; only that one may be nothing at all. */
export function drawLetter(prng: Prng, number: number): Letter {
  if (number === 0) return { number, kind: "nothing", bytes: 0 };
  const most = prng.chance(0.01) ? 1024 * 1024 : prng.chance(0.1) ? 100 * 1024 : 2000;
  return { number, kind: prng.pick(LETTER_KINDS), bytes: prng.between(40, most) };
}

/** What tells the letter from all others, in the ledger. */
export function markOfLetter({ number }: Letter): string {
  return number === 0 ? MARK_OF_NOTHING : markOf(number);
}

/** The content, each character a byte. */
export function contentOf(letter: Letter, from: string, to: string): string {
  if (letter.kind === "nothing") return "";
  const header = headerOf(letter, from, to);
  const body = bodyOf(letter, Math.max(0, letter.bytes - header.length));
  return header + body;
}

/** Whether the envelope has to say BODY=8BITMIME. */
export function isEightBit({ kind }: Letter): boolean {
  return kind === "eightBit" || kind === "utf8";
}

/** Whether its header, which it may not even have, does not have the mark. */
export function isNameless({ kind }: Letter): boolean {
  return kind === "nothing" || kind === "bare";
}

/** `é`, in UTF-8, each character a byte. */
const E_ACUTE = "\xc3\xa9";

function headerOf(letter: Letter, from: string, to: string): string {
  const mark = markOfLetter(letter);
  // A text without a header begins with what cannot be one.
  if (letter.kind === "bare") return `${mark} is all there is\r\n`;
  const subject = letter.kind === "utf8" ? `${mark} caf${E_ACUTE}` : mark;
  const fields = [`From: <${from}>`, `To: <${to}>`, `Subject: ${subject}`];
  if (letter.kind === "withheld") {
    fields.push("Bcc: hidden@abc.test,\r\n other@abc.test", "Return-Path: <forged@abc.test>");
    fields.push("Message-ID: <own@abc.test>", "Date: Thu, 1 Jan 2026 00:00:00 +0000");
  }
  return `${fields.join("\r\n")}\r\n\r\n`;
}

function bodyOf(letter: Letter, bytes: number): string {
  let body = "";
  for (let line = letter.number; body.length < bytes; line++) {
    const text = lineOf(letter.kind, line);
    body += `${text}\r\n`;
  }
  return letter.kind === "openEnd" ? `${body}the end` : body;
}

/** Different lines, so that a missing or doubled one is seen. */
function lineOf(kind: LetterKind, line: number): string {
  const text = `line ${line} ${"of many words ".repeat(line % 40)}`;
  switch (kind) {
    case "dots":
      return [".", "..", `.${text}`, "", `${text}.`, ". ", "..."][line % 7]!;
    case "eightBit":
      return `${text}\xe9\xff\x80`;
    case "utf8":
      return `${text}${E_ACUTE}`;
    default:
      return text;
  }
}
