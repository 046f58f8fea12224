/** What an upgrade to TLS has in common on both sides: its end, good or bad. */
import type { TlsInfo } from "../wire/session.ts";
import { type Connection, netErrorOf } from "./socket.ts";
import type { Splice } from "./splice.ts";
import type { ServerHello, ServerHelloWatch } from "./tls_hello.ts";
import { NetError } from "./world.ts";

/** A connection with TLS in it, and what was agreed. */
export interface Upgraded {
  readonly connection: Connection;
  readonly info: TlsInfo;
}

/**
 * How many files one TLS connection holds open, on either side: the peer's, and both ends of the
 * loopback connection. While a handshake begins, its listener is one more.
 */
export const TLS_FILES_PER_CONNECTION = 3;

/**
 * Waits for a handshake that goes through a splice, and gives what the server chose. When it fails,
 * the peer still gets the alert that says why (RFC 8446 §6.2); then, as when `signal` is aborted,
 * everything is closed.
 * @throws {NetError} `handshake`, or `lost` when the connection broke.
 */
export async function finishHandshake(
  handshake: () => Promise<unknown>,
  { inner, joined, watch, signal }: {
    readonly inner: Connection;
    readonly joined: Splice;
    readonly watch: ServerHelloWatch;
    readonly signal: AbortSignal;
  },
): Promise<ServerHello> {
  if (signal.aborted) joined.abort();
  else signal.addEventListener("abort", joined.abort);
  try {
    await handshake();
    return chosenBy(watch);
  } catch (error) {
    inner.close();
    await joined.drain();
    throw handshakeError(error);
  } finally {
    signal.removeEventListener("abort", joined.abort);
  }
}

/**
 * Before Deno 2.9, Node's TLS takes a connection that ends, or that has something else in it, for a
 * handshake that is over.
 */
function chosenBy({ hello }: ServerHelloWatch): ServerHello {
  if (hello === "alien") throw new NetError("handshake", "what the server sent is not TLS");
  if (hello === "awaited") throw new NetError("lost", "the server left before it began with TLS");
  return hello;
}

/** A failure of a handshake as a {@linkcode NetError}. */
function handshakeError(error: unknown): NetError {
  const ofConnection = netErrorOf(error, "the connection broke during the TLS handshake");
  if (ofConnection.kind !== "other" || !(error instanceof Error)) return ofConnection;
  return new NetError("handshake", `no TLS: ${error.message}`, { cause: error });
}

/**
 * The connection that a session goes on with: `inner` speaks TLS, and what it says goes out on
 * `outer`, to which it is joined.
 */
export function spliced(outer: Connection, inner: Connection, joined: Splice): Connection {
  let closed = false;
  return {
    local: outer.local,
    remote: outer.remote,
    get reading() {
      return inner.reading;
    },
    read: () => inner.read(),
    write: (bytes) => inner.write(bytes),
    async closeWrite() {
      await inner.closeWrite();
      // Whoever closes the connection now must not cut off what was said.
      await joined.back;
    },
    close() {
      if (closed) return;
      closed = true;
      inner.close();
      void joined.drain();
    },
  };
}
