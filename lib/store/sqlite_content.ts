/** Messages and their bytes in SQLite: each stored once, whatever points at it. */
import type { DatabaseSync } from "node:sqlite";
import { type Body, bodyOf } from "../mail/body.ts";
import type { EnvelopeOptions } from "../mail/envelope.ts";
import { concat } from "../wire/bytes.ts";
import { CHUNK_BYTES, type Kept } from "./content.ts";
import { prepare, type Query } from "./sql.ts";

/** The row of a message; never used again. */
export type MessageRow = number;

export interface Contents {
  /** Inside a transaction. */
  insert(message: Kept): MessageRow;
  /** Can be read to its end, whatever happens to the message meanwhile. */
  body(message: MessageRow, size: number): Body;
  /** The first chunks of these messages, which are all of most, read with one statement. */
  firstChunks(messages: readonly MessageRow[]): ReadonlyMap<MessageRow, Uint8Array>;
  /**
   * Inside a transaction: removes those of these messages at which nothing points any more. One
   * whose body is still being read goes as soon as its reader has let go of it.
   */
  release(messages: Iterable<MessageRow>): void;
  /** Inside a transaction: removes what readers have let go of. */
  sweep(): void;
}

export function sqliteContents(database: DatabaseSync): Contents {
  const insertMessage = prepare<{ readonly id: MessageRow }>(
    database,
    `INSERT INTO messages (message, acceptedAt, senderLocal, senderDomain, body, size, options)
     VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  );
  const insertChunk = prepare(database, "INSERT INTO chunks (message, at, bytes) VALUES (?, ?, ?)");
  const selectChunks: ChunkQuery = prepare(
    database,
    "SELECT bytes FROM chunks WHERE message = ? AND at >= ? AND at < ? ORDER BY at",
  );
  // CROSS: the list first, and each of it looked up once.
  const selectFirstChunks = prepare<{ readonly message: MessageRow; readonly bytes: Uint8Array }>(
    database,
    `SELECT c.message, c.bytes FROM json_each(?) wanted
     CROSS JOIN chunks c ON c.message = wanted.value AND c.at = 0`,
  );
  // The rows that point at a message decide, not a count that could be wrong.
  const selectUnused = prepare(
    database,
    `SELECT id FROM messages WHERE id = ?1
       AND NOT EXISTS (SELECT 1 FROM entries WHERE message = ?1)
       AND NOT EXISTS (SELECT 1 FROM queue WHERE message = ?1)`,
  );
  const deleteMessage = prepare(database, "DELETE FROM messages WHERE id = ?");
  const insertLoose = prepare(database, "INSERT OR IGNORE INTO loose (message) VALUES (?)");
  const selectLoose = prepare<{ readonly message: MessageRow }>(
    database,
    "SELECT message FROM loose",
  );
  const readers = createReaders();

  return {
    insert({ message, chunks }) {
      const { sender, body, ...options } = message.envelope;
      const row = insertMessage.first(
        message.id,
        message.acceptedAt,
        sender?.local ?? null,
        sender?.domain ?? null,
        body,
        message.content.size,
        JSON.stringify(options satisfies EnvelopeOptions),
      )!;
      for (const [at, bytes] of chunks.entries()) insertChunk.run(row.id, at, bytes);
      return row.id;
    },
    body(message, size) {
      // One chunk costs as much to read as to look for, and then nothing depends on its row.
      if (size <= CHUNK_BYTES) {
        return bodyRead(size, () => readChunks(selectChunks, message, 0, size));
      }
      const body: Body = {
        size,
        slice: (from, to) =>
          readChunks(selectChunks, message, Math.max(0, from), Math.min(to, size)),
      };
      readers.add(body, message);
      return body;
    },
    firstChunks(messages) {
      const rows = selectFirstChunks.rows(JSON.stringify(messages));
      return new Map(rows.map(({ message, bytes }) => [message, bytes]));
    },
    release(messages) {
      for (const message of messages) {
        if (selectUnused.first(message) === null) continue;
        if (readers.has(message)) insertLoose.run(message);
        else deleteMessage.run(message);
      }
    },
    sweep() {
      for (const { message } of selectLoose.all()) {
        if (!readers.has(message)) deleteMessage.run(message);
      }
    },
  };
}

type ChunkQuery = Query<{ readonly bytes: Uint8Array }>;

/** Read at once. What cannot be read fails whoever asks for it, and nobody else. */
function bodyRead(size: number, read: () => Uint8Array): Body {
  try {
    return bodyOf(read());
  } catch (error) {
    return { size, slice: () => Promise.reject(error) };
  }
}

/**
 * The bytes from `from` up to `to`, from those chunks only in which they lie.
 * @throws {Error} when some of them are not there: half a message is not sent as a whole one.
 */
function readChunks(
  query: ChunkQuery,
  message: MessageRow,
  from: number,
  to: number,
): Uint8Array {
  if (from >= to) return new Uint8Array(0);
  const first = Math.floor(from / CHUNK_BYTES);
  const rows = query.rows(message, first, Math.ceil(to / CHUNK_BYTES));
  const start = first * CHUNK_BYTES;
  const bytes = concat(rows.map((row) => row.bytes)).subarray(from - start, to - start);
  if (bytes.length === to - from) return bytes;
  throw new Error(`message ${message} has ${bytes.length} bytes of ${to - from} from ${from} on`);
}

/**
 * Who still holds the body of a large message. A body has no end, so the garbage collector tells:
 * late, but nothing more than space on the disk hangs on it. What is loose when the process ends is
 * removed when the store is opened.
 */
interface Readers {
  add(body: Body, message: MessageRow): void;
  has(message: MessageRow): boolean;
}

function createReaders(): Readers {
  const counts = new Map<MessageRow, number>();
  const collected = new FinalizationRegistry<MessageRow>((message) => {
    const left = counts.get(message)! - 1;
    if (left > 0) counts.set(message, left);
    else counts.delete(message);
  });
  return {
    add(body, message) {
      counts.set(message, (counts.get(message) ?? 0) + 1);
      collected.register(body, message);
    },
    has: (message) => counts.has(message),
  };
}

/** A sender as its columns have it: both are null for the null reverse-path. */
export function addressOf(local: string | null, domain: string | null) {
  return local === null || domain === null ? null : { local, domain };
}
