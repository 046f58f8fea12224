/** Whom a connection is with: the other end, or the one for whom a trusted proxy says it speaks. */
import { isImplicitTls, type Service } from "../config.ts";
import type { Log } from "../log.ts";
import { canonicalAddress } from "../mail/literal.ts";
import { wrapTransport } from "../net/wrap.ts";
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

/** Whom the conversation is with. */
export interface Introduction {
  readonly peer: Endpoint;
  /** Whether the peer is the other end of the connection; nobody behind a header is. */
  readonly direct: boolean;
  /** The connection behind the header. */
  readonly transport: Transport;
}

export interface IntroductionOptions {
  readonly service: Service;
  /** Where the proxies are that may send a header; others get none read. */
  isProxy(address: string): boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Reads the header that a trusted proxy may begin with; `null` when it cannot be understood or is
 * not finished in time, which is logged.
 * @throws {NetError} when the connection is lost.
 */
export async function introduce(
  transport: Transport,
  options: IntroductionOptions,
): Promise<Introduction | null> {
  const { service, isProxy, log } = options;
  const { remote } = transport;
  const itself = { peer: remote, direct: true, transport };
  if (!isProxy(remote.host)) return itself;
  const fail = (reason: string) => log.info("proxy-failed", { service, peer: remote.host, reason });
  const header = await readHeader(transport, options);
  if (header === "none") return itself;
  if (header === "silence") {
    return { ...itself, transport: endedByHeader(transport, () => fail("the header came late")) };
  }
  if (header === "malformed") {
    fail("the header makes no sense, or is not finished");
    return null;
  }
  const { source } = header;
  // Also somebody whom the proxy does not know must not have what the proxy itself may.
  if (source === null) return { ...itself, direct: false };
  const host = canonicalAddress(source.address) ?? source.address;
  return { peer: { host, port: source.port }, direct: false, transport };
}

type Heard = Exclude<ProxyHeader, "more"> | "silence";

/** What comes first; what follows a header is left to be read next. */
async function readHeader(
  transport: Transport,
  { service, clock }: IntroductionOptions,
): Promise<Heard> {
  const clientFirst = isImplicitTls(service);
  let heard: Uint8Array = NOTHING;
  let header: ProxyHeader = "more";
  let timeoutMs = clientFirst ? HEADER_MS : FIRST_BYTES_MS;
  while (header === "more") {
    const chunk: Uint8Array | "late" | null = await withinTime(clock, timeoutMs, transport.read());
    // Silence is nothing bad where the server speaks first, but half a header is.
    if (chunk === "late" || chunk === null) {
      if (heard.length > 0 || (clientFirst && chunk === "late")) return "malformed";
      return chunk === "late" ? "silence" : "none";
    }
    heard = concat([heard, chunk]);
    header = parseProxyHeader(heard);
    timeoutMs = HEADER_MS;
  }
  if (header === "none") transport.unread(heard);
  else if (header !== "malformed") transport.unread(heard.slice(header.headerBytes));
  return header;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * A connection that was greeted as the proxy's own ends with a header that comes only now (a packet
 * was lost, and sent again): its client must not go on with what the proxy itself may.
 */
function endedByHeader(transport: Transport, onHeader: () => void): Transport {
  let heard: Uint8Array | null = NOTHING;
  return wrapTransport(transport, {
    async read() {
      const chunk = await transport.read();
      if (chunk === null || heard === null) return chunk;
      heard = concat([heard, chunk]);
      const header = parseProxyHeader(heard);
      if (header === "more") return chunk;
      heard = null;
      if (header === "none") return chunk;
      onHeader();
      return null;
    },
  });
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
