/**
 * One TCP connection between two simulated machines. What is sent arrives in order and later, in
 * whatever pieces; a connection breaks with what was on its way; what comes for an end that is
 * closed is answered with a reset.
 */
import type { Endpoint } from "../../lib/endpoint.ts";
import { NetError, type Transport } from "../../lib/net/world.ts";
import { CR } from "../../lib/wire/bytes.ts";
import type { TlsInfo, TlsRequest } from "../../lib/wire/session.ts";
import { type FakeHandshake, fakeHandshake } from "../fake_tls.ts";
import type { Faults } from "./faults.ts";
import { type Life, never } from "./life.ts";
import type { Prng } from "./prng.ts";
import type { Timeline } from "./timeline.ts";

/** What lies between the two ends. */
export interface Path {
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly faults: Faults;
  /** How long something takes from one end to the other just now. */
  delayMs(): number;
  /** For how long still nothing gets through; 0 when it does. */
  blockedMs(): number;
  /** For the trace. */
  tell(line: string): void;
  /** A connection between the two broke. */
  broke(): void;
}

/** Where an end is, and whose. */
export interface Place {
  /** The machine's. */
  readonly name: string;
  readonly life: Life;
  readonly at: Endpoint;
  /** Whether the machine has power: without, nothing is answered for it. */
  isUp(): boolean;
}

/** An end of a connection, as its owner's process has it. */
export interface End {
  readonly transport: Transport;
  readonly place: Place;
  /** Whether its owner lives, and has not closed it. */
  isOpen(): boolean;
}

/** Two ends; what one sends the other hears. */
export function connect(path: Path, near: Place, far: Place): readonly [End, End] {
  const wire: Wire = { path, handshake: fakeHandshake() };
  const here = side(near);
  const there = side(far);
  return [end(wire, here, there), end(wire, there, here)];
}

/** Sent and not yet read by the other: beyond that the system takes no more. */
const WINDOW_BYTES = 64 * 1024;

interface Wire {
  readonly path: Path;
  readonly handshake: FakeHandshake;
}

type Packet = Uint8Array | "end" | "reset";

/** One end, and what is on its way from there. */
interface Side {
  readonly place: Place;
  readonly flying: Packet[];
  lastArrivalMs: number;
  /** What arrived and was not read, and whether more can come. */
  readonly inbox: Uint8Array[];
  hears: "more" | "end" | "reset";
  says: "more" | "end";
  closed: boolean;
  /** Bytes that it sent and the other has not read, and the writes that wait for it. */
  unreadBytes: number;
  readonly writing: PromiseWithResolvers<void>[];
  reading: PromiseWithResolvers<Uint8Array | null> | null;
  /** Bytes that its owner gave back, to be read again first. */
  readonly returned: Uint8Array[];
  tls: TlsInfo | null;
}

function side(place: Place): Side {
  return {
    place,
    flying: [],
    lastArrivalMs: 0,
    inbox: [],
    hears: "more",
    says: "more",
    closed: false,
    unreadBytes: 0,
    writing: [],
    reading: null,
    returned: [],
    tls: null,
  };
}

function end(wire: Wire, mine: Side, theirs: Side): End {
  const { life, at } = mine.place;
  let lent: Uint8Array | null = null;
  const forget = life.onDeath(() => {
    mine.reading = null;
    mine.writing.length = 0;
    wire.handshake.break();
    hangUp(wire, mine, theirs);
  });
  const transport: Transport = {
    local: at,
    remote: theirs.place.at,
    get tls() {
      return mine.tls;
    },
    async read() {
      if (!life.act()) return await never();
      if (mine.closed) throw lost();
      // A chunk is lent until the next read: then its bytes turn to garbage, as on a real socket.
      if (mine.reading === null) lent?.fill(0xee);
      const reading = mine.reading ??= Promise.withResolvers();
      give(mine, theirs);
      return lent = await reading.promise;
    },
    unread(bytes) {
      if (mine.reading !== null) throw new Error("Cannot give bytes back while a read is pending");
      if (bytes.length > 0) mine.returned.unshift(bytes.slice());
    },
    async write(bytes) {
      if (!life.act()) return await never();
      if (mine.closed || mine.hears === "reset" || mine.says === "end") throw lost();
      for (const piece of cut(wire.path, bytes.slice())) send(wire, mine, theirs, piece);
      mine.unreadBytes += bytes.length;
      if (mine.unreadBytes <= WINDOW_BYTES) return;
      const write = Promise.withResolvers<void>();
      mine.writing.push(write);
      await write.promise;
    },
    startTls: (request) => startTls(wire, mine, request),
    async closeWrite() {
      if (!life.act()) return await never();
      if (!mine.closed) finish(wire, mine, theirs);
    },
    close() {
      if (!life.act() || mine.closed) return;
      forget();
      mine.reading?.reject(lost());
      mine.reading = null;
      for (const write of mine.writing.splice(0)) write.reject(lost());
      wire.handshake.break();
      hangUp(wire, mine, theirs);
    },
  };
  return { transport, place: mine.place, isOpen: () => life.isAlive() && !mine.closed };
}

/** The system closes: with a reset, where bytes were not read. Without power it says nothing. */
function hangUp(wire: Wire, mine: Side, theirs: Side): void {
  mine.closed = true;
  if (!mine.place.isUp() || mine.hears === "reset") return;
  if (mine.inbox.length > 0) send(wire, mine, theirs, "reset");
  else finish(wire, mine, theirs);
}

function finish(wire: Wire, mine: Side, theirs: Side): void {
  if (mine.says === "end" || mine.hears === "reset") return;
  mine.says = "end";
  send(wire, mine, theirs, "end");
}

async function startTls(wire: Wire, mine: Side, request: TlsRequest): Promise<TlsInfo> {
  const { place: { life }, reading, inbox, hears } = mine;
  const { faults, prng } = wire.path;
  if (!life.act()) return await never();
  if (reading !== null) throw new Error("Cannot start TLS while a read is pending");
  if (mine.closed || hears !== "more") throw lost();
  if (faults.strikes("tls")) {
    if (prng.chance(0.5)) wire.handshake.break();
    if (prng.chance(0.5)) throw new NetError("handshake", "what came is not TLS");
  }
  const info = await wire.handshake.come(request, inbox.length > 0);
  if (!life.isAlive()) return await never();
  return mine.tls = info;
}

/** The pieces in which something that is written at once arrives. */
function cut({ faults, prng }: Path, bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length < 2 || !faults.strikes("cutChunk")) return [bytes];
  const each = bytes.length < 80 && prng.chance(0.2);
  const places = each
    ? Array.from({ length: bytes.length - 1 }, (_, at) => at + 1)
    : Array.from({ length: prng.between(1, 4) }, () => placeIn(bytes, prng));
  const edges = [0, ...new Set(places.toSorted((a, b) => a - b)), bytes.length];
  return edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
}

/** Half of the cuts go between CR and LF, where readers of lines are weakest. */
function placeIn(bytes: Uint8Array, prng: Prng): number {
  const place = prng.between(1, bytes.length - 1);
  const behindCr = bytes.indexOf(CR, place) + 1;
  return prng.chance(0.5) && behindCr > 0 && behindCr < bytes.length ? behindCr : place;
}

function send(wire: Wire, from: Side, to: Side, packet: Packet): void {
  const { path } = wire;
  if (packet instanceof Uint8Array && path.faults.strikes("reset")) {
    path.broke();
    from.flying.length = 0;
    to.flying.length = 0;
    post(wire, from, to, "reset");
    return post(wire, to, from, "reset");
  }
  post(wire, from, to, packet);
}

/** Whatever was sent before arrives before. */
function post(wire: Wire, from: Side, to: Side, packet: Packet): void {
  const { timeline, delayMs } = wire.path;
  from.flying.push(packet);
  from.lastArrivalMs = Math.max(from.lastArrivalMs, timeline.now() + delayMs());
  timeline.after(from.lastArrivalMs - timeline.now(), () => deliver(wire, from, to));
}

/** The next packet is there, or as soon as it gets through. */
function deliver(wire: Wire, from: Side, to: Side): void {
  const { path } = wire;
  const blockedMs = path.blockedMs();
  if (blockedMs > 0) {
    path.timeline.after(blockedMs + path.delayMs(), () => deliver(wire, from, to));
    return;
  }
  const packet = from.flying.shift();
  if (packet === undefined) return; // it was lost with the connection
  if (!to.place.life.isAlive() || to.closed) {
    if (packet instanceof Uint8Array && to.place.isUp()) post(wire, to, from, "reset");
    return;
  }
  if (packet instanceof Uint8Array) {
    path.tell(`${from.place.name} > ${to.place.name} ${packet.length} bytes`);
    to.inbox.push(packet);
  } else {
    if (to.hears !== "reset") to.hears = packet;
    wire.handshake.break();
    if (packet === "reset") breakOff(to, path.prng.chance(0.5));
  }
  give(to, from);
}

/** Some systems keep what had arrived before a reset, others do not. */
function breakOff(to: Side, forgets: boolean): void {
  if (forgets) to.inbox.length = 0;
  for (const write of to.writing.splice(0)) write.reject(lost());
}

/** Gives a pending read what there is. */
function give(to: Side, from: Side): void {
  if (to.reading === null) return;
  const returned = to.returned.shift();
  const bytes = returned ?? to.inbox.shift();
  if (bytes === undefined && to.hears === "more") return;
  const { resolve, reject } = to.reading;
  to.reading = null;
  if (bytes === undefined && to.hears === "reset") return reject(lost());
  resolve(bytes ?? null);
  if (bytes === undefined || returned !== undefined) return;
  from.unreadBytes -= bytes.length;
  if (from.unreadBytes <= WINDOW_BYTES) {
    for (const write of from.writing.splice(0)) write.resolve();
  }
}

function lost(): NetError {
  return new NetError("lost", "the connection broke");
}
