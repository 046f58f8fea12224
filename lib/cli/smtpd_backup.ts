/** `smtpd backup` and `smtpd restore`: a copy of everything, and the way back. */
import { resolve } from "node:path";
import type { World } from "../net/world.ts";
import { restore, type Restored } from "../store/restore.ts";
import { StoreError, type StoreErrorKind } from "../store/store.ts";
import type { Admin } from "./admin_arguments.ts";
import { askAdmin } from "./admin_client.ts";
import { findDirectory } from "./data_directory.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import { jsonLine } from "./io.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

export interface BackupCommand extends Admin {
  readonly directory: string;
}

/** The server may have another working directory, so it is told a whole path. */
export async function runBackup(
  { place, json, directory }: BackupCommand,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  const made = await askAdmin({ world, place }, { do: "backup", directory: resolve(directory) });
  if (json) streams.output.write(jsonLine(made));
  else streams.errors.write(`All data was copied to ${made.directory}\n`);
  return EXIT.done;
}

/** Makes a data directory that no server uses yet. */
export async function runRestore(
  { place, json, directory: from }: BackupCommand,
  { world, streams }: SmtpdContext,
): Promise<ExitStatus> {
  if (place.data === null && place.config === null) {
    throw new Failure(EXIT.usage, "say where to: --data DIR, which is not there yet, or --config");
  }
  const { directory } = await findDirectory(place);
  const restored = await restoreTo(directory, from, world);
  if (json) streams.output.write(jsonLine({ directory, ...restored }));
  else streams.errors.write(aboutRestored(directory, restored));
  return EXIT.done;
}

async function restoreTo(to: string, from: string, world: World): Promise<Restored> {
  const now = world.clock.now();
  const reason = "restored from a backup: it may have been delivered since";
  try {
    return await restore({ from, to, now, reason, turn: world.clock.turn });
  } catch (error) {
    const options = { cause: error };
    if (error instanceof StoreError) {
      throw new Failure(STATUSES[error.kind] ?? EXIT.badData, error.message, options);
    }
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    throw new Failure(EXIT.badData, error.message, options);
  }
}

const STATUSES: Partial<Record<StoreErrorKind, ExitStatus>> = {
  exists: EXIT.cannotCreate,
  unwritable: EXIT.cannotCreate,
  unknown: EXIT.noInput,
  newer: EXIT.badConfiguration,
  locked: EXIT.tryAgainLater,
};

function aboutRestored(directory: string, { accounts, held }: Restored): string {
  const lines = [
    `${directory} has everything that was in the backup, ${count(accounts, "account")} in all.`,
    "Mail that came after the backup is not there.",
  ];
  if (held > 0) {
    lines.push(
      `${count(held, "recipient")} waited then, and may have got the message since, so they are ` +
        "held. smtpd queue list shows them, smtpd trace what was known then.",
      `smtpd queue release --all --data ${directory} sends them all; smtpd queue drop ID drops ` +
        "one.",
    );
  }
  return `${lines.join("\n")}\n`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
