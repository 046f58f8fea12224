/** One of Deno's connections, read and written the way a transport is. */
import { type Endpoint, NetError, type Transport } from "./world.ts";

/** What TLS does not change about a transport. */
export interface Connection extends Omit<Transport, "tls" | "startTls" | "unread"> {
  /** Whether a read waits for bytes. */
  readonly reading: boolean;
}

/**
 * An idle connection holds a small buffer; one that fills its buffer gets a large one, and gives it
 * back with the first small read. Reading with `conn.read` into a buffer that is kept is about
 * twice as fast as a stream.
 */
const IDLE_BUFFER_BYTES = 2 * 1024;
const BUSY_BUFFER_BYTES = 64 * 1024;
const POOLED_BUFFERS_MAX = 64;

const pool: Uint8Array<ArrayBuffer>[] = [];

let held = 0;

/**
 * How many closed connections the system still keeps. Before Deno 2.9 a write that waits for the
 * peer outlives `close`, and with it the connection, until the peer reads or leaves: whoever limits
 * connections must count these too.
 */
export function heldConnections(): number {
  return held;
}

/** Counts one more until the function that it gives is called; once is enough. */
export function holdConnection(): () => void {
  held++;
  return () => void held--;
}

/** Wraps a connection; TCP ones send small replies at once. */
export function socketConnection(conn: Deno.Conn): Connection {
  if ("setNoDelay" in conn) prepare(conn as Deno.TcpConn);
  const local = endpointOf(conn.localAddr);
  const remote = endpointOf(conn.remoteAddr);
  let small: Uint8Array<ArrayBuffer> | null = null;
  let large: Uint8Array<ArrayBuffer> | null = null;
  let reading: Promise<Uint8Array | null> | null = null;
  let writing: Promise<void> | null = null;
  const unfinished = new Set<(why: NetError) => void>();
  let closed = false;

  async function readOnce(): Promise<Uint8Array | null> {
    const buffer = large ?? (small ??= new Uint8Array(IDLE_BUFFER_BYTES));
    let count: number | null;
    try {
      count = await conn.read(buffer);
    } catch (error) {
      throw netErrorOf(error, "the connection broke");
    } finally {
      reading = null;
    }
    if (count === null) return null;
    const chunk = buffer.subarray(0, count);
    if (buffer === small) {
      if (count === buffer.length) large = pool.pop() ?? new Uint8Array(BUSY_BUFFER_BYTES);
    } else if (count <= IDLE_BUFFER_BYTES) {
      // The chunk is lent until the next read, so it moves before the large buffer serves others.
      const moved = (small ??= new Uint8Array(IDLE_BUFFER_BYTES)).subarray(0, count);
      moved.set(chunk);
      release();
      return moved;
    }
    return chunk;
  }

  function release(): void {
    if (large !== null && pool.length < POOLED_BUFFERS_MAX) pool.push(large);
    large = null;
  }

  /** What is under way ends with `close`, even where the system lets it wait (heldConnections). */
  function untilClosed(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      unfinished.add(reject);
      const settled = () => {
        unfinished.delete(reject);
        if (closed && unfinished.size === 0) held--;
      };
      work.then(() => {
        settled();
        resolve();
      }, (error) => {
        settled();
        reject(netErrorOf(error, "the connection broke"));
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
    write(bytes) {
      if (closed) return Promise.reject(closedHere());
      const mine: Promise<void> = untilClosed(writeAll(conn, bytes, writing)).finally(() => {
        if (writing === mine) writing = null;
      });
      writing = mine;
      return mine;
    },
    closeWrite: () => closed ? Promise.resolve() : untilClosed(conn.closeWrite()),
    close() {
      if (closed) return;
      closed = true;
      if (unfinished.size > 0) held++;
      conn.close();
      for (const abandon of unfinished) abandon(closedHere());
      // The large buffer is not pooled: its bytes may be lent, or a pending read may write into it.
      large = null;
    },
  };
}

async function writeAll(
  conn: Deno.Conn,
  bytes: Uint8Array,
  before: Promise<void> | null,
): Promise<void> {
  await before;
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function prepare(conn: Deno.TcpConn): void {
  try {
    conn.setNoDelay(true);
    // A peer that is gone without a word (no power, no network) is noticed in the end, also where
    // nothing is said for hours, and what it holds is given up.
    conn.setKeepAlive(true);
  } catch {
    // The peer has left already: the first read will say so.
  }
}

/** What becomes of calls on a connection that was closed here. */
export function closedHere(): NetError {
  return new NetError("lost", "the connection was closed on this side");
}

/** A failure of Deno's network calls as a {@linkcode NetError}. */
export function netErrorOf(error: unknown, what: string): NetError {
  if (error instanceof NetError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.ConnectionRefused) {
    return new NetError("refused", `${what}: nothing listens there`, { cause: error });
  }
  if (error instanceof Deno.errors.TimedOut) {
    return new NetError("timeout", `${what}: no answer`, { cause: error });
  }
  if (/unreachable/i.test(message)) {
    return new NetError("unreachable", `${what}: the network does not lead there`, {
      cause: error,
    });
  }
  // BadResource and Interrupted: closed on our side while the call was under way.
  const lost = [
    Deno.errors.BadResource,
    Deno.errors.Interrupted,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.ConnectionAborted,
    Deno.errors.NotConnected,
    Deno.errors.UnexpectedEof,
  ].some((kind) => error instanceof kind) || NODE_LOST.includes(codeOf(error));
  return new NetError(lost ? "lost" : "other", `${what}: ${message}`, { cause: error });
}

/** What Node's streams call it. */
const NODE_LOST: readonly unknown[] = ["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"];

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}

function endpointOf(address: Deno.Addr): Endpoint {
  if (address.transport !== "tcp") {
    return { host: "path" in address ? address.path : "", port: 0 };
  }
  // A listener on `::` shows IPv4 peers as mapped addresses; policy must see the plain form.
  const host = address.hostname.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  return { host, port: address.port };
}
