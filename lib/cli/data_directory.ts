/** Which data directory is meant, and opening it. */
import { freeBytesAt } from "../net/disk.ts";
import type { World } from "../net/world.ts";
import { openMemoryStore } from "../store/memory.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { type Store, StoreError, type StoreErrorKind } from "../store/store.ts";
import { readConfigFile } from "./config_file.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";
import type { Settings } from "./settings.ts";

/** What a command was told about the place of its data. */
export interface Place {
  /** `--data` */
  readonly data: string | null;
  /** `--config` */
  readonly config: string | null;
}

export interface Found {
  readonly directory: string;
  /** The domain of names without one; `null` when it is not known. */
  readonly domain: string | null;
}

/** Keeps everything in the memory of the server. */
export const MEMORY = "memory:";
/** Where servers keep their data by default, each in a directory named after its first domain. */
const ROOT = "./data";

/** Where a server keeps its data that was not told. */
export function defaultDirectory(domain: string): string {
  return `${ROOT}/${domain}`;
}

/**
 * The directory that an admin command works on: the one that was named, that of the configuration,
 * or the only one below `root`.
 * @throws {Failure} `usage` when it is not clear which, `noInput` when there is none
 */
export async function findDirectory(place: Place, root = ROOT): Promise<Found> {
  if (place.config !== null) {
    const settings = await readConfigFile(place.config);
    const [domain = null] = settings.domain ?? [];
    const directory = place.data ?? directoryOf(settings, place.config);
    return { directory: notInMemory(directory), domain };
  }
  if (place.data !== null) return { directory: notInMemory(place.data), domain: null };
  const names = await namesIn(root);
  const [only] = names;
  if (only === undefined) {
    throw new Failure(
      EXIT.noInput,
      `there is no data directory below ${root}: name one with --data DIR or --config FILE`,
    );
  }
  if (names.length > 1) {
    throw new Failure(
      EXIT.usage,
      `${root} holds ${names.join(", ")}: say which one is meant, like --data ${root}/${only}`,
    );
  }
  // The name is the domain, unless somebody moved things around; a wrong one finds no users.
  return { directory: `${root}/${only}`, domain: only };
}

/**
 * Opens the store of a server, and holds it until it is disposed of.
 * @throws {Failure} that says what is wrong with the directory
 */
export async function openStore(
  data: string,
  world: World,
  options: { readonly synchronous?: "full" | "off" } = {},
): Promise<Store> {
  const { turn, monotonicMs } = world.clock;
  if (data === MEMORY) return openMemoryStore({ turn });
  try {
    return await openSqliteStore({ ...options, directory: data, turn, monotonicMs });
  } catch (error) {
    throw openFailure(data, error);
  }
}

function directoryOf(settings: Settings, config: string): string {
  if (settings.data !== undefined) return settings.data;
  const [domain] = settings.domain ?? [];
  if (domain !== undefined) return defaultDirectory(domain);
  throw new Failure(
    EXIT.badConfiguration,
    `${config}: it names neither data nor a domain: name the directory with --data DIR`,
  );
}

function notInMemory(data: string): string {
  if (data !== MEMORY) return data;
  throw new Failure(
    EXIT.usage,
    `--data ${MEMORY} is reached by nobody but its own server: use the flags of that one`,
  );
}

async function namesIn(root: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(root)) if (entry.isDirectory) names.push(entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return names.sort();
}

/** What it means for a command that the store failed; any other error as it is. */
export function storeFailure(error: unknown, before = ""): unknown {
  const meaning = error instanceof StoreError ? HELP[error.kind] : undefined;
  if (!(error instanceof StoreError) || meaning === undefined) return error;
  const [status, help] = meaning;
  return new Failure(status, `${before}${error.message}${help}`, { cause: error });
}

/** What a person can do about it. */
const HELP: Partial<Record<StoreErrorKind, readonly [status: ExitStatus, help: string]>> = {
  full: [EXIT.tryAgainLater, ": make room on that disk and start again, nothing is lost"],
  readOnly: [EXIT.cannotCreate, ": make the files and their disk writable for this user"],
  busy: [EXIT.tryAgainLater, ": end that program"],
  corrupt: [EXIT.badData, ": keep all files of the directory, and bring back a backup"],
  io: [EXIT.cannotCreate, ": look into the system's log for what is wrong with the disk"],
};

/** Less than the smallest files of a database need. */
const FULL_BYTES = 64 * 1024;

function diskFull(data: string, cause: Error): unknown {
  const error = new StoreError("full", `the disk is full (${cause.message})`, { cause });
  return storeFailure(error, `cannot open ${data}: `);
}

function openFailure(data: string, error: unknown): unknown {
  const options = { cause: error };
  if (error instanceof StoreError) {
    if (error.kind === "locked") return new Failure(EXIT.tryAgainLater, error.message, options);
    // SQLite needs room for its index of the log, and says no more than that it has none.
    const full = error.kind === "io" && (freeBytesAt(data) ?? Infinity) < FULL_BYTES;
    if (full) return diskFull(data, error);
    if (error.kind in HELP) return storeFailure(error, `cannot open ${data}: `);
    return new Failure(EXIT.badConfiguration, `cannot open ${data}: ${error.message}`, options);
  }
  // failureOf knows what to do about a missing permission of Deno's.
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return error;
  // ENOSPC, from a file that is not the database's.
  if (error.message.includes("(os error 28)")) return diskFull(data, error);
  // What the system did not say came from the database: it is damaged, or none of ours.
  const status = /\(os error \d+\)/.test(error.message) ? EXIT.cannotCreate : EXIT.badData;
  return new Failure(status, `cannot open ${data}: ${error.message}`, options);
}
