/** A transport that does some things in another way. */
import type { Transport } from "./world.ts";

/** Everything that is not in `changes` is done by `inner`. */
export function wrapTransport(
  inner: Transport,
  changes: Partial<Pick<Transport, "read" | "startTls" | "write">>,
): Transport {
  return {
    local: inner.local,
    remote: inner.remote,
    get tls() {
      return inner.tls;
    },
    read: changes.read ?? (() => inner.read()),
    unread: (bytes) => inner.unread(bytes),
    write: changes.write ?? ((bytes) => inner.write(bytes)),
    startTls: changes.startTls ?? ((request) => inner.startTls(request)),
    closeWrite: () => inner.closeWrite(),
    close: () => inner.close(),
  };
}
