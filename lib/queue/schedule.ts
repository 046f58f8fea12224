/** When to try again, and for how long: pure. RFC 5321 §4.5.4.1. */
import type { ServerConfig } from "../config.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { Patience } from "../store/store.ts";

/** When is tried again, when the sender hears of a delay, and when all is given up. */
export interface RetrySchedule extends Patience {
  /** After a recipient was put off; the last wait repeats. */
  readonly retryAfterMs: readonly number[];
  /** After a next hop could not be reached; the last wait repeats. */
  readonly probeAfterMs: readonly number[];
}

/** One probe costs little, and many servers only restart: so these come before the first retry. */
export const PROBE_AFTER_MS: readonly number[] = [5_000, 10_000, 20_000];

/** The schedule that a server was told to keep. */
export function scheduleOf(
  { retryAfterMs, delayWarningMs, queueLifetimeMs }: Pick<
    ServerConfig,
    "retryAfterMs" | "delayWarningMs" | "queueLifetimeMs"
  >,
): RetrySchedule {
  const quick = PROBE_AFTER_MS.filter((ms) => ms < retryAfterMs[0]!);
  return {
    retryAfterMs,
    probeAfterMs: [...quick, ...retryAfterMs],
    warnAfterMs: delayWarningMs,
    giveUpAfterMs: queueLifetimeMs,
  };
}

/**
 * The wait after `failures` (1 for the first), with a jitter of up to a tenth, so that what failed
 * together does not come back together. `fraction` is random in [0, 1).
 */
export function waitMs(waits: readonly number[], failures: number, fraction: number): number {
  const wait = waits[Math.min(failures, waits.length) - 1]!;
  return Math.round(wait * (0.95 + 0.1 * fraction));
}

/** Until when a message is tried, in milliseconds since 1970. */
export function triedUntil(
  { acceptedAt, envelope }: { readonly acceptedAt: number; readonly envelope: Envelope },
  { giveUpAfterMs }: Patience,
): number {
  const { by } = envelope;
  // One that is held (RFC 4865) is new at its release.
  const since = Math.max(acceptedAt, envelope.hold?.until ?? 0);
  // RFC 2852 §4.1.3: its sender may want it back earlier.
  return Math.min(since + giveUpAfterMs, by?.mode === "return" ? by.at : Infinity);
}
