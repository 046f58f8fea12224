/** The program `smtpc`: sends mail and reads it. `deno task client --help` explains. */
import { askOn } from "./lib/cli/ask.ts";
import { runProgram } from "./lib/cli/fail.ts";
import { denoStreams } from "./lib/cli/io.ts";
import { stopRequested } from "./lib/cli/signals.ts";
import { smtpc } from "./lib/cli/smtpc.ts";
import { denoWorld } from "./lib/net/deno.ts";

await runProgram("smtpc", () => {
  const streams = denoStreams();
  const context = { world: denoWorld(), streams, ask: askOn(streams), stopRequested };
  return smtpc(Deno.args, context);
});
