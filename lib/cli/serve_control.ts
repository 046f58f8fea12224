/** The socket in the data directory, by which the operator's commands reach a running server. */
import type { AdminParts } from "../app/admin.ts";
import { serveControl } from "../app/control.ts";
import { encode } from "../wire/bytes.ts";
import { controlPath } from "./admin_client.ts";
import { EXIT, Failure } from "./fail.ts";

/** The system keeps the path in a field of 108 bytes, one of which ends it (unix(7)). */
const PATH_BYTES_MAX = 107;

/**
 * Listens in the directory, whose lock the caller holds. Disposing of it ends it, after the
 * requests that are under way.
 * @throws {Failure} `badConfiguration` when the path is too long
 * @throws {NetError} when it cannot be listened there
 */
export function startControl(directory: string, parts: AdminParts): AsyncDisposable {
  const path = controlPath(directory);
  if (encode(path).length > PATH_BYTES_MAX) {
    throw new Failure(
      EXIT.badConfiguration,
      `${path}: no socket can have a path of more than ${PATH_BYTES_MAX} bytes: ` +
        "choose a shorter --data, for example a relative one",
    );
  }
  removeSocket(path);
  const listener = parts.world.net.listenPath(path);
  const stop = new AbortController();
  const serving = serveControl({ ...parts, listener, signal: stop.signal });
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      stop.abort();
      await serving;
      removeSocket(path);
    },
  };
}

/** Also what a crash has left; a file that is no socket stays, and is in the way. */
function removeSocket(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket === true) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
