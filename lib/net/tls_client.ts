/**
 * The client's side of TLS. With verification it is `Deno.startTls`, which is right about
 * certificates on every version; without, it is `node:tls`, the only one that can do without.
 * Either gets a loopback connection, so that a server which does not finish the handshake can be
 * left, and the server's hello can be read.
 */
import { once } from "node:events";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { TlsInfo, TlsRequest } from "../wire/session.ts";
import { marksOf } from "./certificate.ts";
import { dialDeno, type Dialled, LOOPBACK, loopback, type LoopbackAddress } from "./loopback.ts";
import { type Connection, socketConnection } from "./socket.ts";
import { splice } from "./splice.ts";
import { streamConnection } from "./stream.ts";
import { watchServerHello } from "./tls_hello.ts";
import { finishHandshake, spliced, type Upgraded } from "./tls_upgrade.ts";
import { cannotVerify, untrusted } from "./untrusted.ts";
import { NetError } from "./world.ts";

type ClientRequest = TlsRequest & { readonly side: "client" };

/**
 * Upgrades a connection whose server waits for our hello.
 *
 * @param signal ends it: whatever was opened is closed again.
 * @throws {NetError} `untrusted`, `handshake`, `unusable` (the authorities) or `lost`.
 */
export function upgradeClient(
  outer: Connection,
  request: ClientRequest,
  signal: AbortSignal,
): Promise<Upgraded> {
  return request.verify ? verified(outer, request, signal) : unverified(outer, request, signal);
}

async function verified(
  outer: Connection,
  { hostname, authorities = [] }: ClientRequest,
  signal: AbortSignal,
): Promise<Upgraded> {
  const { near, far } = await loopback(listener(), dialDeno);
  const nearer = socketConnection(near);
  const conn = await begun(far, hostname, authorities).catch((error) => {
    nearer.close();
    throw error;
  });
  const inner = socketConnection(conn);
  const { joined, watch } = join(outer, nearer);
  try {
    const handshake = () => conn.handshake();
    const chosen = await finishHandshake(handshake, { inner, joined, watch, signal });
    return { connection: spliced(outer, inner, joined), info: { ...chosen, ...NO_MARKS } };
  } catch (error) {
    throw untrusted(error, hostname) ?? error;
  }
}

async function begun(
  far: Deno.TcpConn,
  hostname: string,
  authorities: readonly string[],
): Promise<Deno.TlsConn> {
  // Our first words must not wait until the server has acknowledged the end of the handshake.
  far.setNoDelay(true);
  try {
    // The runtime would take no name for `localhost`, and text without a certificate for none.
    if (hostname === "") throw new Error("the hostname is empty");
    if (!authorities.every((pem) => pem.includes(PEM_CERTIFICATE))) {
      throw new Error("a PEM file is wanted");
    }
    return await Deno.startTls(far, { hostname, caCerts: [...authorities] });
  } catch (error) {
    try {
      far.close();
    } catch {
      // For some failures the runtime has closed it already.
    }
    throw cannotVerify(error, hostname);
  }
}

const PEM_CERTIFICATE = "-----BEGIN CERTIFICATE-----";

async function unverified(
  outer: Connection,
  { hostname }: ClientRequest,
  signal: AbortSignal,
): Promise<Upgraded> {
  const { near, far } = await loopback(listener(), (to) => dialTls(to, hostname));
  const inner = streamConnection(near, outer);
  const { joined, watch } = join(outer, socketConnection(far), inner.room);
  let marks = NO_MARKS;
  const handshake = async () => {
    await once(near, "secureConnect");
    const shown: { readonly raw?: Uint8Array } | null = near.getPeerCertificate();
    const raw = shown?.raw;
    if (raw !== undefined) marks = marksOf(raw);
    // See chosenBy: that may have been the end of the connection.
    else if (typeof watch.hello !== "string") throw new NetError("lost", "the server left");
  };
  const chosen = await finishHandshake(handshake, { inner, joined, watch, signal });
  return { connection: spliced(outer, inner, joined), info: { ...chosen, ...marks } };
}

/** Where the runtime does not show the server's certificate. */
const NO_MARKS: Pick<TlsInfo, "binding" | "fingerprint"> = { binding: null, fingerprint: null };

/** Connects, and begins with the handshake. */
async function dialTls(
  { hostname: host, port }: LoopbackAddress,
  servername: string,
): Promise<Dialled<TLSSocket>> {
  const options = {
    host,
    port,
    // As in `begun`; before Deno 2.9 it has no effect, and the first words wait up to 40 ms.
    noDelay: true,
    allowHalfOpen: true,
    rejectUnauthorized: false,
    // RFC 6066 §3: an address is no name to ask for.
    ...(isIP(servername) === 0 ? { servername } : {}),
  };
  const near = connect(options);
  // An error is for whoever waits; when nobody does, it must not end the program.
  near.on("error", () => {});
  await once(near, "connect");
  const from = { hostname: near.localAddress!, port: near.localPort! };
  return { near, from, close: () => void near.destroy() };
}

function listener(): Deno.TcpListener {
  return Deno.listen({ hostname: LOOPBACK, port: 0 });
}

/** What the server says goes to `near`, as far as there is room for it; its hello comes first. */
function join(outer: Connection, near: Connection, room: () => Promise<void> = anyRoom) {
  const watch = watchServerHello();
  const joined = splice(outer, near, {
    async onward(chunk) {
      watch.see(chunk);
      await room();
      await near.write(chunk);
    },
    back: (chunk) => outer.write(chunk),
  });
  return { joined, watch };
}

/** A socket of the system has its own limit. */
function anyRoom(): Promise<void> {
  return Promise.resolve();
}
