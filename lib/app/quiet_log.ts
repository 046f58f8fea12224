/** A log in which a flood of the same thing is a few lines and a number. */
import type { Log, LogFields } from "../log.ts";
import type { Clock } from "../net/world.ts";
import { createQuiet, WINDOW_MS } from "../policy/quiet.ts";
import { Recent } from "../policy/recent.ts";

export interface QuietLog {
  readonly log: Log;
  /** Writes down what was only counted until now, and waits for nothing more. */
  close(): void;
}

/** What strangers can cause as often as they like. What was taken is never left out. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "refused",
  "login-refused",
  "login-slowed",
  "login-in-use",
  "tls-failed",
  "proxy-failed",
  "turned-away",
  "session-failed",
]);

/** What goes wrong on our side goes wrong for everybody at once: one line a minute says why. */
const OURS: ReadonlySet<string> = new Set([
  "smtp-failed",
  "pop3-failed",
  "imap-failed",
  "queue-failed",
  "settle-failed",
  "delivery-failed",
  "history-failed",
  "sts-failed",
  "disk-low",
  "give-back-failed",
]);
/** Of our own faults, so many kinds with their reasons are told apart. */
const REMEMBERED_MAX = 100;

interface Fault {
  toldAtMs: number;
  /** How often it happened since. */
  more: number;
}

/** Wraps a log; events are about a `peer`. */
export function quietLog(inner: Log, clock: Clock): QuietLog {
  const quiet = createQuiet();
  const faults = new Recent<Fault>(REMEMBERED_MAX);
  let waiting = false;
  const alarm = clock.alarm(() => {
    waiting = false;
    tell();
    wait();
  });

  function tell(nowMs = clock.monotonicMs()): void {
    for (const { event, network, count } of quiet.counted(nowMs)) {
      inner.info("more-of-the-same", { event, network, count });
    }
  }

  function heard(level: "info" | "warn" | "error", event: string, fields: LogFields = {}): void {
    const { peer } = fields;
    const nowMs = clock.monotonicMs();
    if (OURS.has(event)) return ours(level, event, fields);
    if (typeof peer !== "string" || !REPEATABLE.has(event) || quiet.admits(event, peer, nowMs)) {
      return inner[level](event, fields);
    }
    wait();
  }

  function ours(level: "info" | "warn" | "error", event: string, fields: LogFields): void {
    const nowMs = clock.monotonicMs();
    const make = () => ({ toldAtMs: -Infinity, more: 0 });
    const fault = faults.getOrAdd(`${event} ${fields.reason}`, make);
    if (nowMs - fault.toldAtMs < WINDOW_MS) return void fault.more++;
    inner[level](event, fault.more === 0 ? fields : { ...fields, more: fault.more });
    Object.assign(fault, { toldAtMs: nowMs, more: 0 });
  }

  /** A number is told at the latest a minute after its own minute. */
  function wait(): void {
    if (waiting || !quiet.isCounting()) return;
    waiting = true;
    alarm.set(WINDOW_MS);
  }

  return {
    log: {
      debug: (event, fields) => inner.debug(event, fields),
      info: (event, fields) => heard("info", event, fields),
      warn: (event, fields) => heard("warn", event, fields),
      error: (event, fields) => heard("error", event, fields),
    },
    close() {
      alarm.cancel();
      tell(Infinity);
    },
  };
}
