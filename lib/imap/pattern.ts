/** Which mailboxes a pattern of LIST means (RFC 9051 §6.3.9, RFC 5258 §3). */
import { canonical, INBOX, SEPARATOR } from "./mailbox_name.ts";

/** Longer patterns mean nothing: no name is as long, and each character costs a look at a name. */
export const PATTERN_CHARACTERS_MAX = 2_000;

/**
 * The pattern of a reference and a name: one behind the other, as RFC 9051 §6.3.9 leaves to us.
 */
export function patternOf(reference: string, name: string): string {
  return canonical(reference + name);
}

/**
 * Whether a name is meant: `*` is anything, `%` anything within one level. Takes a time in
 * proportion to the name and the pattern, whatever they are.
 */
export function isMeant(name: string, pattern: string): boolean {
  if (pattern.length > PATTERN_CHARACTERS_MAX) return false;
  const caseless = /^INBOX(?=\/|$)/.test(name) ? INBOX.length : 0;
  // Where in the name the part of the pattern that was looked at may end.
  const ends = new Uint8Array(name.length + 1);
  ends[0] = 1;
  for (let next = 0; next < pattern.length; next++) {
    const wanted = pattern[next]!;
    if (wanted === "*" || wanted === "%") spread(ends, name, wanted === "*");
    else advance(ends, name, { wanted, caseless });
    if (!ends.includes(1)) return false;
  }
  return ends[name.length] === 1;
}

/** From each place on to the right, where not all is meant up to the next separator. */
function spread(ends: Uint8Array, name: string, all: boolean): void {
  for (let at = 1; at < ends.length; at++) {
    if (ends[at - 1] === 1 && (all || name[at - 1] !== SEPARATOR)) ends[at] = 1;
  }
}

/** From each place to the next, where it is the character that is wanted. */
function advance(
  ends: Uint8Array,
  name: string,
  { wanted, caseless }: { readonly wanted: string; readonly caseless: number },
): void {
  for (let at = ends.length - 1; at > 0; at--) {
    // RFC 9051 §5.1: INBOX has no case, also within a pattern.
    const isSame = name[at - 1] === wanted ||
      (at <= caseless && wanted <= "z" && name[at - 1] === wanted.toUpperCase());
    ends[at] = isSame ? ends[at - 1]! : 0;
  }
  ends[0] = 0;
}
