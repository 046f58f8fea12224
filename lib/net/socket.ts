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
const IDLE_BUFFER_BYTES = 1024;
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

/** A connection to which bytes can be given back. */
export interface SocketConnection extends Connection {
  /** The next read gives these. Not while a read is pending. */
  unread(bytes: Uint8Array): void;
}

/** Wraps a connection; TCP ones send small replies at once. */
export function socketConnection(conn: Deno.Conn): SocketConnection {
  if ("setNoDelay" in conn) prepare(conn as Deno.TcpConn);
  return new Socket(conn);
}

/** A class, for thousands of idle ones are open: functions of their own would be half of each. */
class Socket implements SocketConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #conn: Deno.Conn;
  #given: Uint8Array | null = null;
  #small: Uint8Array<ArrayBuffer> | null = null;
  #large: Uint8Array<ArrayBuffer> | null = null;
  #reading: Promise<Uint8Array | null> | null = null;
  #writing: Promise<void> | null = null;
  /** Set while something is written: what ends the wait for it. */
  #unfinished: Set<(why: NetError) => void> | null = null;
  #closed = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.local = endpointOf(conn.localAddr);
    this.remote = endpointOf(conn.remoteAddr);
  }

  get reading(): boolean {
    return this.#reading !== null;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#given === null) return this.#reading ??= this.#readOnce();
    const bytes = this.#given;
    this.#given = null;
    return Promise.resolve(bytes);
  }

  unread(bytes: Uint8Array): void {
    if (this.reading) throw new Error("Cannot give bytes back while a read is pending");
    if (bytes.length > 0) this.#given = bytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.reject(closedHere());
    const mine: Promise<void> = this.#untilClosed(writeAll(this.#conn, bytes, this.#writing))
      .finally(() => {
        if (this.#writing === mine) this.#writing = null;
      });
    this.#writing = mine;
    return mine;
  }

  closeWrite(): Promise<void> {
    return this.#closed ? Promise.resolve() : this.#untilClosed(this.#conn.closeWrite());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#unfinished !== null) held++;
    this.#conn.close();
    for (const abandon of this.#unfinished ?? []) abandon(closedHere());
    // The large buffer is not pooled: its bytes may be lent, or a pending read may write into it.
    this.#large = null;
  }

  async #readOnce(): Promise<Uint8Array | null> {
    const buffer = this.#large ?? (this.#small ??= new Uint8Array(IDLE_BUFFER_BYTES));
    let count: number | null;
    try {
      count = await this.#conn.read(buffer);
    } catch (error) {
      throw netErrorOf(error, "the connection broke");
    } finally {
      this.#reading = null;
    }
    if (count === null) return null;
    const chunk = buffer.subarray(0, count);
    if (buffer === this.#small) {
      if (count === buffer.length) this.#large = pool.pop() ?? new Uint8Array(BUSY_BUFFER_BYTES);
    } else if (count <= IDLE_BUFFER_BYTES) {
      // The chunk is lent until the next read, so it moves before the large buffer serves others.
      const moved = (this.#small ??= new Uint8Array(IDLE_BUFFER_BYTES)).subarray(0, count);
      moved.set(chunk);
      this.#release();
      return moved;
    }
    return chunk;
  }

  #release(): void {
    if (this.#large !== null && pool.length < POOLED_BUFFERS_MAX) pool.push(this.#large);
    this.#large = null;
  }

  /** What is under way ends with `close`, even where the system lets it wait (heldConnections). */
  #untilClosed(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const unfinished = this.#unfinished ??= new Set();
      unfinished.add(reject);
      const settled = () => {
        unfinished.delete(reject);
        if (unfinished.size > 0) return;
        this.#unfinished = null;
        if (this.#closed) held--;
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
