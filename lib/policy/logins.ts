/**
 * What guessing passwords costs, across connections: each account and each address has a few wrong
 * ones free, and then a wait that doubles. Pure: it is told the time.
 */
import { LOOPBACK, networkOf, Recent } from "./recent.ts";

export interface LoginGuard {
  /**
   * Counts an attempt as a wrong one, until {@linkcode LoginGuard.succeeded} takes it back: those
   * that come at the same time count, too. Gives how many milliseconds it has to wait before
   * anybody looks at the password; `null` when that is too long to keep somebody waiting.
   */
  attempt(attempt: LoginAttempt, nowMs: number): number | null;
  /** It was the right password. */
  succeeded(attempt: LoginAttempt, nowMs: number): void;
}

export interface LoginAttempt {
  /** The account that was named, whether it is there or not; one account has one name here. */
  readonly account: string;
  /** The peer's IP address. */
  readonly address: string;
}

export interface LoginGuardOptions {
  /** Whether this machine's own addresses are guarded against, too. */
  readonly limitLoopback: boolean;
}

/** More than a person mistypes, or a phone tries with an old password, before somebody notices. */
export const ACCOUNT_FAILURES_FREE = 10;
/** Behind one address there may be many people. */
export const ADDRESS_FAILURES_FREE = 20;
/** The first wait, doubled with each further failure. */
const WAIT_MS_MIN = 1_000;
/** From here on it does not grow: about 1,400 guesses a day, and an owner who is let in again. */
const WAIT_MS_MAX = 60_000;
/** So many make the longest wait; more are not counted, or forgetting them would take days. */
const COSTLY_MAX = 7;
/** Longer than that, clients give up; they are told to come later instead. */
const HELD_MS_MAX = 30_000;
/** One failure is forgotten in this time. */
export const FORGOTTEN_MS = 5 * 60_000;
/** Of accounts, addresses, and places where somebody logged in; each takes about 200 bytes. */
const REMEMBERED_MAX = 10_000;

export function createLoginGuard({ limitLoopback }: LoginGuardOptions): LoginGuard {
  const accounts = new Recent<Failures>(REMEMBERED_MAX);
  const networks = new Recent<Failures>(REMEMBERED_MAX);
  const places = new Recent<Failures>(REMEMBERED_MAX);

  /** What counts the failures of this attempt, with how many of them are free. */
  function counters({ account, address }: LoginAttempt, nowMs: number) {
    const network = networkOf(address);
    // Labs, tests and programs in front of this one (webmail) live there; on it, whoever can guess
    // could as well listen.
    if (network === LOOPBACK && !limitLoopback) return [];
    const fresh = () => ({ count: 0, sinceMs: nowMs, freeAtMs: nowMs });
    // From where its owner has logged in before, an account is not shut by guesses from elsewhere.
    const place = places.get(placeOf(account, network));
    if (place !== null) return [[place, ACCOUNT_FAILURES_FREE] as const];
    return [
      [accounts.getOrAdd(account, fresh), ACCOUNT_FAILURES_FREE] as const,
      [networks.getOrAdd(network, fresh), ADDRESS_FAILURES_FREE] as const,
    ];
  }

  return {
    attempt(attempt, nowMs) {
      const counted = counters(attempt, nowMs);
      const waitMs = Math.max(0, ...counted.map(([{ freeAtMs }]) => freeAtMs - nowMs));
      if (waitMs > HELD_MS_MAX) return null;
      for (const [failures, free] of counted) {
        forget(failures, nowMs);
        failures.count = Math.min(failures.count + 1, free + COSTLY_MAX);
        const costly = failures.count - free;
        // The next one waits for this one: attempts at the same time stand in one line.
        if (costly > 0) failures.freeAtMs = nowMs + waitMs + waitOf(costly);
      }
      return waitMs;
    },
    succeeded(attempt, nowMs) {
      for (const [failures] of counters(attempt, nowMs)) {
        failures.count = Math.max(0, failures.count - 1);
      }
      const place = placeOf(attempt.account, networkOf(attempt.address));
      places.getOrAdd(place, () => ({ count: 0, sinceMs: nowMs, freeAtMs: nowMs }));
    },
  };
}

interface Failures {
  count: number;
  /** From when on the next one is to be forgotten. */
  sinceMs: number;
  /** Before this, nobody looks at a password. */
  freeAtMs: number;
}

function forget(failures: Failures, nowMs: number): void {
  const forgotten = Math.floor((nowMs - failures.sinceMs) / FORGOTTEN_MS);
  failures.count = Math.max(0, failures.count - forgotten);
  failures.sinceMs = failures.count === 0 ? nowMs : failures.sinceMs + forgotten * FORGOTTEN_MS;
}

function waitOf(costly: number): number {
  return Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (costly - 1));
}

function placeOf(account: string, network: string): string {
  return `${network} ${account}`;
}
