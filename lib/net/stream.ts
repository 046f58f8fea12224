/** One of Node's streams, read and written the way a transport is. */
import type { Duplex } from "node:stream";
import { closedHere, type Connection, netErrorOf } from "./socket.ts";
import type { NetError } from "./world.ts";

/**
 * Node's TLS is not the same on all versions of Deno when its reading is paused, so it never is.
 * Instead whoever feeds the stream asks for room first.
 */
export interface StreamConnection extends Connection {
  /** Resolves when what came was read so far that more may come, or when nobody will read. */
  room(): Promise<void>;
}

/** What may wait to be read before there is no room. */
const UNREAD_BYTES_MAX = 64 * 1024;

/**
 * Wraps a stream; its addresses are those of `outer`. Before Deno 2.9, `closeWrite` on Node's TLS
 * ends the reading too.
 */
export function streamConnection(stream: Duplex, { local, remote }: Connection): StreamConnection {
  const unread: Uint8Array[] = [];
  let unreadBytes = 0;
  let reading: Promise<Uint8Array | null> | null = null;
  let ended = false;
  let broken: NetError | null = null;
  let onCame = () => {};
  let onTaken = () => {};
  const unfinished = new Set<(why: NetError) => void>();

  stream.on("data", (chunk: Uint8Array) => {
    unread.push(chunk);
    unreadBytes += chunk.length;
    onCame();
  });
  stream.on("end", () => {
    ended = true;
    onCame();
  });
  stream.on("error", (error) => end(netErrorOf(error, "the connection broke")));
  stream.on("close", () => end(closedHere()));

  function end(why: NetError): void {
    broken ??= why;
    for (const abandon of unfinished) abandon(broken);
    onCame();
    onTaken();
  }

  /** What is there to give out now; `undefined` while nothing is. */
  function take(): Uint8Array | null | undefined {
    const chunk = unread.shift();
    if (chunk !== undefined) {
      unreadBytes -= chunk.length;
      onTaken();
      return chunk;
    }
    if (ended) return null;
    if (broken !== null) throw broken;
    return undefined;
  }

  async function waitAndTake(): Promise<Uint8Array | null> {
    try {
      for (;;) {
        await new Promise<void>((resolve) => onCame = resolve);
        const taken = take();
        if (taken !== undefined) return taken;
      }
    } finally {
      reading = null;
    }
  }

  /** A stream that is destroyed forgets whom it has to call back. */
  function untilEnd(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (broken !== null) return reject(broken);
      unfinished.add(reject);
      start((error) => {
        unfinished.delete(reject);
        if (error === null || error === undefined) resolve();
        else reject(netErrorOf(error, "the connection broke"));
      });
    });
  }

  return {
    local,
    remote,
    get reading() {
      return reading !== null;
    },
    async read() {
      if (reading !== null) return await reading;
      const taken = take();
      return taken !== undefined ? taken : await (reading = waitAndTake());
    },
    write: (bytes) => untilEnd((done) => stream.write(bytes, done)),
    // Some versions end a stream themselves when the other side has ended.
    closeWrite: () =>
      stream.writableEnded ? Promise.resolve() : untilEnd((done) => stream.end(done)),
    close: () => void stream.destroy(),
    async room() {
      while (unreadBytes > UNREAD_BYTES_MAX && broken === null) {
        await new Promise<void>((resolve) => onTaken = resolve);
      }
    },
  };
}
