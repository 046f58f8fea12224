/**
 * The server's side of TLS, with clients that are not ours. Deno's sanitizers watch for leaks, and
 * where files may be read, the open ones are counted.
 */
import assert from "$assert";
import { Buffer } from "node:buffer";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, type ConnectionOptions, TLSSocket } from "node:tls";
import { denoWorld } from "../lib/net/deno.ts";
import { dialDeno, loopback } from "../lib/net/loopback.ts";
import { heldConnections } from "../lib/net/socket.ts";
import { isNetError, lab, noise, openFiles, pair, readAll, readExactly } from "./tls_support.ts";
import type { KeyPair, TlsServerIdentity, Transport } from "../lib/net/world.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";
import type { TlsInfo } from "../lib/wire/session.ts";
import { canRun, until } from "./support.ts";

const { net } = denoWorld();

/** Before Deno 2.9 a `node:tls` client speaks the newest version, whatever it is told. */
const choosesVersions = typeof TLSSocket.prototype.getProtocol === "function";

const hasOpenssl = canRun &&
  await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output()
    .then(({ success }) => success, () => false);

interface Server extends AsyncDisposable {
  readonly port: number;
  /** What each handshake gave, in the order of their ends. */
  readonly infos: readonly TlsInfo[];
}

/** Serves each connection in its own task; what goes wrong there fails the test at its end. */
function serve(
  identity: TlsServerIdentity,
  talk: (transport: Transport) => Promise<void> = echo,
): Server {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const infos: TlsInfo[] = [];
  const tasks: Promise<void>[] = [];
  const open = new Set<Transport>();
  const accepting = (async () => {
    for await (const transport of listener) {
      open.add(transport);
      tasks.push((async () => {
        try {
          infos.push(await transport.startTls({ side: "server", identity }));
          await talk(transport);
        } finally {
          transport.close();
          open.delete(transport);
        }
      })());
    }
  })();
  return {
    port: listener.local.port,
    infos,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      try {
        await until("all connections have ended", () => open.size === 0);
      } finally {
        for (const transport of open) transport.close();
      }
      await Promise.all(tasks);
    },
  };
}

/** Says everything again, and goodbye when the client does. */
async function echo(transport: Transport): Promise<void> {
  for (;;) {
    const chunk = await transport.read();
    if (chunk === null) break;
    await transport.write(chunk);
  }
  await transport.closeWrite();
}

/** A client that is Node's, and does not look at certificates. */
async function nodeClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** Sends a line and gives what comes back. */
async function exchange(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = await once(socket, "data");
  return answer.toString();
}

async function finish(socket: TLSSocket): Promise<void> {
  socket.resume();
  socket.end();
  await once(socket, "close");
}

async function denoClient(port: number): Promise<Deno.TlsConn> {
  const { authority } = await lab();
  const options = { hostname: "127.0.0.1", port, caCerts: [authority.certificate] };
  return await Deno.connectTls(options);
}

function identityOf(...pairs: readonly KeyPair[]): TlsServerIdentity {
  return net.tlsIdentity(pairs);
}

Deno.test("a megabyte comes and goes at once under TLS, byte by byte", async () => {
  await using server = serve(identityOf((await lab()).good));
  const client = await denoClient(server.port);
  const sent = noise(1024 * 1024);
  const received = new Uint8Array(sent.length);
  await Promise.all([
    (async () => {
      for (let at = 0; at < sent.length;) at += await client.write(sent.subarray(at, at + 70_000));
      await client.closeWrite();
    })(),
    readExactly(client, received),
  ]);
  assert.ok(Buffer.compare(sent, received) === 0);
  assert.equal(await client.read(new Uint8Array(1)), null);
  client.close();
});

Deno.test("STARTTLS goes on where the clear ended, with nothing of it left over", async () => {
  const { good, authority } = await lab();
  const identity = identityOf(good);
  const { server, client } = await pair();
  const serving = (async () => {
    await server.write(encode("220 ready\r\n"));
    assert.equal(decode((await server.read())!), "STARTTLS\r\nNOOP\r\n");
    await server.write(encode("220 go ahead\r\n"));
    await server.startTls({ side: "server", identity });
    await echo(server);
    server.close();
  })();
  const clear = new Uint8Array(11);
  await readExactly(client, clear);
  await client.write(encode("STARTTLS\r\nNOOP\r\n"));
  await readExactly(client, new Uint8Array(14));
  const caCerts = [authority.certificate];
  const secure = await Deno.startTls(client, { hostname: "localhost", caCerts });
  await secure.write(encode("EHLO\r\n"));
  const answer = new Uint8Array(6);
  await readExactly(secure, answer);
  assert.equal(decode(answer), "EHLO\r\n");
  await secure.closeWrite();
  assert.equal(await secure.read(answer), null);
  secure.close();
  await serving;
});

Deno.test("what was pipelined in clear behind STARTTLS is taken for a broken handshake", async () => {
  const identity = identityOf((await lab()).good);
  const { server, client } = await pair();
  await client.write(encode("NOOP\r\nMAIL FROM:<eve@evil.example>\r\n"));
  const request = { side: "server", identity } as const;
  await assert.rejects(server.startTls(request), isNetError("handshake", /is not TLS/));
  assert.equal(await client.read(new Uint8Array(1)).catch(() => null), null);
  client.close();
});

Deno.test("both versions of TLS say their version and cipher", {
  ignore: !choosesVersions,
}, async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    await using server = serve(identityOf((await lab()).good));
    const client = await nodeClient(server.port, { minVersion: version, maxVersion: version });
    assert.equal(client.getProtocol(), version);
    assert.equal(await exchange(client, "EHLO\r\n"), "EHLO\r\n");
    const [info] = server.infos;
    assert.equal(info!.version, version);
    const { standardName } = client.getCipher();
    assert.equal(info!.cipher, standardName);
    await finish(client);
  }
});

Deno.test("openssl speaks both versions with it", { ignore: !hasOpenssl }, async () => {
  for (const [option, version] of [["-tls1_2", "TLSv1.2"], ["-tls1_3", "TLSv1.3"]] as const) {
    await using server = serve(identityOf((await lab()).good));
    const child = new Deno.Command("openssl", {
      args: ["s_client", "-quiet", "-no_ign_eof", "-connect", `127.0.0.1:${server.port}`, option],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const input = child.stdin.getWriter();
    const output = child.stdout.getReader();
    await input.write(encode("NOOP\n"));
    assert.equal(decode((await output.read()).value!), "NOOP\n");
    assert.equal(server.infos[0]!.version, version);
    await input.close();
    assert.equal((await output.read()).done, true);
    await child.status;
  }
});

Deno.test("each client gets the pair of the name it asks for, else the first", async () => {
  const { good, other } = await lab();
  await using server = serve(identityOf(good, other));
  const table = [
    ["other.example", other],
    ["OTHER.example", other],
    ["mx.wild.example", other],
    ["localhost", good],
    ["unknown.example", good],
    ["deep.mx.wild.example", good],
    [null, good],
  ] as const;
  for (const [servername, expected] of table) {
    const client = await nodeClient(server.port, servername === null ? {} : { servername });
    const { raw, fingerprint256 } = new X509Certificate(expected.certificate);
    assert.equal(client.getPeerCertificate().fingerprint256, fingerprint256, `${servername}`);
    await exchange(client, "EHLO\r\n");
    const info = server.infos.at(-1)!;
    assert.equal(info.fingerprint, fingerprint256);
    assert.deepEqual(info.binding, new Uint8Array(createHash("sha256").update(raw).digest()));
    await finish(client);
  }
});

Deno.test("a reload shows the new certificate to new clients, and drops nobody", async () => {
  const { good, other } = await lab();
  const identity = identityOf(good);
  await using server = serve(identity);
  const shown = (client: TLSSocket) => client.getPeerCertificate().fingerprint256;
  const before = await nodeClient(server.port);
  identity.reload([other]);
  const after = await nodeClient(server.port);
  assert.equal(shown(before), new X509Certificate(good.certificate).fingerprint256);
  assert.equal(shown(after), new X509Certificate(other.certificate).fingerprint256);
  assert.equal(await exchange(before, "NOOP\r\n"), "NOOP\r\n");
  assert.equal(await exchange(after, "NOOP\r\n"), "NOOP\r\n");
  await Promise.all([finish(before), finish(after)]);

  const broken = { certificate: good.certificate, key: other.key };
  assert.throws(() => identity.reload([good, broken]), isNetError("unusable"));
  assert.throws(() => identity.reload([]), isNetError("unusable"));
  assert.deepEqual(identity.certificates.map(({ names }) => names[0]), ["other.example"]);
});

Deno.test("an identity of another world is refused", async () => {
  const { server, client } = await pair();
  await client.write(Uint8Array.of(22, 3, 1, 0, 4, 1, 0, 0, 0));
  const identity = { certificates: [] };
  await assert.rejects(server.startTls({ side: "server", identity }), /another world/);
  client.close();
});

Deno.test("a client that does not speak TLS is told so, or left", async () => {
  const table: readonly (readonly [Uint8Array, RegExp, number | null])[] = [
    [encode("GET / HTTP/1.1\r\n"), /is not TLS/, null],
    [new Uint8Array(100), /is not TLS/, null],
    // A record of the right type, with nonsense in it: TLS answers with an alert (21).
    [concat([Uint8Array.of(22, 3, 1, 0, 9, 1, 0, 0, 5), encode("hello")]), /no TLS/, 21],
    [longHello(), /does not end/, null],
  ];
  for (const [bytes, words, answer] of table) {
    const { server, client } = await pair();
    const identity = identityOf((await lab()).good);
    const starting = server.startTls({ side: "server", identity });
    const refused = assert.rejects(starting, isNetError("handshake", words));
    await client.write(bytes);
    const first = new Uint8Array(1);
    const count = await client.read(first).catch(() => null);
    assert.equal(count === null ? null : first[0], answer, `${words}`);
    await refused;
    client.close();
  }
});

/** The beginning of a hello that announces 64 KiB, in records that are allowed. */
function longHello(): Uint8Array {
  const record = concat([Uint8Array.of(22, 3, 1, 1, 0), new Uint8Array(256)]);
  record.set([1, 1, 0, 0], 5);
  return concat(Array.from({ length: 80 }, () => record));
}

Deno.test("two hundred clients at once are served, and nothing is left behind", async () => {
  const before = openFiles();
  {
    await using server = serve(identityOf((await lab()).good));
    await Promise.all(Array.from({ length: 200 }, async (_, at) => {
      const client = await denoClient(server.port);
      const sent = noise(20_000 + at);
      const received = new Uint8Array(sent.length);
      const reading = readExactly(client, received);
      for (let at = 0; at < sent.length;) at += await client.write(sent.subarray(at));
      await reading;
      assert.ok(Buffer.compare(sent, received) === 0);
      await client.closeWrite();
      assert.equal(await client.read(received), null);
      client.close();
    }));
    assert.equal(server.infos.length, 200);
  }
  // Those of an earlier test may have been open still.
  await until("all files are closed", () => before === null || openFiles()! <= before);
  assert.equal(heldConnections(), 0);
});

Deno.test("the client may go on to read when it has said all, and so may the server", async () => {
  await using server = serve(identityOf((await lab()).good), async (transport) => {
    const said = await readAll(transport);
    await transport.write(encode(`${said.length} bytes\r\n`));
    await transport.closeWrite();
    assert.equal(await transport.read(), null);
  });
  const client = await denoClient(server.port);
  const sent = noise(300_000);
  for (let at = 0; at < sent.length;) at += await client.write(sent.subarray(at));
  await client.closeWrite();
  const answer = new Uint8Array(14);
  await readExactly(client, answer);
  assert.equal(decode(answer), "300000 bytes\r\n");
  assert.equal(await client.read(answer), null);
  client.close();
});

Deno.test("what was said last arrives, although the server closes at once", async () => {
  const last = noise(200_000);
  await using server = serve(identityOf((await lab()).good), async (transport) => {
    await transport.read();
    await transport.write(last);
  });
  const client = await denoClient(server.port);
  await client.write(encode("QUIT\r\n"));
  const received = new Uint8Array(last.length);
  await readExactly(client, received);
  assert.ok(Buffer.compare(last, received) === 0);
  assert.equal(await client.read(received), null);
  client.close();
  await until("the server has let go", () => heldConnections() === 0);
});

Deno.test("a client that is cut off under TLS is lost, and not at its end", async () => {
  const { good, authority } = await lab();
  const identity = identityOf(good);
  const { server, client: cut } = await pair();
  const relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { near, far } = await loopback(relay, dialDeno);
  const relaying = Promise.allSettled([copy(far, cut), copy(cut, far)]);
  const starting = server.startTls({ side: "server", identity });
  const options = { hostname: "localhost", caCerts: [authority.certificate] };
  const client = await Deno.startTls(near, options);
  await client.write(encode("DATA"));
  await starting;
  assert.equal(decode((await server.read())!), "DATA");
  // Without TLS's own farewell, somebody on the way could have cut off what was said.
  await cut.closeWrite();
  await assert.rejects(server.read(), isNetError("lost"));
  server.close();
  cut.close();
  far.close();
  client.close();
  await relaying;
});

async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(16_384);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
  }
}

Deno.test("a client whose hello does not end is left after sixteen KiB", async () => {
  const { server, client } = await pair();
  const identity = identityOf((await lab()).good);
  const upgraded = server.startTls({ side: "server", identity });
  // Records of a ClientHello (RFC 8446 §4) that is said to have a megabyte.
  const hello = new Uint8Array(5 + 4096);
  hello.set([22, 3, 1, 16, 0, 1, 16, 0, 0]);
  const rest = new Uint8Array(5 + 4096);
  rest.set([22, 3, 1, 16, 0]);
  await client.write(hello);
  const more = (async () => {
    for (let records = 0; records < 3; records++) await client.write(rest);
  })();
  await assert.rejects(upgraded, isNetError("handshake", /hello does not end/));
  await more.catch(() => {}); // the last record may find the connection closed
  client.close();
});
