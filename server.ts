/** The mail server: `smtpd --domain abc.com --user alice:secret`; `smtpd --help` says more. */
import { askOn } from "./lib/cli/ask.ts";
import { runProgram } from "./lib/cli/fail.ts";
import { denoStreams } from "./lib/cli/io.ts";
import { onReload, stopRequested } from "./lib/cli/signals.ts";
import { runSmtpd } from "./lib/cli/smtpd.ts";
import { denoWorld } from "./lib/net/deno.ts";

await runProgram("smtpd", () => {
  const streams = denoStreams();
  const ask = askOn(streams);
  return runSmtpd(Deno.args, { world: denoWorld(), streams, ask, stopRequested, onReload });
});
