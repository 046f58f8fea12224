/** The command line of `smtpd queue`. */
import { type Admin, adminOf, group, type PlaceOptions, withPlace } from "./admin_arguments.ts";
import type { Command } from "./command_line.ts";
import { EXIT, Failure } from "./fail.ts";

export type QueueCommand =
  & Admin
  & ({ readonly do: "queue list" } | {
    readonly do: "queue show";
    readonly id: string;
  } | {
    readonly do: "queue drop";
    readonly id: string;
  } | {
    readonly do: "queue retry" | "queue release";
    /** `null`: everything. */
    readonly id: string | null;
  } | {
    readonly do: "queue hold";
    readonly id: string;
    /** `null`: nobody said why. */
    readonly reason: string | null;
  } | {
    readonly do: "queue flush";
    /** `null`: everything. */
    readonly domain: string | null;
  });

/** Adds `queue` with all that belongs to it; `chosen` hears what the words ask for. */
export function addQueue(program: Command, chosen: (command: QueueCommand) => void): void {
  const queue = group(
    program,
    "queue",
    "mail that waits for its next server",
    "list, show, retry, flush, hold, release or drop",
  );
  withPlace(queue.command("list").description("list who waits for which message"))
    .action((options: PlaceOptions) => chosen({ do: "queue list", ...adminOf(options) }));
  withPlace(
    queue.command("show").description("show a message and who waits for it").argument("<id>"),
  ).action((id: string, options: PlaceOptions) =>
    chosen({ do: "queue show", id, ...adminOf(options) })
  );
  withPlace(queue.command("drop").description("forget a message; nobody is told").argument("<id>"))
    .action((id: string, options: PlaceOptions) =>
      chosen({ do: "queue drop", id, ...adminOf(options) })
    );
  withPlace(queue.command("retry").description("try a message now, or all").argument("[id]"))
    .action((id: string | undefined, options: PlaceOptions) =>
      chosen({ do: "queue retry", id: id ?? null, ...adminOf(options) })
    );
  withPlace(
    queue.command("flush").description("try all mail for a domain now, or all").argument(
      "[domain]",
    ),
  ).action((domain: string | undefined, options: PlaceOptions) =>
    chosen({ do: "queue flush", domain: domain ?? null, ...adminOf(options) })
  );
  withPlace(
    queue.command("hold").description("neither try nor give up a message until it is released")
      .argument("<id>"),
  )
    .option("--reason <TEXT>", "why, for whoever looks at the queue later")
    .action((id: string, options: PlaceOptions & { readonly reason?: string }) =>
      chosen({ do: "queue hold", id, reason: options.reason ?? null, ...adminOf(options) })
    );
  addRelease(queue, chosen);
}

/** Everything at once only where that is said: much may be held for different reasons. */
function addRelease(queue: Command, chosen: (command: QueueCommand) => void): void {
  withPlace(queue.command("release").description("let a held message go, or all").argument("[id]"))
    .option("--all", "everything that is held")
    .action((id: string | undefined, options: PlaceOptions & { readonly all?: true }) => {
      if ((id === undefined) !== (options.all === true)) {
        throw new Failure(EXIT.usage, "say what to release: smtpd queue release ID, or --all");
      }
      chosen({ do: "queue release", id: id ?? null, ...adminOf(options) });
    });
}
