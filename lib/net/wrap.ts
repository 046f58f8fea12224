/** A transport that does some things in another way. */
import type { TlsInfo, TlsRequest } from "../wire/session.ts";
import type { Endpoint, Transport } from "./world.ts";

type Changes = Partial<Pick<Transport, "read" | "startTls" | "write">>;

/** Everything that is not in `changes` is done by `inner`. */
export function wrapTransport(inner: Transport, changes: Changes): Transport {
  return new Wrapped(inner, changes);
}

/** A class, for every connection of a server is in one. */
class Wrapped implements Transport {
  readonly #inner: Transport;
  readonly #changes: Changes;

  constructor(inner: Transport, changes: Changes) {
    this.#inner = inner;
    this.#changes = changes;
  }

  get local(): Endpoint {
    return this.#inner.local;
  }

  get remote(): Endpoint {
    return this.#inner.remote;
  }

  get tls(): TlsInfo | null {
    return this.#inner.tls;
  }

  read(): Promise<Uint8Array | null> {
    const { read } = this.#changes;
    return read === undefined ? this.#inner.read() : read();
  }

  unread(bytes: Uint8Array): void {
    this.#inner.unread(bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    const { write } = this.#changes;
    return write === undefined ? this.#inner.write(bytes) : write(bytes);
  }

  startTls(request: TlsRequest): Promise<TlsInfo> {
    const { startTls } = this.#changes;
    return startTls === undefined ? this.#inner.startTls(request) : startTls(request);
  }

  closeWrite(): Promise<void> {
    return this.#inner.closeWrite();
  }

  close(): void {
    this.#inner.close();
  }
}
