/** Connections that come through a proxy which says for whom it speaks. */
import { literalOf } from "../mail/literal.ts";
import type { Clock, Endpoint, Transport } from "../net/world.ts";
import { concat } from "../wire/bytes.ts";
import { parseProxyHeader, type ProxyHeader } from "../wire/proxy.ts";

/**
 * A proxy sends its header at once (§2 of its protocol), in one packet. Whoever may send one and
 * does not is greeted when this is over: a mail server speaks first.
 */
const FIRST_BYTES_MS = 300;
/** The whole header, and the first bytes where the client speaks first. */
const HEADER_MS = 5_000;

export interface ProxiedOptions {
  readonly clock: Clock;
  /** Whether the client speaks first, as with TLS from the first byte. */
  readonly clientFirst: boolean;
}

/**
 * The peer that a trusted one speaks for; its own address where it says nothing. `null` when what
 * it says cannot be understood. What follows the header is read next.
 * @throws {NetError} when the connection is lost.
 */
export async function proxiedPeer(
  transport: Transport,
  { clock, clientFirst }: ProxiedOptions,
): Promise<Endpoint | null> {
  let heard: Uint8Array | null = null;
  let header: ProxyHeader = "more";
  let timeoutMs = clientFirst ? HEADER_MS : FIRST_BYTES_MS;
  while (header === "more") {
    const chunk: Uint8Array | "late" | null = await withinTime(clock, timeoutMs, transport.read());
    // Silence is nothing bad, but half a header is.
    if (chunk === "late" || chunk === null) {
      if (heard !== null || (clientFirst && chunk === "late")) return null;
      return transport.remote;
    }
    heard = concat([heard ?? NOTHING, chunk.slice()]);
    header = parseProxyHeader(heard);
    timeoutMs = HEADER_MS;
  }
  if (header === "malformed") return null;
  const { headerBytes, source } = header === "none" ? NO_HEADER : header;
  transport.unread((heard ?? NOTHING).slice(headerBytes));
  return source === null
    ? transport.remote
    : { host: canonical(source.address), port: source.port };
}

const NOTHING: Uint8Array = new Uint8Array(0);
const NO_HEADER = { headerBytes: 0, source: null } as const;

/** As sockets show addresses, IPv4 in the form of IPv6 among them. */
function canonical(address: string): string {
  const literal = literalOf(address) ?? address;
  const plain = literal.replace(/^\[(?:IPv6:)?|\]$/g, "");
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(plain) ?? [];
  if (high === undefined || low === undefined) return plain;
  const [front, back] = [parseInt(high, 16), parseInt(low, 16)];
  return [front >> 8, front & 255, back >> 8, back & 255].join(".");
}

async function withinTime<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | "late"> {
  const stop = new AbortController();
  try {
    const late = clock.sleep(ms, stop.signal).then(() => "late" as const, () => "late" as const);
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
