/** `smtpd status`: what the running server has counted since it started. */
import { askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { jsonLine } from "./io.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import type { Admin } from "./admin_arguments.ts";

/**
 * A line for each number.
 * @throws {Failure} `noInput` when no server runs
 */
export async function runStatus(
  { place, json }: Admin,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  const { metrics } = await askAdmin({ world, place }, { do: "status" });
  if (json) streams.output.write(jsonLine({ metrics }));
  else {
    for (const [name, count] of Object.entries(metrics)) streams.output.write(`${name} ${count}\n`);
  }
  return EXIT.done;
}
