/**
 * The driver over real sockets, with peers that behave badly. Deno's sanitizers watch for leaks.
 */
import assert from "$assert";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import { heldConnections, socketConnection } from "../lib/net/socket.ts";
import { connTransport } from "../lib/net/transport.ts";
import type { Clock, NetError, Transport } from "../lib/net/world.ts";
import { ByteQueue, concat, decodeLatin1, encode, equal } from "../lib/wire/bytes.ts";
import { readLine } from "../lib/wire/lines.ts";
import { deadline, Interrupted, read, type Session, write } from "../lib/wire/session.ts";
import { until } from "./support.ts";

const { clock, net } = denoWorld();

/** The driver's own patience (2 s for last words, 2 s for lingering) made ten times shorter. */
const hurried: Clock = {
  ...clock,
  alarm(fire) {
    const alarm = clock.alarm(fire);
    return { set: (ms) => alarm.set(ms / 10), cancel: alarm.cancel };
  },
};

/** A server's transport and the client's raw connection to it. */
async function pair(): Promise<{ readonly server: Transport; readonly client: Deno.TcpConn }> {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const accepting = listener[Symbol.asyncIterator]().next();
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.local.port });
  const server = await accepting;
  listener.close();
  assert.ok(server.done !== true);
  return { server: server.value, client };
}

function driveHurried<R>(session: Session<null, R>, transport: Transport): Promise<R> {
  return drive(session, transport, null, { clock: hurried, signal: new AbortController().signal });
}

/** Reads until the server closes; a connection that was reset ends there too. */
async function readAll(conn: Deno.Conn): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const buffer = new Uint8Array(64 * 1024);
      const count = await conn.read(buffer);
      if (count === null) break;
      chunks.push(buffer.subarray(0, count));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return decodeLatin1(concat(chunks));
}

/** Reads one line with a deadline (a tenth of `ms`), and says what became of it. */
function* oneLine(ms: number): Session<null, string> {
  try {
    yield* deadline(ms);
    const line = yield* readLine(new ByteQueue(), 1_000_000);
    yield* write(encode("221 bye\r\n"));
    return line instanceof Uint8Array ? decodeLatin1(line) : `${line}`;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    yield* write(encode("421 too slow\r\n"));
    return error.reason;
  }
}

Deno.test("a peer that sends a byte every so often is cut off at the deadline, and told so", async () => {
  const { server, client } = await pair();
  const outcome = driveHurried(oneLine(3_000), server);
  const reading = readAll(client);
  let sent = 0;
  const dripping = (async () => {
    try {
      for (; sent < 400; sent++) {
        await client.write(encode("x"));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } catch {
      // That is the point: the server has closed.
    }
  })();
  assert.equal(await outcome, "deadline");
  await dripping;
  assert.ok(sent < 200, `cut off after ${sent} bytes`);
  assert.equal(await reading, "421 too slow\r\n");
  client.close();
});

Deno.test("a peer that never reads is cut off at the deadline", async () => {
  const { server, client } = await pair();
  const startMs = performance.now();
  const outcome = await driveHurried(
    (function* (): Session<null, string> {
      try {
        yield* deadline(3_000);
        // More than the system takes for a peer that does not read.
        for (let i = 0; i < 64; i++) yield* write(new Uint8Array(1024 * 1024));
        yield* read();
        return "written";
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        yield* write(encode("421 too slow\r\n"));
        return error.reason;
      }
    })(),
    server,
  );
  assert.equal(outcome, "deadline");
  assert.ok(performance.now() - startMs < 5_000);
  await assert.rejects(server.write(encode("x")), isLost);
  // Before Deno 2.9 the system keeps the connection until the peer leaves, and that is counted.
  client.close();
  await until("the system lets go of the connection", () => heldConnections() === 0);
});

Deno.test("the last reply arrives although the peer still sends", async () => {
  const { server, client } = await pair();
  const outcome = driveHurried(oneLine(60_000), server);
  const reading = readAll(client);
  await client.write(encode("QUIT\r\n"));
  let stop = false;
  const sending = (async () => {
    try {
      while (!stop) {
        await client.write(new Uint8Array(1000));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } catch {
      // The server does not listen for ever.
    }
  })();
  assert.equal(await outcome, "QUIT");
  assert.equal(await reading, "221 bye\r\n");
  stop = true;
  await sending;
  client.close();
});

Deno.test("a peer that vanishes ends the session with null or lost, and nothing is left open", async () => {
  const { server, client } = await pair();
  const outcome = driveHurried(oneLine(60_000), server);
  await client.write(encode("half a line"));
  client.close();
  assert.ok(["null", "lost"].includes(await outcome));
});

Deno.test("a transport carries many bytes both ways, whatever the buffers' sizes", async () => {
  const { server, client } = await pair();
  const sent = new Uint8Array(3_000_000).map((_, at) => at % 251);
  const sizes = [1, 2_047, 2_048, 2_049, 65_536, 65_537, 700_000];
  const peer = connTransport(client);
  const sending = (async () => {
    for (let at = 0, i = 0; at < sent.length; i++) {
      const size = sizes[i % sizes.length]!;
      await peer.write(sent.subarray(at, at + size));
      at += size;
    }
    await peer.closeWrite();
  })();
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await server.read();
    if (chunk === null) break;
    chunks.push(chunk.slice());
  }
  await sending;
  assert.ok(equal(concat(chunks), sent));
  server.close();
  peer.close();
});

Deno.test("a chunk stays as it was until the next read, although others read", async () => {
  const [first, second] = [await pair(), await pair()];
  const big = new Uint8Array(200_000).fill(1);
  const writing = first.client.write(big).then(() => first.client.write(big));
  for (let bytes = 0; bytes < 20_000;) bytes += (await first.server.read())!.length;
  const lent = (await first.server.read())!;
  const copy = lent.slice();
  first.server.close();
  await writing.catch(() => {});
  const other = second.client.write(new Uint8Array(200_000).fill(2));
  for (let bytes = 0; bytes < 150_000;) bytes += (await second.server.read())!.length;
  assert.ok(equal(lent, copy));
  second.server.close();
  await other.catch(() => {});
  first.client.close();
  second.client.close();
});

Deno.test("writes are sent in their order, without waiting for each other", async () => {
  const { server, client } = await pair();
  await Promise.all(["1", "2", "3", "4", "5"].map((each) => server.write(encode(each))));
  await server.closeWrite();
  assert.equal(await readAll(client), "12345");
  server.close();
  client.close();
});

Deno.test("close ends what is pending, may be called twice, and fails what comes after", async () => {
  const { server, client } = await pair();
  const pending = server.read();
  assert.equal(server.read(), pending, "a second read joins the first");
  const rejected = assert.rejects(pending, isLost);
  server.close();
  server.close();
  await rejected;
  await assert.rejects(server.read(), isLost);
  await assert.rejects(server.write(encode("x")), isLost);
  await server.closeWrite();
  client.close();
});

function isLost(error: unknown): boolean {
  return (error as NetError).name === "NetError" && (error as NetError).kind === "lost";
}

Deno.test("a connection is watched by the system, and sends at once", () => {
  const set: string[] = [];
  const address: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  const conn = {
    localAddr: address,
    remoteAddr: address,
    setNoDelay: (on: boolean) => void set.push(`no delay ${on}`),
    setKeepAlive: (on: boolean) => void set.push(`keep alive ${on}`),
  };
  socketConnection(conn as unknown as Deno.TcpConn);
  assert.deepEqual(set, ["no delay true", "keep alive true"]);
});
