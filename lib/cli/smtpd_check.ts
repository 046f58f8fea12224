/** `smtpd check`: are the rules of the store kept? */
import { askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { jsonLine } from "./io.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import type { Admin } from "./admin_arguments.ts";

/** Prints `ok`, or each fault on a line and ends with status 65. */
export async function runCheck(
  { place, json }: Admin,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  const { faults } = await askAdmin({ world, place }, { do: "check" });
  const ok = faults.length === 0;
  if (json) streams.output.write(jsonLine({ ok, faults }));
  else streams.output.write(ok ? "ok\n" : `${faults.join("\n")}\n`);
  return ok ? EXIT.done : EXIT.badData;
}
