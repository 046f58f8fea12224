/** When to try again: pure. RFC 5321 §4.5.4.1. */
import type { Envelope } from "../mail/envelope.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * After a recipient was put off: soon at first, for many servers only put off strangers' first try.
 */
export const RETRY_AFTER_MS: readonly number[] = [
  30_000,
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  20 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
];

/** After a next hop could not be reached: one probe costs little, and many only restart. */
export const PROBE_AFTER_MS: readonly number[] = [
  5_000,
  10_000,
  20_000,
  40_000,
  ...RETRY_AFTER_MS.slice(1),
];

/** RFC 5321 §4.5.4.1: giving up takes at least four to five days. */
export const EXPIRE_AFTER_MS = 5 * 24 * HOUR_MS;

/**
 * The wait after `failures` (1 for the first), with a jitter of up to a tenth, so that what failed
 * together does not come back together. `fraction` is random in [0, 1).
 */
export function waitMs(waits: readonly number[], failures: number, fraction: number): number {
  const wait = waits[Math.min(failures, waits.length) - 1]!;
  return Math.round(wait * (0.95 + 0.1 * fraction));
}

/** Since when a message could be delivered: one that is held (RFC 4865) is new at its release. */
export function waitingSince(
  { acceptedAt, envelope }: { readonly acceptedAt: number; readonly envelope: Envelope },
): number {
  return Math.max(acceptedAt, envelope.hold?.until ?? 0);
}

/** Whether a message is too old to be tried again. */
export function isExpired(since: number, now: number): boolean {
  return now - since >= EXPIRE_AFTER_MS;
}
