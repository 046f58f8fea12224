/** Ending a conversation on purpose before it is over, to see what a server makes of that. */

/** How far a conversation has come. `data`: the server said 354; `dot`: it answered the message. */
export const STAGES = ["connect", "hello", "tls", "auth", "mail", "rcpt", "data", "dot"] as const;
export type Stage = (typeof STAGES)[number];

export interface StopAfter {
  readonly stage: Stage;
  /** `drop` leaves without a word. */
  readonly how: "quit" | "drop";
}

/** Thrown where the conversation has come as far as it should. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  readonly stop: StopAfter;
  constructor(stop: StopAfter) {
    super(`stopped after ${stop.stage}`);
    this.stop = stop;
  }
}

/** @throws {Stopped} when this is the stage behind which to stop. */
export function passed(stage: Stage, stop: StopAfter | null): void {
  if (stop?.stage === stage) throw new Stopped(stop);
}
