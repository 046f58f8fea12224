import type { World } from "../net/world.ts";
import type { Ask } from "./ask.ts";
import type { Streams } from "./io.ts";

/** What the commands of `smtpd` run in. */
export interface SmtpdContext {
  readonly world: World;
  readonly streams: Streams;
  /** `null` where nobody can be asked. */
  readonly ask: Ask | null;
  /** Resolves when the program is asked to end; once called, a first signal does not end it. */
  stopRequested(): Promise<void>;
  /** Calls this each time the program is asked to read its files again, instead of ending it. */
  onReload(reload: () => void): void;
}
