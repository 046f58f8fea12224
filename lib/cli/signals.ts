/** The signals by which a person or the system ends a program. */
import { EXIT } from "./fail.ts";

/** Windows has no SIGTERM that a program could handle. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** Calls this at each SIGHUP; Windows has nothing like it. */
export function onReload(reload: () => void): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", reload);
}

/** Resolves at the first signal; the next one ends the process on the spot. */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    let requested = false;
    for (const signal of SIGNALS) {
      Deno.addSignalListener(signal, () => {
        if (requested) Deno.exit(EXIT.cancelled);
        requested = true;
        resolve();
      });
    }
  });
}
