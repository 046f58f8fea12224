/** The bytes of a message, read before the transaction: inside of it nobody can wait for them. */
import type { Body } from "../mail/body.ts";
import { messageIdIn } from "../mail/message_id.ts";
import { type Accepted, BODIES_BYTES_MAX, type NewMessage } from "./store.ts";

/**
 * Content is kept in pieces of this size, so that a slice of a large message reads no more than it
 * needs. SQLite gives a whole value or none: from one value of 50 MiB a slice took 35 ms.
 */
export const CHUNK_BYTES = 64 * 1024;

/** What is kept of any message, whoever brought it; its bytes are at hand. */
export interface Kept {
  readonly message: Pick<Accepted, "id" | "acceptedAt" | "envelope" | "content">;
  /** All of {@linkcode CHUNK_BYTES}, the last one shorter; none for empty content. */
  readonly chunks: readonly Uint8Array[];
}

/** A message that is to be delivered. */
export interface Prepared extends Kept {
  readonly message: Accepted;
  /** What stands in its Message-ID field, where that is in the first chunk. */
  readonly messageId: string | null;
}

/** @throws {RangeError} when there is no delivery, or the body gives less than its size. */
export async function prepareMessage(message: Accepted): Promise<Prepared> {
  if (message.deliveries.length === 0) {
    throw new RangeError(`message ${message.id} has no delivery`);
  }
  const chunks = await chunksOf(message.content);
  const [first] = chunks;
  return { message, chunks, messageId: first === undefined ? null : messageIdIn(first) };
}

/** A message that a client brings. */
export interface Brought extends Kept {
  readonly flags: readonly string[];
  readonly receivedAt: number;
}

/** Nobody sent it: it has the null sender. @throws {RangeError} as {@linkcode prepareMessage} */
export async function prepareBrought(message: NewMessage, at: number): Promise<Brought> {
  const { id, content, flags, receivedAt } = message;
  const envelope = { sender: null, body: "8BITMIME" } as const;
  const chunks = await chunksOf(content);
  return { message: { id, acceptedAt: at, envelope, content }, chunks, flags, receivedAt };
}

/** What these messages hold in memory. */
export function contentBytes(prepared: readonly Kept[]): number {
  return prepared.reduce((bytes, { message }) => bytes + message.content.size, 0);
}

/** The first of these, and as many of the next as may be in memory together with it. */
export function readTogether<T extends { readonly size: number }>(
  found: readonly T[],
): readonly T[] {
  let bytes = 0;
  const end = found.findIndex(({ size }, at) => (bytes += size) > BODIES_BYTES_MAX && at > 0);
  return end === -1 ? found : found.slice(0, end);
}

async function chunksOf(content: Body): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < content.size; at += CHUNK_BYTES) {
    const slice = content.slice(at, at + CHUNK_BYTES);
    const chunk = slice instanceof Promise ? await slice : slice;
    if (chunk.length !== Math.min(CHUNK_BYTES, content.size - at)) {
      throw new RangeError(`a body of ${content.size} bytes gave ${chunk.length} from ${at}`);
    }
    chunks.push(chunk);
  }
  return chunks;
}
