/** The server that all other mail goes to, and the login there. */
import type { Relay } from "../endpoint.ts";
import { EXIT, Failure } from "./fail.ts";
import type { Streams } from "./io.ts";
import { readPasswordFile } from "./password_file.ts";
import type { Settings } from "./settings.ts";

/**
 * The smarthost with its login; `null` when none was named.
 * @throws {Failure} `usage` when it is not clear who logs in, or with what; `noInput` or `badData`
 * for a file without a password
 */
export async function smarthostOf(
  settings: Settings,
  { variable }: Pick<Streams, "variable">,
): Promise<Relay | null> {
  const { smarthost, "smarthost-user": user, "smarthost-password-file": file } = settings;
  if (smarthost === undefined) {
    if (user === undefined && file === undefined) return null;
    throw new Failure(EXIT.usage, "say where to log in: --smarthost HOST");
  }
  if (user === undefined) {
    if (file === undefined) return smarthost;
    throw new Failure(EXIT.usage, "say who logs in at the smarthost: --smarthost-user NAME");
  }
  const password = file === undefined
    ? variable("SMTPD_SMARTHOST_PASSWORD")
    : await readPasswordFile(file);
  if (password !== null) return { ...smarthost, login: { user, password } };
  throw new Failure(
    EXIT.usage,
    `the password of ${user} at the smarthost is missing: give --smarthost-password-file FILE, ` +
      "or set SMTPD_SMARTHOST_PASSWORD",
  );
}
