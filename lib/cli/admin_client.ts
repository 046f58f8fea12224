/**
 * Asking for what an operator wants: the running server, whose caches and watchers then know, and
 * only when none answers, the store itself.
 */
import { administer, type AdminRequest, type AdminValues } from "../app/admin.ts";
import { askControl } from "../app/control.ts";
import type { AdminFault } from "../app/refused.ts";
import { NetError, type World } from "../net/world.ts";
import type { Store } from "../store/store.ts";
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
  options: AdminOptions,
  request: Request,
): Promise<AdminValues[Request["do"]]> {
  await using asking = await openAdmin(options);
  return await asking.ask(request);
}

/** Whoever answers, for as many requests as there are. */
export interface Asking extends AsyncDisposable {
  /**
   * `content`: what follows the request.
   * @throws {Failure} with the words of whoever refused
   */
  ask<Request extends AdminRequest>(
    request: Request,
    content?: Uint8Array<ArrayBuffer>,
  ): Promise<AdminValues[Request["do"]]>;
}

/** A store that was opened because no server runs is held until the end, so that none begins. */
export async function openAdmin({ world, place }: AdminOptions): Promise<Asking> {
  const { directory, domain } = await findDirectory(place);
  let store: Store | null = null;
  const askStore = async (request: AdminRequest, content?: Uint8Array<ArrayBuffer>) => {
    // A new account may be the first thing in a new directory; anything else is a mistake there.
    if (store === null && request.do !== "user add") await mustExist(directory);
    store ??= await openStore(directory, world);
    return await administer({ world, store, domain }, request, content);
  };
  return {
    async ask<Request extends AdminRequest>(request: Request, content?: Uint8Array<ArrayBuffer>) {
      const said = store === null ? await askServer(world, directory, request, content) : null;
      const answer = said ?? await askStore(request, content);
      // `administer` gives each request its own kind of answer; no compiler sees it on a socket.
      if (answer.ok) return answer.value as AdminValues[Request["do"]];
      throw new Failure(statusOf(answer.kind, request), answer.message);
    },
    async [Symbol.asyncDispose]() {
      await store?.[Symbol.asyncDispose]();
    },
  };
}

async function askServer(
  world: World,
  directory: string,
  request: AdminRequest,
  content?: Uint8Array<ArrayBuffer>,
) {
  try {
    return await askControl(world, controlPath(directory), request, content);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    throw new Failure(EXIT.tryAgainLater, `${error.message} (see its log)`, { cause: error });
  }
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
      return /^(user|alias|import|export$)/.test(request.do) ? EXIT.noSuchRecipient : EXIT.noInput;
    case "exists":
      return EXIT.cannotCreate;
    case "failed":
      return EXIT.tryAgainLater;
  }
}
