/**
 * A stub resolver: asks a recursive one, by UDP, and by TCP where an answer is too long for that.
 * The runtime's own gives the same error for a name that does not exist and for a server that
 * cannot say, and a mail server must never take the one for the other.
 */
import { createSocket } from "node:dgram";
import { canonicalAddress } from "../mail/literal.ts";
import { concat } from "../wire/bytes.ts";
import { type Endpoint, endpointText } from "../endpoint.ts";
import { type Dns, type DnsAnswer, DnsError, type DnsType } from "./dns.ts";
import {
  ALIASES_MAX,
  type DnsQuestion,
  type DnsReading,
  isDnsName,
  questionBytes,
  readReply,
} from "./dns_wire.ts";
import { resolversIn } from "./resolv_conf.ts";
import { within } from "./within.ts";

/** RFC 1035 §4.2. */
const DNS_PORT = 53;
/** What each server has to answer, in the first round and in the second: datagrams get lost. */
const ATTEMPT_MS = [2_000, 4_000] as const;
/** A resolver that goes to the servers of others answers by TCP within this, if ever. */
const TCP_MS = 5_000;
/** For one question with all its aliases, whatever the servers do. */
const QUESTION_MS = 10_000;

/**
 * Asks the resolvers of the system. They are looked up for each question, for a machine that moves
 * gets others; that needs `--allow-read`.
 */
export function systemDns(): Dns {
  return createDns(async () => {
    let text: string;
    try {
      text = await Deno.readTextFile("/etc/resolv.conf");
    } catch (cause) {
      throw new DnsError("failed", "the system's resolvers are not known (--dns names one)", {
        cause,
      });
    }
    return resolversIn(text).map((host) => ({ host, port: DNS_PORT }));
  });
}

/** Asks these resolvers, in their order. */
export function dnsOf(...servers: readonly Endpoint[]): Dns {
  return createDns(() => Promise.resolve(servers));
}

function createDns(servers: () => Promise<readonly Endpoint[]>): Dns {
  return {
    async query(name, type, signal) {
      // What cannot be asked for is not there: "later" would never end.
      if (!isDnsName(name)) return { kind: "noName", ttlMs: 0 };
      const late = new DnsError("timeout", `no answer about ${name} ${type} in time`);
      try {
        return await within(
          QUESTION_MS,
          late,
          signal,
          async (stop) => await followed(await servers(), { name, type }, stop),
        );
      } catch (error) {
        if (signal.aborted) throw new DnsError("aborted", "the question was given up");
        if (error instanceof DnsError) throw error;
        throw new DnsError("failed", `cannot ask about ${name} ${type}`, { cause: error });
      }
    },
  };
}

/** Asks on where a server only says that a name is an alias. */
async function followed(
  servers: readonly Endpoint[],
  asked: { readonly name: string; readonly type: DnsType },
  stop: AbortSignal,
): Promise<DnsAnswer> {
  let { name } = asked;
  let ttlMs = Infinity;
  for (let steps = 0; steps <= ALIASES_MAX; steps++) {
    const reading = await askAll(servers, { ...asked, name }, stop);
    ttlMs = Math.min(ttlMs, reading.kind === "answer" ? reading.answer.ttlMs : reading.ttlMs);
    if (reading.kind === "answer") return { ...reading.answer, ttlMs };
    name = reading.to;
  }
  throw new DnsError("failed", `${asked.name} has too many aliases`);
}

/** The first that has an answer; those that are silent are asked once more. */
async function askAll(
  servers: readonly Endpoint[],
  { name, type }: { readonly name: string; readonly type: DnsType },
  stop: AbortSignal,
): Promise<Extract<DnsReading, { readonly kind: "answer" | "alias" }>> {
  let last = new DnsError("failed", "there is no server to ask");
  let left = servers;
  for (const ms of ATTEMPT_MS) {
    const silent: Endpoint[] = [];
    for (const server of left) {
      try {
        const reading = await ask(server, { id: randomId(), name, type }, { ms, stop });
        if (reading.kind === "answer" || reading.kind === "alias") return reading;
        const words = reading.kind === "failed" ? reading.words : "its answer is cut";
        last = new DnsError("failed", `${endpointText(server)} about ${name} ${type}: ${words}`);
      } catch (error) {
        stop.throwIfAborted();
        if (error instanceof DnsError && error.kind === "timeout") silent.push(server);
        last = error instanceof DnsError
          ? error
          : new DnsError("failed", `cannot ask ${endpointText(server)}`, { cause: error });
      }
    }
    left = silent;
  }
  throw last;
}

/** RFC 5452 §9.2: nobody can guess it; nor the port, which the system chooses anew each time. */
function randomId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0]!;
}

async function ask(
  server: Endpoint,
  question: DnsQuestion,
  { ms, stop }: { readonly ms: number; readonly stop: AbortSignal },
): Promise<DnsReading> {
  const late = new DnsError("timeout", `no answer from ${endpointText(server)}`);
  const reading = await within(ms, late, stop, (ended) => askByUdp(server, question, ended));
  if (reading.kind !== "truncated") return reading;
  return await within(TCP_MS, late, stop, (ended) => askByTcp(server, question, ended));
}

function askByUdp(
  server: Endpoint,
  question: DnsQuestion,
  ended: AbortSignal,
): Promise<DnsReading> {
  const socket = createSocket(server.host.includes(":") ? "udp6" : "udp4");
  const answered = new Promise<DnsReading>((resolve, reject) => {
    ended.addEventListener("abort", () => reject(ended.reason), { once: true });
    socket.on("error", reject);
    socket.on("message", (bytes, { address, port }) => {
      // RFC 5452 §9.1: what comes from elsewhere is not the answer, whatever it says.
      if (canonicalAddress(address) !== canonicalAddress(server.host)) return;
      const reading = port === server.port ? readReply(bytes, question) : null;
      if (reading !== null) resolve(reading);
    });
    socket.send(questionBytes(question), server.port, server.host, (error) => {
      if (error) reject(error);
    });
  });
  return answered.finally(() => socket.close());
}

/** RFC 1035 §4.2.2: each message behind its length. */
async function askByTcp(
  { host: hostname, port }: Endpoint,
  question: DnsQuestion,
  ended: AbortSignal,
): Promise<DnsReading> {
  const conn = await Deno.connect({ hostname, port, signal: ended });
  let open = true;
  const close = () => {
    if (open) conn.close();
    open = false;
  };
  ended.addEventListener("abort", close, { once: true });
  try {
    const bytes = questionBytes(question);
    const message = concat([Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]);
    for (let at = 0; at < message.length;) at += await conn.write(message.subarray(at));
    const [high, low] = await readExactly(conn, 2);
    const reply = await readExactly(conn, high! * 256 + low!);
    return readReply(reply, question) ?? { kind: "failed", words: "it answers something else" };
  } finally {
    ended.removeEventListener("abort", close);
    close();
  }
}

/** So many bytes; a message has at most 65,535. */
async function readExactly(conn: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) throw new DnsError("failed", "the connection ended before the answer");
    at += read;
  }
  return bytes;
}
