/** A log in which a flood of the same thing is a few lines and a number. */
import type { Log, LogFields } from "../log.ts";
import type { Clock } from "../net/world.ts";
import { createQuiet, WINDOW_MS } from "../policy/quiet.ts";

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
  "smtp-failed",
  "pop3-failed",
]);

/** Wraps a log; events are about a `peer`. */
export function quietLog(inner: Log, clock: Clock): QuietLog {
  const quiet = createQuiet();
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
    if (typeof peer !== "string" || !REPEATABLE.has(event) || quiet.admits(event, peer, nowMs)) {
      return inner[level](event, fields);
    }
    wait();
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
