/** The parameters of MAIL that say when: HOLDFOR, HOLDUNTIL, BY and MT-PRIORITY. */
import { parseTimestamp } from "../mail/timestamp.ts";
import { ProtocolError } from "../wire/error.ts";
import { argument } from "./parameters.ts";

/** RFC 4865 §3 (4): for so many seconds, or until a point in time (milliseconds since 1970). */
export type HoldRequest =
  | { readonly for: number }
  | { readonly until: number; readonly text: string };

/** RFC 2852 §4. */
export interface ByRequest {
  /** The by-time: from the moment of MAIL on; with `notify` it may have passed. */
  readonly seconds: number;
  readonly mode: "return" | "notify";
  readonly trace: boolean;
}

/**
 * RFC 2852 §2 (3): the least by-time that can be kept with mode R. A connection to the next server
 * and its dialogue may well take as long.
 */
export const BY_SECONDS_MIN = 10;

/**
 * RFC 4865 §3 (2): how long a message is held at most. A year holds every birthday, and what is
 * forgotten by then does not stay for ever.
 */
export const HOLD_SECONDS_MAX = 366 * 24 * 3600;

/** HOLDFOR of RFC 4865: 1 to 999,999,999 seconds; whether it is too long is said by who holds. */
export function parseHoldFor(value: string | null): HoldRequest {
  if (value !== null && /^[1-9]\d{0,8}$/.test(value)) return { for: Number(value) };
  throw argument("HOLDFOR is not a number of seconds");
}

/** HOLDUNTIL of RFC 4865. */
export function parseHoldUntil(value: string | null): HoldRequest {
  const until = value === null ? null : parseTimestamp(value);
  if (value !== null && until !== null) return { until, text: value.toUpperCase() };
  throw argument("HOLDUNTIL is not a date and time in UTC, like 2030-01-31T12:00:00Z");
}

/** BY of RFC 2852. */
export function parseBy(value: string | null): ByRequest {
  const [, time, mode, trace] = /^([+-]?\d{1,9});([NR])(T?)$/i.exec(value ?? "") ?? [];
  if (time === undefined) throw argument("BY is not seconds, a semicolon, and N or R");
  const by: ByRequest = {
    seconds: Number(time) + 0, // never -0
    mode: mode!.toUpperCase() === "R" ? "return" : "notify",
    trace: trace !== "",
  };
  if (by.mode === "notify") return by;
  // RFC 2852 §4: with mode R it has to lie ahead; that it is too near is another fault.
  if (by.seconds <= 0) throw argument("BY with R needs a time that lies ahead");
  if (by.seconds < BY_SECONDS_MIN) {
    throw new ProtocolError(`BY with R needs at least ${BY_SECONDS_MIN} seconds`, {
      code: 555,
      status: "5.5.4",
    });
  }
  return by;
}

/** MT-PRIORITY of RFC 6710 §7. */
export function parsePriority(value: string | null): number {
  if (value !== null && /^(?:0|-?[1-9])$/.test(value)) return Number(value);
  // RFC 6710 §4.1 (1) names the enhanced code.
  throw new ProtocolError("MT-PRIORITY is not a number from -9 to 9", {
    code: 501,
    status: "5.5.2",
  });
}
