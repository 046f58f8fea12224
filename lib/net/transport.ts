/** A transport over one of Deno's connections, into which TLS can be put. */
import type { TlsInfo, TlsRequest } from "../wire/session.ts";
import { closedHere, type Connection, socketConnection } from "./socket.ts";
import { upgradeClient } from "./tls_client.ts";
import { upgradeServer } from "./tls_server.ts";
import type { Upgraded } from "./tls_upgrade.ts";
import { unreadConnection } from "./unread.ts";
import type { Transport } from "./world.ts";

/** Wraps a connection. It takes no memory for TLS before that is asked for. */
export function connTransport(conn: Deno.Conn): Transport {
  const outer = unreadConnection(socketConnection(conn));
  let connection: Connection = outer;
  /** Set as soon as TLS is asked for; aborted when the transport is closed meanwhile. */
  let upgrading: AbortController | null = null;
  let tls: TlsInfo | null = null;
  let closed = false;
  // In the middle of a handshake nothing may be said or heard in clear.
  const busy = () => upgrading !== null && tls === null && !closed;

  function close(): void {
    if (closed) return;
    closed = true;
    upgrading?.abort();
    connection.close();
  }

  return {
    local: outer.local,
    remote: outer.remote,
    get tls() {
      return tls;
    },
    read: () => busy() ? refused("read") : connection.read(),
    unread: (bytes) => outer.unread(bytes),
    write: (bytes) => busy() ? refused("write") : connection.write(bytes),
    closeWrite: () => busy() ? refused("close the write side") : connection.closeWrite(),
    async startTls(request) {
      if (closed) throw closedHere();
      if (upgrading !== null) throw new Error("Cannot start TLS twice on one connection");
      // It would take the first bytes of the handshake, and give them out as if they were said.
      if (outer.reading) throw new Error("Cannot start TLS while a read is pending");
      upgrading = new AbortController();
      try {
        const upgraded = await upgrade(outer, request, upgrading.signal);
        if (closed) {
          upgraded.connection.close();
          throw closedHere();
        }
        connection = upgraded.connection;
        return tls = upgraded.info;
      } catch (error) {
        close();
        throw error;
      }
    },
    close,
  };
}

function upgrade(outer: Connection, request: TlsRequest, signal: AbortSignal): Promise<Upgraded> {
  return request.side === "server"
    ? upgradeServer(outer, request.identity, signal)
    : upgradeClient(outer, request, signal);
}

function refused(what: string): Promise<never> {
  return Promise.reject(new Error(`Cannot ${what} during a TLS handshake`));
}
