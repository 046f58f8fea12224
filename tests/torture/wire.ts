/** One connection, line by line, for the naive clients: whatever ends it early is a loss. */
import { decodeLatin1 } from "../../lib/wire/bytes.ts";

/** The connection is gone, or nobody answers: a client knows what it has heard until now. */
export class LostError extends Error {
  override readonly name = "LostError";
}

export interface Wire extends Disposable {
  /** Each character is a byte. @throws {LostError} */
  send(text: string): Promise<void>;
  /** Without its CRLF. @throws {LostError} */
  line(): Promise<string>;
}

/** Longer than any reply takes that is not lost. */
const PATIENCE_MS = 30_000;

/** @throws {LostError} */
export async function connect(port: number): Promise<Wire> {
  const conn = await losing(() => Deno.connect({ hostname: "127.0.0.1", port }));
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  const close = () => {
    try {
      conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // it is closed already
    }
  };
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    const timer = setTimeout(close, PATIENCE_MS);
    try {
      return await losing(work);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    send: (said) =>
      patiently(async () => {
        const bytes = Uint8Array.from(said, (character) => character.charCodeAt(0));
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      }),
    async line() {
      for (;;) {
        const end = text.indexOf("\r\n");
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          return line;
        }
        const count = await patiently(() => conn.read(buffer));
        if (count === null) throw new LostError("the server closed");
        text += decodeLatin1(buffer.subarray(0, count));
      }
    },
    [Symbol.dispose]: close,
  };
}

/** Any failure of the network is a loss; anything else is a mistake of the torture. */
async function losing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const gone = [
      Deno.errors.ConnectionRefused,
      Deno.errors.ConnectionReset,
      Deno.errors.ConnectionAborted,
      Deno.errors.BrokenPipe,
      Deno.errors.BadResource,
      Deno.errors.Interrupted,
      Deno.errors.UnexpectedEof,
    ];
    if (!gone.some((each) => error instanceof each)) throw error;
    throw new LostError(String(error));
  }
}
