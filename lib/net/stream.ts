/** One of Node's streams, read and written the way a transport is. */
import type { Duplex } from "node:stream";
import { closedHere, type Connection, netErrorOf } from "./socket.ts";
import type { NetError } from "./world.ts";

/** Wraps a stream; its addresses are those of `outer`. */
export function streamConnection(stream: Duplex, { local, remote }: Connection): Connection {
  let reading: Promise<Uint8Array | null> | null = null;
  let broken: NetError | null = null;
  let ended = false;
  let wake = () => {};
  const unfinished = new Set<(why: NetError) => void>();

  function onEnd(error?: unknown): void {
    broken ??= error instanceof Error ? netErrorOf(error, "the connection broke") : closedHere();
    for (const abandon of unfinished) abandon(broken);
    wake();
  }
  stream.on("error", onEnd);
  stream.on("close", onEnd);
  stream.on("readable", () => wake());
  stream.on("end", () => {
    ended = true;
    wake();
  });

  async function readOnce(): Promise<Uint8Array | null> {
    try {
      for (;;) {
        const chunk: Uint8Array | null = stream.read();
        if (chunk !== null) return chunk;
        if (ended) return null;
        if (broken !== null) throw broken;
        await new Promise<void>((resolve) => wake = resolve);
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
    read: () => reading ??= readOnce(),
    write: (bytes) => untilEnd((done) => stream.write(bytes, done)),
    closeWrite: () => untilEnd((done) => stream.end(done)),
    close: () => void stream.destroy(),
  };
}
