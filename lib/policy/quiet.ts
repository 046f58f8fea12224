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
}

export interface Counted {
  readonly event: string;
  /** The network of the peers. */
  readonly network: string;
  readonly count: number;
}

/** Events of one kind and one network that are written down in a minute. */
export const LINES_PER_MINUTE_MAX = 60;
export const WINDOW_MS = 60_000;
/** Kinds and networks that are told apart; beyond, the oldest begin anew. */
const REMEMBERED_MAX = 10_000;

export function createQuiet(): Quiet {
  const windows = new Recent<Window>(REMEMBERED_MAX);
  const counting = new Set<Window>();
  return {
    admits(event, peer, nowMs) {
      const network = networkOf(peer);
      const window = windows.getOrAdd(
        `${event} ${network}`,
        () => ({ event, network, sinceMs: nowMs, lines: 0, count: 0 }),
      );
      if (nowMs - window.sinceMs >= WINDOW_MS && window.count === 0) {
        window.sinceMs = nowMs;
        window.lines = 0;
      }
      if (window.lines < LINES_PER_MINUTE_MAX) {
        window.lines++;
        return true;
      }
      window.count++;
      counting.add(window);
      return false;
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
  };
}

interface Window {
  readonly event: string;
  readonly network: string;
  sinceMs: number;
  lines: number;
  count: number;
}
