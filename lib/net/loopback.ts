/**
 * A connection of this process with itself. Deno's TLS wants to own a socket of the system; by
 * giving it one end of such a pair, the peer's own connection stays in our hands, and can be
 * closed at any moment. (A connection that Deno's TLS owns stays open after `close` until its
 * handshake is over, so a silent peer could hold as many as it likes.)
 */
import { NetError } from "./world.ts";

export const LOOPBACK = "127.0.0.1";

/** Whoever else gets in first is turned away; so many at once are no accident. */
const STRANGERS_MAX = 16;

/** A listener of TCP or TLS. */
export interface LoopbackListener<Far> {
  readonly addr: Deno.Addr;
  accept(): Promise<Far>;
  close(): void;
}

export interface LoopbackAddress {
  readonly hostname: string;
  readonly port: number;
}

/** The end that connects, and where it did that from. */
export interface Dialled<Near> {
  readonly near: Near;
  readonly from: LoopbackAddress;
  close(): void;
}

/**
 * Connects to a listener that was made for this one connection, and closes it. Any program of this
 * machine could connect in that moment: what does not come from our own port is never used.
 * @throws {NetError} `other` when the system has no more connections to give.
 */
export async function loopback<Near, Far extends Deno.Conn<Deno.NetAddr>>(
  listener: LoopbackListener<Far>,
  dial: (to: LoopbackAddress) => Promise<Dialled<Near>>,
): Promise<{ readonly near: Near; readonly far: Far }> {
  let dialled: Dialled<Near> | null = null;
  try {
    const { port } = listener.addr as Deno.NetAddr;
    dialled = await dial({ hostname: LOOPBACK, port });
    for (let strangers = 0; strangers <= STRANGERS_MAX; strangers++) {
      const far = await listener.accept();
      // The port alone would not do: it can be in use on another loopback address as well.
      const { hostname, port } = far.remoteAddr;
      if (hostname === dialled.from.hostname && port === dialled.from.port) {
        return { near: dialled.near, far };
      }
      far.close();
    }
    throw new Error("others connect again and again");
  } catch (cause) {
    dialled?.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new NetError("other", `no connection within this machine for TLS: ${message}`, { cause });
  } finally {
    listener.close();
  }
}

/** Connects as Deno does. */
export async function dialDeno(to: LoopbackAddress): Promise<Dialled<Deno.TcpConn>> {
  const near = await Deno.connect(to);
  return { near, from: near.localAddr, close: () => near.close() };
}
