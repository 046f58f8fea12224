/** Points in time as protocols write them, RFC 3339, in UTC. */

/** `2026-05-21T09:05:00Z`, from milliseconds since 1970; what is behind the second is cut off. */
export function formatTimestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/**
 * Milliseconds since 1970; `null` for what is no date and time in UTC. RFC 3339 §5.6: the letters
 * in either case, fractions of a second, and a second 60, which a leap second has (§5.7).
 */
export function parseTimestamp(text: string): number | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7)
    .map(Number);
  const midnight = Date.UTC(year, month - 1, day);
  // The calendar would make the 1st of March of a 30th of February.
  const isDay = new Date(midnight).getUTCDate() === day && month >= 1 && month <= 12;
  if (!isDay || hour > 23 || minute > 59 || second > 60) return null;
  const fraction = Number(`0${match[7] ?? ""}`);
  return midnight + Math.floor(((hour * 60 + minute) * 60 + second + fraction) * 1000);
}

// RFC 3339 §4.3: an offset of zero is UTC; what has another is not normalized to it.
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|[+-]00:00)$/i;
