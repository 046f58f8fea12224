import assert from "$assert";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { deflated } from "../lib/net/deflate.ts";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import { NetError, type Transport } from "../lib/net/world.ts";
import { concat, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { fakeImap, serverSession } from "./imap_fake.ts";
import { SELECTED } from "./transcripts/imap.ts";

/** What a client would make of a text, ready to be understood: RFC 4978 leaves it no other way. */
function squeezed(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** What one makes of what was compressed; the stream need not have ended. */
function unsqueezed(bytes: Uint8Array): Uint8Array {
  return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** One connection: the server's transport, and the client's end of it. */
async function connected(): Promise<{ transport: Transport; client: Deno.TcpConn }> {
  const listener = denoWorld().net.listen({ host: "127.0.0.1", port: 0 });
  try {
    const accepted = listener[Symbol.asyncIterator]().next();
    const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.local.port });
    return { transport: (await accepted).value!, client };
  } finally {
    listener.close();
  }
}

async function sendAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function hearToEnd(conn: Deno.TcpConn): Promise<Uint8Array> {
  const heard: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (let count; (count = await conn.read(buffer)) !== null;) heard.push(buffer.slice(0, count));
  return concat(heard);
}

/** Reads until what came is compressed and means something that ends like this. */
async function hearUntil(conn: Deno.TcpConn, heard: Uint8Array[], end: string): Promise<string> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const text = decodeLatin1(unsqueezed(concat(heard)));
    if (text.endsWith(end)) return text;
    const count = await conn.read(buffer);
    if (count === null) throw new Error(`it ended behind ${JSON.stringify(text.slice(-100))}`);
    heard.push(buffer.slice(0, count));
  }
}

async function readAll(transport: Transport, size: number): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (let left = size; left > 0;) {
    const piece = await transport.read();
    if (piece === null) throw new Error(`${left} bytes are missing`);
    pieces.push(piece.slice());
    left -= piece.length;
  }
  return pieces;
}

Deno.test("deflated hears the same wherever what is compressed was cut", async () => {
  const text = encode("a1 NOOP\r\n".repeat(50) + "\0\xff and an end\r\n");
  const bytes = squeezed(text);
  for (const [heard, step] of [[0, 1], [5, 7], [bytes.length, 1]] as const) {
    const { transport: inner, client } = await connected();
    const { transport, release } = deflated(inner, bytes.slice(0, heard));
    const sending = (async () => {
      for (let at = heard; at < bytes.length; at += step) {
        await sendAll(client, bytes.subarray(at, at + step));
      }
    })();
    assert.deepEqual(concat(await readAll(transport, text.length)), text);
    await sending;
    client.close();
    assert.equal(await transport.read(), null);
    release();
    transport.close();
  }
});

Deno.test("deflated says all of what is written, in its order, and in fewer bytes", async () => {
  const { transport: inner, client } = await connected();
  const { transport, release } = deflated(inner, new Uint8Array(0));
  const hearing = hearToEnd(client);
  const large = "* 1 FETCH (FLAGS (\\Seen))\r\n".repeat(20_000);
  const said = ["* OK hello\r\n", large, "a1 OK that is all\r\n"];
  await Promise.all(said.map((text) => transport.write(encode(text))));
  release();
  await transport.closeWrite();
  const heard = await hearing;
  assert.equal(decodeLatin1(unsqueezed(heard)), said.join(""));
  assert.ok(heard.length * 20 < large.length, `${heard.length} of ${large.length}`);
  transport.close();
  client.close();
});

/** More than the buffers of a stream hold on any version, and far less than the whole. */
const PIECE_BYTES_MAX = 256 * 1024;

Deno.test("deflated gives out piece by piece what a few bytes blow up to", async () => {
  const size = 20 * 1024 * 1024;
  const bomb = squeezed(new Uint8Array(size));
  assert.ok(bomb.length < 64 * 1024);
  const { transport: inner, client } = await connected();
  const { transport, release } = deflated(inner, bomb);
  let total = 0;
  while (total < size) {
    const piece = await transport.read();
    if (piece === null) throw new Error(`it ended behind ${total} bytes`);
    assert.ok(piece.length <= PIECE_BYTES_MAX, `${piece.length} bytes at once`);
    total += piece.length;
  }
  assert.equal(total, size);
  release();
  transport.close();
  client.close();
});

Deno.test("deflated is lost where what comes is not compressed, and ends in the middle", async () => {
  const { transport: inner, client } = await connected();
  const { transport, release } = deflated(inner, encode("a1 NOOP\r\na2 NOOP\r\n"));
  await client.closeWrite();
  const isLost = (error: unknown) => error instanceof NetError && error.kind === "lost";
  await assert.rejects(transport.read(), isLost);
  release();
  transport.close();
  client.close();

  const other = await connected();
  const busy = deflated(other.transport, squeezed(new Uint8Array(10 * 1024 * 1024)));
  await busy.transport.read();
  busy.release();
  other.transport.close();
  other.client.close();
});

Deno.test("imapServer speaks in DEFLATE behind its reply to COMPRESS, also as it idles", async () => {
  const { transport, client } = await connected();
  const backend = fakeImap();
  const { signal } = new AbortController();
  const ended = drive(serverSession(), transport, backend, { clock: denoWorld().clock, signal });
  const said = encode("a1 LOGIN alice secret\r\nc1 COMPRESS DEFLATE\r\n");
  // What a client that does not wait sends behind the command is compressed as well.
  await sendAll(client, concat([said, squeezed(encode("a2 SELECT INBOX\r\n"))]));
  const plain = await readPlain(client, "c1 OK DEFLATE is active\r\n");
  const heard = [plain.rest];
  const selected = SELECTED.split("\n").map((line) => line.trim())
    .filter((line) => line.startsWith("S: ")).map((line) => line.slice(3).replaceAll("\\\\", "\\"));
  const end = "a2 OK [READ-WRITE] selected\r\n";
  assert.equal(await hearUntil(client, heard, end), selected.join("\r\n") + "\r\n");

  await sendAll(client, squeezed(encode("a3 IDLE\r\n")));
  await hearUntil(client, heard, "+ idling\r\n");
  backend.account.append("INBOX", [{ content: encode("\r\n"), flags: [], receivedAt: null }]);
  await hearUntil(client, heard, "* 4 EXISTS\r\n* 1 RECENT\r\n");
  await sendAll(client, squeezed(encode("DONE\r\na4 COMPRESS DEFLATE\r\na5 LOGOUT\r\n")));
  assert.match(
    await hearUntil(client, heard, "a5 OK logged out\r\n"),
    /a4 NO \[COMPRESSIONACTIVE\] .*\r\n\* BYE goodbye\r\na5 OK logged out\r\n$/,
  );
  client.close();
  await ended;
  assert.deepEqual(backend.counts(), { opened: 1, closed: 1 });
});

/** Reads until this was said in clear; `rest` is what came with it, and is compressed. */
async function readPlain(conn: Deno.TcpConn, end: string): Promise<{ rest: Uint8Array }> {
  const buffer = new Uint8Array(64 * 1024);
  const heard: Uint8Array[] = [];
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("it ended before it was compressed");
    heard.push(buffer.slice(0, count));
    const at = decodeLatin1(concat(heard)).indexOf(end);
    if (at !== -1) return { rest: concat(heard).subarray(at + end.length) };
  }
}
