/** The command line of `smtpd import` and `smtpd export`. */
import { adminOf, type PlaceOptions, withPlace } from "./admin_arguments.ts";
import { type Command, Option } from "./command_line.ts";
import { EXIT, Failure } from "./fail.ts";
import { MAIL_FORMATS, type MailFormat } from "./import_sources.ts";
import type { ExportCommand } from "./smtpd_export.ts";
import { EXPORT_NOTES, IMPORT_NOTES } from "./smtpd_help.ts";
import type { ImportCommand } from "./smtpd_import.ts";

export type MailCommand =
  | { readonly do: "import" } & ImportCommand
  | { readonly do: "export" } & ExportCommand;

interface MailOptions extends PlaceOptions {
  readonly mailbox?: string;
  readonly format?: MailFormat;
  readonly again?: true;
}

/** Adds these commands; `chosen` hears what the words ask for. */
export function addMail(program: Command, chosen: (command: MailCommand) => void): void {
  const format = (help: string) => new Option("--format <FORMAT>", help).choices(MAIL_FORMATS);
  withPlace(
    program.command("import").description("take mail from files into the mailboxes of a user")
      .argument("<user>").argument("<paths...>", "mbox files, Maildirs, .eml files, or folders"),
  )
    .option("--mailbox <NAME>", "for files that do not name one, and above those that do")
    .addOption(format("default: what the files look like"))
    .option("--again", "take once more what was taken before")
    .addHelpText("after", `\n${IMPORT_NOTES}`)
    .action((user: string, paths: readonly string[], options: MailOptions) =>
      chosen({
        do: "import",
        user,
        paths,
        mailbox: options.mailbox ?? null,
        format: options.format ?? null,
        again: options.again ?? false,
        ...adminOf(options),
      })
    );
  withPlace(
    program.command("export").description("write the mail of a user into files")
      .argument("<user>").argument("<directory>", "a new one, or one of an earlier export"),
  )
    .option("--mailbox <NAME>", "only this one, default all")
    .addOption(format("what to write"))
    .addHelpText("after", `\n${EXPORT_NOTES}`)
    .action((user: string, directory: string, options: MailOptions) => {
      if (options.format === undefined) {
        throw new Failure(EXIT.usage, `say in which form: --format ${MAIL_FORMATS.join("|")}`);
      }
      chosen({
        do: "export",
        user,
        directory: directory.replace(/(?<=.)\/+$/, ""),
        mailbox: options.mailbox ?? null,
        format: options.format,
        ...adminOf(options),
      });
    });
}
