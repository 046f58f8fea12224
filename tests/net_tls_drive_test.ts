/** TLS in a session's hands: deadlines, what may not happen at the same time, and what is freed. */
import assert from "$assert";
import { denoWorld } from "../lib/net/deno.ts";
import { drive } from "../lib/net/drive.ts";
import { heldConnections } from "../lib/net/socket.ts";
import { type Clock, NetError, type Transport } from "../lib/net/world.ts";
import { encode } from "../lib/wire/bytes.ts";
import {
  deadline,
  Interrupted,
  read,
  readOrWake,
  type Session,
  startTls,
  type TlsRequest,
  write,
} from "../lib/wire/session.ts";
import { fakeIdentity } from "./fake_tls.ts";
import { fakeClock, fakeTransport } from "./fake_transport.ts";
import { until } from "./support.ts";
import { isNetError, lab, openFiles, pair, transports } from "./tls_support.ts";

const { clock, net } = denoWorld();

/** The driver's own patience (2 s for last words, 2 s for lingering) made ten times shorter. */
const hurried: Clock = {
  ...clock,
  alarm(fire) {
    const alarm = clock.alarm(fire);
    return { set: (ms) => alarm.set(ms / 10), cancel: alarm.cancel };
  },
};

function driveHurried<R>(session: Session<null, R>, transport: Transport): Promise<R> {
  return drive(session, transport, null, { clock: hurried, signal: new AbortController().signal });
}

/** Starts TLS at once, and says what became of it. The deadline is a tenth of `ms`. */
function* implicitTls(request: TlsRequest, ms: number): Session<null, string> {
  try {
    yield* deadline(ms);
    yield* startTls(request);
    return "done";
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    yield* write(encode("421 too slow\r\n"));
    const { cause } = error;
    return cause instanceof NetError ? `${error.reason}: ${cause.kind}` : error.reason;
  }
}

async function serverRequest(): Promise<TlsRequest> {
  return { side: "server", identity: net.tlsIdentity([(await lab()).good]) };
}

/** Everything that comes; a connection that was reset has come to its end too. */
async function bytesUntilEnd(conn: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(16_384);
  for (let bytes = 0;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) return bytes;
    bytes += count;
  }
}

Deno.test("a client that says nothing is cut off at the deadline, and costs one file until then", async () => {
  const before = openFiles();
  const { server, client } = await pair();
  const outcome = driveHurried(implicitTls(await serverRequest(), 3_000), server);
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (before !== null) assert.ok(openFiles()! <= before + 2, "both ends of the connection");
  assert.equal(await outcome, "deadline");
  assert.equal(await bytesUntilEnd(client), 0, "nothing is said in clear");
  client.close();
});

Deno.test("a client that stops after its hello is cut off at the deadline, and all is freed", async () => {
  const before = openFiles();
  for (let times = 0; times < 10; times++) {
    const { server, client } = await pair();
    const outcome = driveHurried(implicitTls(await serverRequest(), 1_000), server);
    await client.write(await helloBytes());
    assert.equal(await outcome, "deadline");
    const { tls } = server;
    assert.equal(tls, null);
    assert.ok(await bytesUntilEnd(client) > 100, "the server's side of the handshake came");
    client.close();
  }
  await until("all files are closed", () => before === null || openFiles()! <= before);
  assert.equal(heldConnections(), 0);
});

/** The hello of Deno's own client. */
async function helloBytes(): Promise<Uint8Array> {
  const { server, client } = await transports();
  const request = { side: "client", hostname: "localhost", verify: true } as const;
  const starting = assert.rejects(client.startTls(request), isNetError("lost"));
  const hello = (await server.read())!.slice();
  client.close();
  server.close();
  await starting;
  return hello;
}

Deno.test("a session hears why there is no TLS", async () => {
  const { server, client } = await pair();
  const outcome = driveHurried(implicitTls(await serverRequest(), 60_000), server);
  await client.write(encode("EHLO client.example\r\n"));
  assert.equal(await outcome, "lost: handshake");
  assert.equal(await bytesUntilEnd(client), 0, "nothing is said in clear");
  client.close();
});

Deno.test("a server that stops in the handshake is left at the deadline, and all is freed", async () => {
  const before = openFiles();
  for (const verify of [true, false]) {
    for (const answer of ["", "\x16\x03\x03\x00\x40"]) {
      const { server, client } = await transports();
      const request = { side: "client", hostname: "localhost", verify } as const;
      const outcome = driveHurried(implicitTls(request, 1_000), client);
      await server.write(encode(answer));
      assert.equal(await outcome, "deadline");
      for (;;) if (await server.read().catch(() => null) === null) break;
      server.close();
    }
  }
  await until("all files are closed", () => before === null || openFiles()! <= before);
});

Deno.test("a peer that never reads under TLS is cut off at the deadline", async () => {
  const { authority } = await lab();
  const request = await serverRequest();
  const { server, client } = await pair();
  const outcome = driveHurried(
    (function* (): Session<null, string> {
      yield* startTls(request);
      try {
        yield* deadline(3_000);
        for (let i = 0; i < 64; i++) yield* write(new Uint8Array(1024 * 1024));
        yield* read();
        return "written";
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        return error.reason;
      }
    })(),
    server,
  );
  const options = { hostname: "localhost", caCerts: [authority.certificate] };
  const secure = await Deno.startTls(client, options);
  await secure.handshake();
  assert.equal(await outcome, "deadline");
  await assert.rejects(server.write(encode("x")), isNetError("lost"));
  secure.close();
  await until("the system lets go of the connection", () => heldConnections() === 0);
});

Deno.test("TLS does not start while a read is pending, twice, or on what is closed", async () => {
  const request = await serverRequest();
  const { server, client } = await pair();
  const reading = server.read();
  const refused = assert.rejects(server.startTls(request), /while a read is pending/);
  await client.write(encode("x"));
  await refused;
  assert.equal((await reading)!.length, 1);

  const starting = assert.rejects(server.startTls(request), isNetError("lost"));
  await assert.rejects(server.startTls(request), /twice/);
  await assert.rejects(server.read(), /during a TLS handshake/);
  await assert.rejects(server.write(encode("x")), /during a TLS handshake/);
  await assert.rejects(server.closeWrite(), /during a TLS handshake/);
  server.close();
  await starting;
  await assert.rejects(server.startTls(request), isNetError("lost"));
  assert.equal(await bytesUntilEnd(client), 0);
  client.close();
});

Deno.test("a chunk that lost to a wake is never taken for one that came under TLS", async () => {
  const transport = fakeTransport();
  const outcome = drive(
    (function* (): Session<null> {
      assert.equal(yield* readOrWake(() => Promise.resolve()), "wake");
      transport.feed("NOOP\r\n");
      transport.feed(null);
      yield* startTls({ side: "server", identity: fakeIdentity([]) });
    })(),
    transport,
    null,
    { clock: fakeClock(), signal: new AbortController().signal },
  );
  await assert.rejects(outcome, /while a read is pending/);
  assert.equal(transport.state, "closed");
});
