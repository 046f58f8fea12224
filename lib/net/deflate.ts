/**
 * DEFLATE (RFC 1951) over a transport, both ways, without a header: what IMAP's COMPRESS asks for
 * (RFC 4978). It lies above TLS, whichever of them came first (RFC 4978 §3).
 */
import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import type { DeflateRaw, InflateRaw } from "node:zlib";
import { NetError, type Transport } from "./world.ts";
import { wrapTransport } from "./wrap.ts";

/** A transport that compresses, and how what it holds beside the connection is given back. */
export interface Deflated {
  readonly transport: Transport;
  release(): void;
}

/**
 * RFC 4978 §4: the cheapest level makes a third of what IMAP says, and better ones hardly less. So
 * does a window of 8 KiB, where the largest would hold 256 KiB for each connection.
 */
const DEFLATE = { level: 1, windowBits: 13, memLevel: 6 } as const;
/** What is deflated before some of it is sent: large answers are not in memory a second time. */
const DEFLATE_STEP_BYTES = 64 * 1024;

/**
 * Compresses from here on; nothing may be under way on `inner`. `heard` was read from it already,
 * and is the beginning of what the peer compresses.
 *
 * However much a few bytes blow up to, what is inflated and not read yet is never more than the
 * stream's own buffers, some tens of KiB: the stream stops until it is read.
 */
export function deflated(inner: Transport, heard: Uint8Array): Deflated {
  const deflate = stageOf(createDeflateRaw(DEFLATE));
  const inflate = stageOf(createInflateRaw());
  let reading: Promise<Uint8Array | null> | null = null;
  let sending: Promise<void> = Promise.resolve();
  if (heard.length > 0) inflate.give(heard);

  async function readOnce(): Promise<Uint8Array | null> {
    try {
      for (;;) {
        const piece = await inflate.next();
        if (piece !== null) return piece;
        const chunk = await inner.read();
        if (chunk === null) return null;
        inflate.give(chunk);
      }
    } finally {
      reading = null;
    }
  }

  async function send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += DEFLATE_STEP_BYTES) {
      deflate.give(bytes.subarray(at, at + DEFLATE_STEP_BYTES));
      await sendWhatComes();
    }
    // The peer waits for all of it, so nothing may stay behind in the compressor.
    deflate.flush();
    await sendWhatComes();
  }

  async function sendWhatComes(): Promise<void> {
    for (let piece; (piece = await deflate.next()) !== null;) await inner.write(piece);
  }

  return {
    transport: wrapTransport(inner, {
      read: () => reading ??= readOnce(),
      write(bytes) {
        const mine = sending.then(() => send(bytes));
        sending = mine.catch(() => {}); // told to whoever waits for it
        return mine;
      },
    }),
    release() {
      deflate.close();
      inflate.close();
    },
  };
}

/** One of zlib's streams, worked step by step: nothing is given before the last is used up. */
interface Stage {
  /** The chunk is borrowed until `next` gives `null`. */
  give(chunk: Uint8Array): void;
  flush(): void;
  /** The next piece of what comes of it; `null` when that was all. @throws {NetError} */
  next(): Promise<Uint8Array | null>;
  close(): void;
}

function stageOf(stream: DeflateRaw | InflateRaw): Stage {
  let busy = false;
  let broken: Error | null = null;
  let wake = () => {};
  const used = () => {
    busy = false;
    wake();
  };
  stream.on("readable", () => wake());
  stream.on("error", (error: Error) => {
    broken = error;
    wake();
  });
  return {
    give(chunk) {
      busy = true;
      stream.write(chunk, used);
    },
    flush() {
      busy = true;
      stream.flush(constants.Z_SYNC_FLUSH, used);
    },
    async next() {
      for (;;) {
        const piece: Uint8Array | null = stream.read();
        // A plain array: to copy one of Node's buffers takes another word than elsewhere.
        if (piece !== null) return new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
        if (broken !== null) {
          throw new NetError("lost", "what came is not compressed", { cause: broken });
        }
        if (!busy) return null;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    close: () => stream.close(),
  };
}
