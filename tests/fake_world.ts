/**
 * A whole world in memory: time passes when the test says so, connections are queues of bytes, and
 * chance comes from a seed. The beginning of the simulation.
 */
import { pbkdf2Sync } from "node:crypto";
import { endpointText } from "../lib/endpoint.ts";
import { literalOf } from "../lib/mail/literal.ts";
import {
  type Disk,
  type Endpoint,
  type Listener,
  type Net,
  NetError,
  type Random,
  type Transport,
  type World,
} from "../lib/net/world.ts";
import type { TlsInfo } from "../lib/wire/session.ts";
import { type FakeDns, fakeDns } from "./fake_dns.ts";
import { type FakeHttps, fakeHttps } from "./fake_https.ts";
import { type FakeHandshake, fakeHandshake, fakeIdentity } from "./fake_tls.ts";
import { type FakeClock, fakeClock } from "./fake_transport.ts";

export interface FakeWorld extends World {
  readonly clock: FakeClock;
  readonly net: FakeNet;
  readonly dns: FakeDns;
  readonly https: FakeHttps;
  readonly disk: FakeDisk;
}

export interface FakeDisk extends Disk {
  /** What the disk says from now on. */
  leave(freeBytes: number | null): void;
}

export interface FakeNet extends Net {
  /** From now on whoever connects to this port, or host, waits in vain; connections live on. */
  silence(at: number | string): void;
  /** It answers again. */
  restore(at: number | string): void;
  /** How many attempts to connect there were. */
  attempts(port: number): number;
  /** How many ends of connections are not closed. */
  open(): number;
}

export function fakeWorld(seed = 1): FakeWorld {
  const clock = fakeClock();
  return {
    clock,
    random: seededRandom(seed),
    net: memoryNet(clock),
    dns: fakeDns(),
    https: fakeHttps(clock),
    // One round instead of thousands: nobody guesses passwords here.
    work: {
      pbkdf2: (password, salt) =>
        Promise.resolve(new Uint8Array(pbkdf2Sync(password, salt, 1, 32, "sha256"))),
    },
    disk: fakeDisk(),
  };
}

function fakeDisk(): FakeDisk {
  let free: number | null = null;
  return { freeBytes: () => free, leave: (freeBytes) => void (free = freeBytes) };
}

/** The generator called mulberry32: small, and good enough for choices. */
function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    fraction,
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(fraction() * 256)),
  };
}

/** A listener's side that the net puts new connections into. */
interface Listening extends Listener {
  accept(transport: Transport): void;
}

function memoryNet(clock: FakeClock): FakeNet {
  const listening = new Map<string, Listening>();
  const silenced = new Set<number | string>();
  const attempts = new Map<number, number>();
  const ends = new Set<Transport>();
  let lastPort = 40_000;

  function listen(key: string, local: Endpoint): Listener {
    if (listening.has(key)) throw new NetError("inUse", `${key} is in use`);
    const listener = memoryListener(local, () => listening.delete(key));
    listening.set(key, listener);
    return listener;
  }

  function connectTo(key: string, to: Endpoint): Transport {
    const listener = listening.get(key);
    if (listener === undefined) throw new NetError("refused", `nothing listens on ${key}`);
    const here = { host: "127.0.0.1", port: ++lastPort };
    const [near, far] = connected(here, to, (end) => ends.delete(end));
    ends.add(near).add(far);
    listener.accept(far);
    return near;
  }

  return {
    listen(at) {
      const local = at.port === 0 ? { ...at, port: ++lastPort } : at;
      return listen(endpointText(local), local);
    },
    async connect(to, { timeoutMs, signal }) {
      attempts.set(to.port, (attempts.get(to.port) ?? 0) + 1);
      if (!silenced.has(to.port) && !silenced.has(to.host)) {
        // Any name but that of a listener is one for this machine; other addresses are elsewhere.
        const elsewhere = listening.has(endpointText(to)) || literalOf(to.host) !== null;
        const host = elsewhere ? to.host : "127.0.0.1";
        return connectTo(endpointText({ ...to, host }), to);
      }
      await clock.sleep(timeoutMs, signal);
      throw new NetError("timeout", `no answer from ${to.host}:${to.port}`);
    },
    listenPath: (path) => listen(path, { host: path, port: 0 }),
    connectPath: async (path) => await connectTo(path, { host: path, port: 0 }),
    tlsIdentity: fakeIdentity,
    silence: (at) => void silenced.add(at),
    restore: (at) => void silenced.delete(at),
    attempts: (port) => attempts.get(port) ?? 0,
    open: () => ends.size,
  };
}

function memoryListener(local: Endpoint, onClose: () => void): Listening {
  const waiting: Transport[] = [];
  let wake = () => {};
  let closed = false;
  return {
    local,
    accept(transport) {
      waiting.push(transport);
      wake();
    },
    close() {
      closed = true;
      onClose();
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (!closed) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => wake = resolve);
      }
      for (const transport of waiting) transport.close();
    },
  };
}

/** What one end has said and the other has not heard yet. */
interface Pipe {
  readonly chunks: Uint8Array[];
  /** `finished`: nothing more will be said; `abandoned`: nobody will hear it. */
  state: "flowing" | "finished" | "abandoned";
  reading: PromiseWithResolvers<Uint8Array | null> | null;
}

function connected(
  here: Endpoint,
  there: Endpoint,
  onClose: (end: Transport) => void,
): readonly [Transport, Transport] {
  const onward: Pipe = { chunks: [], state: "flowing", reading: null };
  const back: Pipe = { chunks: [], state: "flowing", reading: null };
  const common = { handshake: fakeHandshake(), onClose };
  return [
    memoryTransport({ local: here, remote: there, inward: back, outward: onward, ...common }),
    memoryTransport({ local: there, remote: here, inward: onward, outward: back, ...common }),
  ];
}

function memoryTransport({ local, remote, inward, outward, handshake, onClose }: {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly inward: Pipe;
  readonly outward: Pipe;
  readonly handshake: FakeHandshake;
  readonly onClose: (end: Transport) => void;
}): Transport {
  let lent: Uint8Array | null = null;
  let closed = false;
  let tls: TlsInfo | null = null;
  const transport: Transport = {
    local,
    remote,
    get tls() {
      return tls;
    },
    async read() {
      if (closed) throw lost();
      // A chunk is lent until the next read: then its bytes turn to garbage, as on a real socket.
      if (inward.reading === null) lent?.fill(0xee);
      const reading = inward.reading ??= Promise.withResolvers();
      move(inward);
      return lent = await reading.promise;
    },
    unread: (bytes) => void (bytes.length > 0 && inward.chunks.unshift(bytes.slice())),
    write(bytes) {
      if (closed || outward.state !== "flowing") return Promise.reject(lost());
      outward.chunks.push(bytes.slice());
      move(outward);
      return Promise.resolve();
    },
    async startTls(request) {
      if (inward.reading !== null) throw new Error("Cannot start TLS while a read is pending");
      return tls = await handshake.come(request, inward.chunks.length > 0);
    },
    closeWrite() {
      if (outward.state === "flowing") outward.state = "finished";
      move(outward);
      return Promise.resolve();
    },
    close() {
      if (closed) return;
      closed = true;
      inward.state = "abandoned";
      inward.reading?.reject(lost());
      inward.reading = null;
      handshake.break();
      void transport.closeWrite();
      onClose(transport);
    },
  };
  return transport;
}

/** Gives a pending read what there is. */
function move(pipe: Pipe): void {
  if (pipe.reading === null) return;
  const chunk = pipe.chunks.shift();
  if (chunk === undefined && pipe.state === "flowing") return;
  pipe.reading.resolve(chunk ?? null);
  pipe.reading = null;
}

function lost(): NetError {
  return new NetError("lost", "the connection broke");
}
