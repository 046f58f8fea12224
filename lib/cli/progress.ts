/** Shows people how far long work has come: one line of a terminal, written over and over. */
import type { Body } from "../mail/body.ts";
import type { Output } from "./io.ts";

export interface Progress {
  /** So much of the whole is done, in the unit of `shownFrom`. */
  at(done: number, total: number): void;
  /** Takes the line away; it comes back when work goes on. */
  hide(): void;
}

export interface ProgressOptions {
  /** What is being done: `Sending`. */
  readonly doing: string;
  /** A smaller whole is done before anybody could read the line. */
  readonly shownFrom: number;
}

/** So many bytes take a moment on a slow line. */
export const SHOWN_FROM_BYTES = 512 * 1024;
/** So many questions to a server take a moment. */
export const SHOWN_FROM_MESSAGES = 20;

/** Nothing is shown for short work, and where no person looks on. */
export function showProgress(output: Output, { doing, shownFrom }: ProgressOptions): Progress {
  let percentShown = -1;
  return {
    at(done, total) {
      if (!output.isTerminal || total < shownFrom) return;
      const percent = Math.min(100, Math.floor((100 * done) / total));
      if (percent === percentShown) return;
      percentShown = percent;
      output.write(`\r${doing}: ${percent} %`);
    },
    hide() {
      // Back to the line's start, and erase up to its end.
      if (percentShown >= 0) output.write("\r\x1b[K");
      percentShown = -1;
    },
  };
}

/** How much is done, and how fast that went. */
export interface RateShown {
  readonly done: number;
  /** What came to nothing. */
  readonly failed: number;
  readonly elapsedMs: number;
}

/** Often enough for people. */
const SHOWN_EVERY_MS = 250;

/**
 * How far many small pieces of work are, on one line of a terminal; nothing where no person looks
 * on. `what` says what was done with them: `accepted`, `of 100 sent`.
 */
export function rateLine(output: Output, what: string) {
  let shownMs = 0;
  let isThere = false;
  return {
    show({ done, failed, elapsedMs }: RateShown): void {
      if (!output.isTerminal || elapsedMs - shownMs < SHOWN_EVERY_MS) return;
      shownMs = elapsedMs;
      isThere = true;
      const rate = Math.round((1000 * done) / elapsedMs);
      const others = failed === 0 ? "" : `, ${failed} not`;
      output.write(`\r\x1b[K${done} ${what}${others}, ${rate} a second`);
    },
    /** Takes the line away; it comes back when work goes on. */
    hide(): void {
      if (isThere) output.write("\r\x1b[K");
      isThere = false;
    },
  };
}

/** Content whose reading is watched: how far it was read is how far it was sent. */
export function watchBody(body: Body, progress: Progress): Body {
  return {
    size: body.size,
    slice(from, to) {
      progress.at(Math.min(to, body.size), body.size);
      return body.slice(from, to);
    },
  };
}
