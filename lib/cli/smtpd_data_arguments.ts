/** The command line of what is about a data directory as a whole, or about a message's past. */
import { type Admin, adminOf, type PlaceOptions, withPlace } from "./admin_arguments.ts";
import type { Command } from "./command_line.ts";

export type DataCommand =
  & Admin
  & ({ readonly do: "check" | "status" } | {
    readonly do: "trace";
    /** An id, or a Message-ID. */
    readonly name: string;
  } | {
    /** `directory`: where the copy goes, or is. */
    readonly do: "backup" | "restore";
    readonly directory: string;
  });

/** Adds these commands; `chosen` hears what the words ask for. */
export function addData(program: Command, chosen: (command: DataCommand) => void): void {
  withPlace(
    program.command("trace").description("tell what became of a message, step by step")
      .argument("<id>", "its id in this server, or its Message-ID"),
  ).action((name: string, options: PlaceOptions) =>
    chosen({ do: "trace", name, ...adminOf(options) })
  );
  withPlace(program.command("check").description("look for faults in the data"))
    .action((options: PlaceOptions) => chosen({ do: "check", ...adminOf(options) }));
  withPlace(program.command("status").description("show what the running server has counted"))
    .action((options: PlaceOptions) => chosen({ do: "status", ...adminOf(options) }));
  withPlace(
    program.command("backup").description("copy all data, also of a running server")
      .argument("<directory>", "a new one, on the machine of the server"),
  ).action((directory: string, options: PlaceOptions) =>
    chosen({ do: "backup", directory, ...adminOf(options) })
  );
  withPlace(
    program.command("restore").description("make a data directory from a backup")
      .argument("<directory>", "the backup"),
  ).action((directory: string, options: PlaceOptions) =>
    chosen({ do: "restore", directory, ...adminOf(options) })
  );
}
