/** Dates in mail, RFC 5322 §3.3. */
import { withoutComments } from "./comment.ts";

/** A moment, and the clock that its writer lived by. */
export interface MailDate {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** East of Greenwich, in minutes; 0 where the zone is unknown (RFC 5322 §4.3). */
  readonly offsetMinutes: number;
}

/**
 * `Thu, 21 May 2026 09:05:00 +0200`, from milliseconds since 1970, for a clock east of Greenwich.
 */
export function formatDate(at: number, offsetMinutes = 0): string {
  const local = new Date(at + offsetMinutes * 60_000);
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]}`;
  const year = String(local.getUTCFullYear()).padStart(4, "0");
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits);
  const sign = offsetMinutes < 0 ? "-" : "+";
  const distance = Math.abs(offsetMinutes);
  const zone = sign + twoDigits(Math.floor(distance / 60)) + twoDigits(distance % 60);
  return `${day} ${year} ${time.join(":")} ${zone}`;
}

/**
 * Reads a date as mail has it, the obsolete forms of RFC 5322 §4.3 among them: no day of the week,
 * no seconds, years of two or three digits, zones with names, comments. `null` when it is none.
 */
export function parseDate(text: string): MailDate | null {
  if (text.length > DATE_CHARACTERS_MAX) return null;
  const match = DATE.exec(withoutComments(text).trim());
  if (match === null) return null;
  const [, day, monthName, yearText, hour, minute, second, zone] = match;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === monthName!.toLowerCase());
  const year = fullYear(yearText!);
  const offsetMinutes = zoneMinutes(zone ?? "");
  if (month === -1 || Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 60) {
    return null;
  }
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month, Number(day));
  // The calendar would make the 1st of March of a 30th of February.
  if (midnight.getUTCDate() !== Number(day)) return null;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second ?? 0);
  return { at: midnight.getTime() + seconds * 1000 - offsetMinutes * 60_000, offsetMinutes };
}

/** Far more than a date with comments needs. */
const DATE_CHARACTERS_MAX = 500;

const DAYS = "Sun Mon Tue Wed Thu Fri Sat".split(" ");
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

// The day of the week says nothing that the date does not, so a wrong one does no harm. Longer
// names of months and hyphens between the parts are seen in the wild.
const DATE = new RegExp(
  "^(?:[a-z]+\\s*,?\\s*)?(\\d{1,2})[\\s-]+([a-z]{3})[a-z]*[\\s-]+(\\d{2,4})\\s+" +
    "(\\d{1,2})\\s*:\\s*(\\d{1,2})(?:\\s*:\\s*(\\d{1,2})(?:\\.\\d+)?)?(?:\\s+([a-z]+|[+-]\\d{4}))?",
  "i",
);

/** RFC 5322 §4.3: the zones with names. All others, and the military ones, count as unknown. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ["EDT", -240],
  ["EST", -300],
  ["CDT", -300],
  ["CST", -360],
  ["MDT", -360],
  ["MST", -420],
  ["PDT", -420],
  ["PST", -480],
]);

function zoneMinutes(zone: string): number {
  if (!/^[+-]/.test(zone)) return ZONES.get(zone.toUpperCase()) ?? 0;
  // RFC 5322 §3.3: the last two digits are 59 at most; whoever writes more knows no zone.
  if (Number(zone.slice(3)) > 59) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return zone.startsWith("-") ? 0 - minutes : minutes; // never -0
}

/** RFC 5322 §4.3: 00 to 49 are of this century, all other short years count from 1900. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 4) return year;
  return text.length === 2 && year < 50 ? 2000 + year : 1900 + year;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
