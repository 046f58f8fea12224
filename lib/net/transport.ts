/** A transport over one of Deno's connections, into which TLS can be put. */
import type { TlsInfo, TlsRequest } from "../wire/session.ts";
import { closedHere, type Connection, type SocketConnection, socketConnection } from "./socket.ts";
import { upgradeClient } from "./tls_client.ts";
import { upgradeServer } from "./tls_server.ts";
import type { Upgraded } from "./tls_upgrade.ts";
import type { Endpoint, Transport } from "./world.ts";

/** Wraps a connection. It takes no memory for TLS before that is asked for. */
export function connTransport(conn: Deno.Conn): Transport {
  return new ConnTransport(socketConnection(conn));
}

/** A class for the same reason as the socket in it. */
class ConnTransport implements Transport {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #outer: SocketConnection;
  #connection: Connection;
  /** Set as soon as TLS is asked for; aborted when the transport is closed meanwhile. */
  #upgrading: AbortController | null = null;
  #tls: TlsInfo | null = null;
  #closed = false;

  constructor(outer: SocketConnection) {
    this.local = outer.local;
    this.remote = outer.remote;
    this.#outer = outer;
    this.#connection = outer;
  }

  get tls(): TlsInfo | null {
    return this.#tls;
  }

  read(): Promise<Uint8Array | null> {
    return this.#isBusy() ? refused("read") : this.#connection.read();
  }

  unread(bytes: Uint8Array): void {
    this.#outer.unread(bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#isBusy() ? refused("write") : this.#connection.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#isBusy() ? refused("close the write side") : this.#connection.closeWrite();
  }

  async startTls(request: TlsRequest): Promise<TlsInfo> {
    if (this.#closed) throw closedHere();
    if (this.#upgrading !== null) throw new Error("Cannot start TLS twice on one connection");
    // It would take the first bytes of the handshake, and give them out as if they were said.
    if (this.#outer.reading) throw new Error("Cannot start TLS while a read is pending");
    this.#upgrading = new AbortController();
    try {
      const { connection, info } = await upgrade(this.#outer, request, this.#upgrading.signal);
      if (this.#closed) {
        connection.close();
        throw closedHere();
      }
      this.#connection = connection;
      return this.#tls = info;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#upgrading?.abort();
    this.#connection.close();
  }

  /** In the middle of a handshake nothing may be said or heard in clear. */
  #isBusy(): boolean {
    return this.#upgrading !== null && this.#tls === null && !this.#closed;
  }
}

function upgrade(outer: Connection, request: TlsRequest, signal: AbortSignal): Promise<Upgraded> {
  return request.side === "server"
    ? upgradeServer(outer, request.identity, signal)
    : upgradeClient(outer, request, signal);
}

function refused(what: string): Promise<never> {
  return Promise.reject(new Error(`Cannot ${what} during a TLS handshake`));
}
