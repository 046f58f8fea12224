/** A DNS server on loopback, by UDP and TCP on one port, that says what a test wants. */
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import packet from "$dns";
import type { Endpoint } from "../lib/endpoint.ts";
import { concat } from "../lib/wire/bytes.ts";

/** What it says to a question; fields as dns-packet has them. */
export interface DnsReply {
  /** Default `NOERROR`. */
  readonly rcode?: "NXDOMAIN" | "SERVFAIL" | "REFUSED";
  readonly answers?: readonly DnsServerRecord[];
  readonly authorities?: readonly DnsServerRecord[];
  /** By UDP it only says that the answer is too long. */
  readonly truncated?: boolean;
  /** The reply comes so late; at once by default. */
  readonly afterMs?: number;
  /** Before the true one, these forged ones: with another id, or about another name. */
  readonly forged?: readonly ("id" | "name")[];
}

export interface DnsServerRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  readonly data: unknown;
}

export interface DnsServer extends AsyncDisposable {
  readonly endpoint: Endpoint;
  /** `udp xyz.com MX`, in their order. */
  readonly asked: readonly string[];
}

interface Asked {
  readonly id: number;
  readonly name: string;
  readonly type: string;
}

/** `answer` gives `null` for silence. */
export async function startDnsServer(
  answer: (name: string, type: string, by: "udp" | "tcp") => DnsReply | null,
): Promise<DnsServer> {
  const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = tcp.addr as Deno.NetAddr;
  const udp = createSocket("udp4");
  udp.bind(port, "127.0.0.1");
  await once(udp, "listening");
  const asked: string[] = [];
  const late = new Set<ReturnType<typeof setTimeout>>();
  const hear = async (bytes: Uint8Array, by: "udp" | "tcp"): Promise<readonly Uint8Array[]> => {
    const { id, questions } = packet.decode(Buffer.from(bytes));
    const { name, type } = questions[0];
    asked.push(`${by} ${name} ${type}`);
    const reply = answer(name.toLowerCase(), type, by);
    if (reply === null) return [];
    if (reply.afterMs !== undefined) {
      await new Promise<void>((resolve) => late.add(setTimeout(resolve, reply.afterMs)));
    }
    return messagesOf({ id, name, type }, reply, by);
  };
  udp.on("message", async (bytes, from) => {
    for (const message of await hear(bytes, "udp")) udp.send(message, from.port, from.address);
  });
  const served = serveTcp(tcp, (bytes) => hear(bytes, "tcp"));
  return {
    endpoint: { host: "127.0.0.1", port },
    asked,
    async [Symbol.asyncDispose]() {
      for (const timer of late) clearTimeout(timer);
      tcp.close();
      await closed(udp);
      await served;
    },
  };
}

/** A zone that a test writes down: names, and their records as in {@linkcode DnsServerRecord}. */
export function zone(
  records: Readonly<Record<string, readonly (readonly [type: string, data: unknown])[]>>,
): (name: string, type: string) => DnsReply {
  return (name, type) => {
    const known = records[name];
    if (known === undefined) return { rcode: "NXDOMAIN", authorities: [SOA] };
    const answers = known
      .filter(([each]) => each === type || each === "CNAME")
      .map(([each, data]) => ({ name, type: each, ttl: 300, data }));
    return answers.length === 0 ? { authorities: [SOA] } : { answers };
  };
}

/** A "no" may be remembered for a minute. */
export const SOA: DnsServerRecord = {
  name: "test",
  type: "SOA",
  ttl: 300,
  data: {
    mname: "ns.test",
    rname: "root.test",
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 60,
  },
};

/** The bytes of a reply to a question. */
export function replyBytes({ id, name, type }: Asked, reply: DnsReply): Uint8Array {
  return packet.encode({
    type: "response",
    id,
    flags: packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | RCODES[reply.rcode ?? ""]! |
      (reply.truncated === true ? packet.TRUNCATED_RESPONSE : 0),
    questions: [{ name, type, class: "IN" }],
    answers: reply.answers ?? [],
    authorities: reply.authorities ?? [],
  });
}

const RCODES: Readonly<Record<string, number>> = { "": 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };

function messagesOf(asked: Asked, reply: DnsReply, by: "udp" | "tcp"): readonly Uint8Array[] {
  const lie: DnsReply = { answers: [{ name: asked.name, type: "A", ttl: 9, data: "192.0.2.66" }] };
  const forged = (reply.forged ?? []).map((what) =>
    what === "id"
      ? replyBytes({ ...asked, id: asked.id ^ 1 }, lie)
      : replyBytes({ ...asked, name: `x${asked.name}` }, lie)
  );
  const cut = by === "udp" && reply.truncated === true;
  const { truncated: _, ...whole } = reply;
  return [...forged, replyBytes(asked, cut ? { truncated: true } : whole)];
}

async function serveTcp(
  listener: Deno.Listener,
  hear: (bytes: Uint8Array) => Promise<readonly Uint8Array[]>,
): Promise<void> {
  const serve = async (conn: Deno.Conn) => {
    const length = await exactly(conn, 2);
    const question = await exactly(conn, length[0]! * 256 + length[1]!);
    const messages = await hear(question);
    // Who has nothing to say keeps the other side waiting, until it leaves.
    if (messages.length === 0) await conn.read(new Uint8Array(1));
    for (const message of messages) {
      const framed = concat([Uint8Array.of(message.length >> 8, message.length & 255), message]);
      // In two pieces, as the network may deliver it.
      await conn.write(framed.subarray(0, 7));
      await conn.write(framed.subarray(7));
    }
  };
  const serving: Promise<void>[] = [];
  try {
    for await (const conn of listener) {
      serving.push(serve(conn).catch(() => {}).finally(() => conn.close()));
    }
  } finally {
    await Promise.all(serving);
  }
}

async function exactly(conn: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) throw new Error("the client has left");
    at += read;
  }
  return bytes;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
