/** `smtpd alias`: names that lead to other addresses, and lists. */
import type { AliasView } from "../app/admin_aliases.ts";
import { askAdmin } from "./admin_client.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { jsonLine } from "./io.ts";
import type { AliasCommand } from "./smtpd_arguments.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

/** Does it, and says what was done. */
export async function runAlias(
  command: AliasCommand,
  { world, streams: { output, errors } }: SmtpdContext,
): Promise<ExitStatus> {
  const admin = { world, place: command.place };
  const { json } = command;
  switch (command.do) {
    case "alias list": {
      const { aliases } = await askAdmin(admin, { do: "alias list" });
      for (const each of aliases) output.write(json ? jsonLine({ ...each }) : `${lineOf(each)}\n`);
      if (aliases.length === 0) errors.write("There are no aliases.\n");
      break;
    }
    case "alias add": {
      const { name, targets } = command;
      const owner = command.owner === null ? {} : { owner: command.owner };
      const { alias, warnings } = await askAdmin(admin, {
        do: "alias add",
        name,
        targets,
        ...owner,
      });
      if (json) output.write(jsonLine({ ...alias }));
      else errors.write(`${lineOf(alias)}\n`);
      for (const warning of warnings) errors.write(`${warning}\n`);
      break;
    }
    case "alias remove": {
      const { targets } = command;
      const { name, alias } = await askAdmin(admin, {
        do: "alias remove",
        name: command.name,
        targets,
      });
      if (json) output.write(jsonLine({ name, targets: alias?.targets ?? [] }));
      else errors.write(alias === null ? `${name} was removed\n` : `${lineOf(alias)}\n`);
      break;
    }
  }
  return EXIT.done;
}

/** `sales@abc.com -> bob@abc.com, carol@xyz.com`, and whose list it is. */
function lineOf({ name, targets, owner }: AliasView): string {
  return `${name} -> ${targets.join(", ")}${owner === null ? "" : ` (list of ${owner})`}`;
}
