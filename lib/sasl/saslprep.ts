/**
 * SASLprep, RFC 4013: what is typed the same gives the same bytes, whatever the keyboard and the
 * system made of it.
 */
import {
  LEFT_TO_RIGHT,
  MAPPED_TO_NOTHING,
  PROHIBITED,
  RIGHT_TO_LEFT,
  SPACES,
  UNASSIGNED,
} from "./stringprep.ts";

/**
 * Prepares a name or a password; `null` when it cannot be one. `stored` strings (passwords, RFC
 * 5802 §2.2) may hold only what Unicode 3.2 had assigned, or a later version could normalise them
 * in another way; in a `query` (a name that is looked up) the rest is let through.
 */
export function saslprep(text: string, as: "stored" | "query"): string | null {
  // Nearly all of them are plain ASCII, where nothing is mapped and controls alone are prohibited.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  // RFC 4013 §2.5; looked for before our newer Unicode makes something else of them.
  if (as === "stored" && pointsOf(text).some((point) => UNASSIGNED.has(point))) return null;
  const prepared = [...text].map(mapped).join("").normalize("NFKC"); // RFC 4013 §2.1, §2.2
  const points = pointsOf(prepared);
  if (points.some((point) => PROHIBITED.has(point))) return null; // RFC 4013 §2.3
  return runsBothWays(points) ? null : prepared; // RFC 4013 §2.4
}

function pointsOf(text: string): readonly number[] {
  return [...text].map((character) => character.codePointAt(0)!);
}

/** RFC 4013 §2.1. */
function mapped(character: string): string {
  const point = character.codePointAt(0)!;
  return SPACES.has(point) ? " " : MAPPED_TO_NOTHING.has(point) ? "" : character;
}

/** RFC 3454 §6: what runs from right to left does so from its first character to its last. */
function runsBothWays(points: readonly number[]): boolean {
  const isRightToLeft = (point: number | undefined) => RIGHT_TO_LEFT.has(point!);
  if (!points.some(isRightToLeft)) return false;
  return points.some((point) => LEFT_TO_RIGHT.has(point)) ||
    !isRightToLeft(points[0]) || !isRightToLeft(points.at(-1));
}
