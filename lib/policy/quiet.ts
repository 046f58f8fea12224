/**
 * What strangers do again and again is written down some times, and then only counted: a flood must
 * not fill the disk through the log. Pure: it is told the time.
 */
import { networkOf, Recent } from "./recent.ts";

export interface Quiet {
  /** Whether to write down an event about a peer. */
  admits(event: string, peer: string, nowMs: number): boolean;
  /** What was only counted, in a time that is over by now. */
  counted(nowMs: number): readonly Counted[];
  /** Whether something was counted that was not told yet. */
  isCounting(): boolean;
}

export interface Counted {
  readonly event: string;
  /** The network of the peers; `null`: they came from many. */
  readonly network: string | null;
  readonly count: number;
}

/** Events of one kind and one network that are written down in a minute. */
export const LINES_PER_MINUTE_MAX = 60;
/** The same of all networks together: whoever has many must not fill the disk either. */
export const LINES_OF_ALL_PER_MINUTE_MAX = 600;
export const WINDOW_MS = 60_000;
/** Kinds and networks that are told apart; beyond, the oldest begin anew. */
const REMEMBERED_MAX = 10_000;

export function createQuiet(): Quiet {
  const windows = new Recent<Window>(REMEMBERED_MAX);
  /** As many as there are kinds of events. */
  const together = new Map<string, Window>();
  const counting = new Set<Window>();

  function passes(window: Window, linesMax: number, nowMs: number): boolean {
    if (nowMs - window.sinceMs >= WINDOW_MS && window.count === 0) {
      window.sinceMs = nowMs;
      window.lines = 0;
    }
    if (window.lines < linesMax) {
      window.lines++;
      return true;
    }
    window.count++;
    counting.add(window);
    return false;
  }

  return {
    admits(event, peer, nowMs) {
      const network = networkOf(peer);
      const own = windows.getOrAdd(`${event} ${network}`, () => newWindow(event, network, nowMs));
      if (!passes(own, LINES_PER_MINUTE_MAX, nowMs)) return false;
      const all = together.get(event) ?? newWindow(event, null, nowMs);
      together.set(event, all);
      return passes(all, LINES_OF_ALL_PER_MINUTE_MAX, nowMs);
    },
    counted(nowMs) {
      const over = [...counting].filter(({ sinceMs }) => nowMs - sinceMs >= WINDOW_MS);
      return over.map((window) => {
        const { event, network, count } = window;
        counting.delete(window);
        Object.assign(window, { sinceMs: nowMs, lines: 0, count: 0 });
        return { event, network, count };
      });
    },
    isCounting: () => counting.size > 0,
  };
}

interface Window {
  readonly event: string;
  readonly network: string | null;
  sinceMs: number;
  lines: number;
  count: number;
}

function newWindow(event: string, network: string | null, nowMs: number): Window {
  return { event, network, sinceMs: nowMs, lines: 0, count: 0 };
}
