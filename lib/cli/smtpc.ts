/** The program `smtpc`, from its arguments to its exit status. */
import type { ExitStatus } from "./fail.ts";
import { EXIT } from "./fail.ts";
import type { SmtpcContext } from "./smtpc_access.ts";
import { parseArguments } from "./smtpc_arguments.ts";
import { bench } from "./smtpc_bench.ts";
import { addContact, listContacts, removeContact } from "./smtpc_contacts.ts";
import { read } from "./smtpc_read.ts";
import { send } from "./smtpc_send.ts";
import { versionText } from "./version.ts";

export type { SmtpcContext } from "./smtpc_access.ts";

/**
 * Does what the arguments ask for.
 * @throws {Failure} with the status and the line that the program ends with
 */
export async function smtpc(args: readonly string[], context: SmtpcContext): Promise<ExitStatus> {
  const { streams } = context;
  const command = parseArguments(args, versionText("smtpc"));
  switch (command.do) {
    case "send":
      return await send(command.flags, context);
    case "read":
      return await read(command.flags, context);
    case "bench":
      return await bench(command.flags, context);
    case "addContact":
      return await addContact(command.name, command.address, streams);
    case "removeContact":
      return await removeContact(command.name, streams);
    case "listContacts":
      return await listContacts(streams);
    case "print":
      streams.output.write(command.text);
      return EXIT.done;
  }
}
