/** The program `smtpd`: does what its words ask for. */
import { storeFailure } from "./data_directory.ts";
import { EXIT, type ExitStatus } from "./fail.ts";
import { runAlias } from "./smtpd_alias.ts";
import { parseArguments, type SmtpdCommand } from "./smtpd_arguments.ts";
import { runBackup, runRestore } from "./smtpd_backup.ts";
import { runCheck } from "./smtpd_check.ts";
import type { SmtpdContext } from "./smtpd_context.ts";
import { runExport } from "./smtpd_export.ts";
import { runImport } from "./smtpd_import.ts";
import { runLab } from "./smtpd_lab.ts";
import { runQueue } from "./smtpd_queue.ts";
import { runServe } from "./smtpd_serve.ts";
import { runStatus } from "./smtpd_status.ts";
import { runTrace } from "./smtpd_trace.ts";
import { runUser } from "./smtpd_user.ts";
import { versionText } from "./version.ts";

/**
 * Runs the program.
 * @throws {Failure} with the exit status and one line that says why
 */
export async function runSmtpd(
  args: readonly string[],
  context: SmtpdContext,
): Promise<ExitStatus> {
  const command = parseArguments(args, versionText("smtpd"));
  try {
    return await run(command, context);
  } catch (error) {
    throw storeFailure(error);
  }
}

async function run(command: SmtpdCommand, context: SmtpdContext): Promise<ExitStatus> {
  switch (command.do) {
    case "serve":
      return await runServe(command, context);
    case "lab":
      return await runLab(command, context);
    case "check":
      return await runCheck(command, context);
    case "status":
      return await runStatus(command, context);
    case "trace":
      return await runTrace(command, context);
    case "backup":
      return await runBackup(command, context);
    case "restore":
      return await runRestore(command, context);
    case "import":
      return await runImport(command, context);
    case "export":
      return await runExport(command, context);
    case "user add":
    case "user password":
    case "user remove":
    case "user list":
      return await runUser(command, context);
    case "alias add":
    case "alias remove":
    case "alias list":
      return await runAlias(command, context);
    case "queue list":
    case "queue show":
    case "queue retry":
    case "queue flush":
    case "queue hold":
    case "queue release":
    case "queue drop":
      return await runQueue(command, context);
    case "print":
      context.streams.output.write(command.text);
      return EXIT.done;
  }
}
