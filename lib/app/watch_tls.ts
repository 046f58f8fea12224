/** What the log says about handshakes. */
import type { Service } from "../config.ts";
import { describeError, type Log } from "../log.ts";
import type { Transport } from "../net/world.ts";

/** The transport, with its upgrade to TLS in the log, good or bad. */
export function watchTls(transport: Transport, log: Log, service: Service): Transport {
  const { host: peer, port } = transport.remote;
  return {
    local: transport.local,
    remote: transport.remote,
    get tls() {
      return transport.tls;
    },
    read: () => transport.read(),
    write: (bytes) => transport.write(bytes),
    async startTls(request) {
      try {
        const info = await transport.startTls(request);
        const { version, cipher } = info;
        log.debug("tls", { service, peer, port, version, cipher });
        return info;
      } catch (error) {
        log.info("tls-failed", { service, peer, port, reason: describeError(error) });
        throw error;
      }
    },
    closeWrite: () => transport.closeWrite(),
    close: () => transport.close(),
  };
}
