/** What the commands that work on a data directory have in common on the command line. */
import type { Command } from "./command_line.ts";
import type { Place } from "./data_directory.ts";
import { EXIT, Failure } from "./fail.ts";
import { ADMIN_NOTES, STATUSES } from "./smtpd_help.ts";

export interface Admin {
  readonly place: Place;
  readonly json: boolean;
}

/** As commander gives them. */
export interface PlaceOptions {
  readonly data?: string;
  readonly config?: string;
  readonly json?: true;
}

/** A command that consists of others; alone, and with a word that is none of them, it says so. */
export function group(
  program: Command,
  name: string,
  description: string,
  actions: string,
): Command {
  return program.command(name).description(`${description}: ${actions}`)
    .allowExcessArguments().action(() => {
      throw new Failure(EXIT.usage, `say what to do: smtpd ${name} ${actions}`);
    });
}

/** Lets a command be told where the data is. */
export function withPlace(command: Command): Command {
  return command
    .allowExcessArguments(false)
    .option("--data <DIR>", "the data directory, default the only one below ./data")
    .option("--config <FILE>", "the server's configuration, which says where the data is")
    .option("--json", "one JSON object per line on standard output")
    .addHelpText("after", `\n${ADMIN_NOTES}\n\n${STATUSES}`);
}

/** What a command was told about it. */
export function adminOf({ data, config, json }: PlaceOptions): Admin {
  return { place: { data: data ?? null, config: config ?? null }, json: json ?? false };
}
