/** Beginning to listen, with failures in people's words. */
import { NetError } from "../net/world.ts";
import { EXIT, Failure } from "./fail.ts";

/**
 * Begins to listen.
 * @throws {Failure} `unavailable` when the address is taken, `noSuchHost` when its name is unknown,
 * `badConfiguration` when it can never be had.
 */
export function listening<Listening>(begin: () => Listening): Listening {
  try {
    return begin();
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    // What no waiting helps against is a matter of how the server is set up.
    const forGood = error.kind === "forbidden" || error.kind === "notOurs";
    const named = error.kind === "unknownHost" ? EXIT.noSuchHost : EXIT.unavailable;
    throw new Failure(forGood ? EXIT.badConfiguration : named, error.message, { cause: error });
  }
}
