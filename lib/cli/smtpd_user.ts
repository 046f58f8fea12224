/** `smtpd user`: the accounts of a server. */
import { askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";

import { jsonLine } from "./io.ts";
import { askNewPassword } from "./new_password.ts";
import { readPasswordFile } from "./password_file.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import type { UserCommand } from "./smtpd_arguments.ts";

/** Does it, and says what was done. */
export async function runUser(command: UserCommand, context: SmtpdContext): Promise<ExitStatus> {
  const { streams, world } = context;
  const admin = { world, place: command.place };
  if (command.do === "user list") {
    const { users } = await askAdmin(admin, { do: "user list" });
    for (const { name, created } of users) {
      streams.output.write(command.json ? jsonLine({ name, created }) : `${name}\n`);
    }
    if (users.length === 0) streams.errors.write("There are no users.\n");
    return EXIT.done;
  }
  const name = await nameOf(command, context);
  const { user, warnings } = command.do === "user remove"
    ? await askAdmin(admin, { do: command.do, name })
    : await askAdmin(admin, {
      do: command.do,
      name,
      password: await passwordOf(name, command.passwordFile, context),
    });
  if (command.json) streams.output.write(jsonLine({ ...user }));
  else streams.errors.write(`${user.name} ${DONE[command.do]}\n`);
  for (const warning of warnings) streams.errors.write(`${warning}\n`);
  return EXIT.done;
}

const DONE = {
  "user add": "was added",
  "user password": "has a new password",
  "user remove": "was removed, with all mail",
} as const;

async function nameOf(
  { do: what, name }: Exclude<UserCommand, { readonly do: "user list" }>,
  { ask }: SmtpdContext,
): Promise<string> {
  if (name !== null) return name;
  if (ask !== null) return await ask.text("Name of the user");
  throw new Failure(EXIT.usage, `say which user: smtpd ${what} NAME`);
}

async function passwordOf(
  name: string,
  file: string | null,
  { streams, ask }: SmtpdContext,
): Promise<string> {
  if (file !== null) return await readPasswordFile(file);
  const otherwise = `the password of ${name} is missing: give --password-file FILE`;
  return await askNewPassword({ streams, ask, name, otherwise });
}
