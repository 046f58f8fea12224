/**
 * Asking for what an operator wants: the running server, whose caches and watchers then know, and
 * only when none answers, the store itself.
 */
import { administer, type AdminRequest, type AdminValues } from "../app/admin.ts";
import { askControl } from "../app/control.ts";
import type { AdminFault } from "../app/refused.ts";
import { NetError, type World } from "../net/world.ts";
import { findDirectory, openStore, type Place } from "./data_directory.ts";
import { EXIT, type ExitStatus, Failure } from "./fail.ts";

/** What all commands are run with. */
export interface AdminOptions {
  readonly world: World;
  readonly place: Place;
}

/** Where a running server listens for its operator. */
export function controlPath(directory: string): string {
  return `${directory}/control.sock`;
}

/**
 * Asks, and gives the answer.
 * @throws {Failure} with the words of whoever refused
 */
export async function askAdmin<Request extends AdminRequest>(
  { world, place }: AdminOptions,
  request: Request,
): Promise<AdminValues[Request["do"]]> {
  const { directory, domain } = await findDirectory(place);
  const answer = await askServer(world, directory, request) ??
    await askStore({ world, directory, domain }, request);
  // `administer` gives each request its own kind of answer; across the socket no compiler sees it.
  if (answer.ok) return answer.value as AdminValues[Request["do"]];
  throw new Failure(statusOf(answer.kind, request), answer.message);
}

async function askServer(world: World, directory: string, request: AdminRequest) {
  try {
    return await askControl(world, controlPath(directory), request);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    throw new Failure(EXIT.tryAgainLater, `${error.message} (see its log)`, { cause: error });
  }
}

interface Closed {
  readonly world: World;
  readonly directory: string;
  readonly domain: string | null;
}

async function askStore({ world, directory, domain }: Closed, request: AdminRequest) {
  // A new account may be the first thing in a new directory; anything else there is a mistake.
  if (request.do !== "user add") await mustExist(directory);
  await using store = await openStore(directory, world);
  return await administer({ world, store, domain }, request);
}

async function mustExist(directory: string): Promise<void> {
  try {
    await Deno.stat(`${directory}/smtpd.db`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const message = `${directory} is not a data directory (a server makes one when it starts)`;
    throw new Failure(EXIT.noInput, message, { cause: error });
  }
}

function statusOf(kind: AdminFault, request: AdminRequest): ExitStatus {
  switch (kind) {
    case "usage":
      return EXIT.usage;
    case "unknown":
      return /^(user|alias) /.test(request.do) ? EXIT.noSuchRecipient : EXIT.noInput;
    case "exists":
      return EXIT.cannotCreate;
    case "failed":
      return EXIT.tryAgainLater;
  }
}
