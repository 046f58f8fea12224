/** What the log says about handshakes. */
import type { Service } from "../config.ts";
import { describeError, type Log } from "../log.ts";
import { wrapTransport } from "../net/wrap.ts";
import type { Endpoint, Transport } from "../net/world.ts";

/** The transport of a peer, with its upgrade to TLS in the log, good or bad. */
export function watchTls(
  transport: Transport,
  log: Log,
  { service, peer: { host: peer, port } }: { readonly service: Service; readonly peer: Endpoint },
): Transport {
  return wrapTransport(transport, {
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
  });
}
