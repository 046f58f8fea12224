/** The client's side of TLS: whom it trusts, and that it works with those whom it does not. */
import assert from "$assert";
import { X509Certificate } from "node:crypto";
import { denoWorld } from "../lib/net/deno.ts";
import { selfSigned } from "../lib/net/self_signed.ts";
import { type KeyPair, type Transport } from "../lib/net/world.ts";
import { encode } from "../lib/wire/bytes.ts";
import type { TlsInfo, TlsRequest } from "../lib/wire/session.ts";
import { isNetError, issue, lab, noise, openFiles, readAll, transports } from "./tls_support.ts";
import { until } from "./support.ts";

const { net, random } = denoWorld();

type ClientRequest = TlsRequest & { readonly side: "client" };

/** What each end got, or why not; a connection with TLS in it is handed to `talk`. */
async function handshake(
  pair: KeyPair,
  request: Omit<ClientRequest, "side">,
  talk: (ends: { server: Transport; client: Transport }) => Promise<void> = farewell,
): Promise<TlsInfo> {
  const ends = await transports();
  const { server, client } = ends;
  const serving = server.startTls({ side: "server", identity: net.tlsIdentity([pair]) });
  // The client's failure is looked at; the server's is only its echo.
  serving.catch(() => {});
  try {
    const info = await client.startTls({ side: "client", ...request });
    assert.equal(client.tls, info);
    await serving;
    await talk(ends);
    return info;
  } finally {
    client.close();
    await serving.catch(() => {});
    server.close();
  }
}

async function farewell({ server, client }: { server: Transport; client: Transport }) {
  await Promise.all([server.closeWrite(), client.closeWrite()]);
  assert.deepEqual(await Promise.all([server.read(), client.read()]), [null, null]);
}

Deno.test("a verified server is trusted by name, by address, and by itself", async () => {
  const { authority, good } = await lab();
  const authorities = [authority.certificate];
  const serial = random.bytes(16);
  const own = await selfSigned({ names: ["mx.abc.com"], nowMs: Date.now(), serial });
  const table: readonly (readonly [KeyPair, string, readonly string[]])[] = [
    [good, "localhost", authorities],
    [good, "127.0.0.1", authorities],
    [good, "LOCALHOST", ["-----BEGIN CERTIFICATE-----\n", ...authorities].slice(1)],
    [own, "mx.abc.com", [own.certificate]],
    [own, "mx.abc.com", [authority.certificate, own.certificate]],
  ];
  for (const [pair, hostname, authorities] of table) {
    const info = await handshake(pair, { hostname, verify: true, authorities });
    assert.equal(info.version, "TLSv1.3");
    assert.match(info.cipher, /^TLS_/);
  }
});

Deno.test("a server that cannot be verified is refused, in words that say what to do", async (t) => {
  const { authority: by, good, other } = await lab();
  const trusted = [by.certificate];
  const table: readonly (readonly [string, KeyPair, string, readonly string[], RegExp])[] = [
    ["wrong name", other, "localhost", trusted, /for other\.example, .*not for localhost/],
    ["wrong address", other, "127.0.0.1", trusted, /not for 127\.0\.0\.1/],
    ["unknown issuer", good, "localhost", [], /nobody who is trusted here has signed/],
    [
      "expired",
      await issue(["localhost"], { by, validDays: [-30, -1] }),
      "localhost",
      trusted,
      /has expired/,
    ],
    [
      "not valid yet",
      await issue(["localhost"], { by, validDays: [1, 30] }),
      "localhost",
      trusted,
      /not valid yet/,
    ],
    ["an authority's", by, "localhost", trusted, /CA:FALSE/],
  ];
  for (const [name, pair, hostname, authorities, words] of table) {
    await t.step(name, async () => {
      const refused = handshake(pair, { hostname, verify: true, authorities });
      await assert.rejects(refused, isNetError("untrusted", words));
    });
  }
});

Deno.test("what cannot even be verified is refused", async () => {
  const { authority, good } = await lab();
  const trusted = [authority.certificate];
  const broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const table = [
    ["", trusted, "untrusted", /no certificate can be for the name/],
    ["no host", trusted, "untrusted", /no certificate can be for the name no host/],
    ["localhost", ["ca.pem"], "unusable", /PEM file is wanted/],
    ["localhost", [broken], "unusable", /trusted certificate cannot be read/],
  ] as const;
  for (const [hostname, authorities, kind, words] of table) {
    const refused = handshake(good, { hostname, verify: true, authorities });
    await assert.rejects(refused, isNetError(kind, words));
  }
});

Deno.test("without verification anybody will do, and is known by the certificate shown", async () => {
  const { other } = await lab();
  const expired = await issue(["localhost"], { validDays: [-30, -1] });
  for (const pair of [other, expired]) {
    for (const hostname of ["localhost", "127.0.0.1", "unknown.example"]) {
      const info = await handshake(pair, { hostname, verify: false });
      const { fingerprint256 } = new X509Certificate(pair.certificate);
      assert.equal(info.fingerprint, fingerprint256);
      assert.equal(info.binding?.length, 32);
      assert.equal(info.version, "TLSv1.3");
      assert.match(info.cipher, /^TLS_/);
    }
  }
});

Deno.test("a name is asked for by SNI, with and without verification", async () => {
  const { authority, good, other } = await lab();
  for (const verify of [true, false]) {
    const { server, client } = await transports();
    const identity = net.tlsIdentity([good, other]);
    const authorities = [authority.certificate];
    const [info] = await Promise.all([
      server.startTls({ side: "server", identity }),
      client.startTls({ side: "client", hostname: "other.example", verify, authorities }),
    ]);
    assert.equal(info.fingerprint, new X509Certificate(other.certificate).fingerprint256);
    await farewell({ server, client });
    server.close();
    client.close();
  }
});

Deno.test("a megabyte comes and goes at once, with and without verification", async () => {
  const { authority, good } = await lab();
  const before = openFiles();
  const there = noise(1024 * 1024);
  const back = there.toReversed();
  for (const verify of [true, false]) {
    const request = { hostname: "localhost", verify, authorities: [authority.certificate] };
    await handshake(good, request, async ({ server, client }) => {
      const reading = readAll(client);
      const [atServer, atClient] = await Promise.all([
        readAll(server),
        reading,
        say(server, back).then(() => server.closeWrite()),
        // Before Deno 2.9, an unverified client hears nothing after it has said its last.
        say(client, there).then(() => verify ? null : reading).then(() => client.closeWrite()),
      ]);
      assert.equal(digest(atServer), digest(there));
      assert.equal(digest(atClient), digest(back));
    });
  }
  await until("all files are closed", () => before === null || openFiles()! <= before);
});

async function say(transport: Transport, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += 50_000) {
    await transport.write(bytes.subarray(at, at + 50_000));
  }
}

Deno.test("a client without verification takes no more than it reads", async () => {
  const { good } = await lab();
  await handshake(good, { hostname: "localhost", verify: false }, async ({ server, client }) => {
    let said = 0;
    const chunk = new Uint8Array(256 * 1024);
    const saying = (async () => {
      for (; said < 128; said++) await server.write(chunk);
      await server.closeWrite();
    })();
    let before = -1;
    // Until the system's buffers are full; they hold some megabytes.
    await until("the server is held up", async () => {
      const held = said === before;
      before = said;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return held;
    });
    assert.ok(said < 100, `${said} of 128`);
    assert.equal((await readAll(client)).length, 128 * chunk.length);
    await saying;
  });
});

function digest(bytes: Uint8Array): string {
  return `${bytes.length}: ${bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7)}`;
}

Deno.test("a server without TLS, and one that leaves, are told apart", async () => {
  for (const verify of [true, false]) {
    const request = { side: "client", hostname: "localhost", verify } as const;
    const clear = await transports();
    await clear.server.write(encode("454 TLS not available\r\n"));
    await assert.rejects(clear.client.startTls(request), isNetError("handshake"));
    clear.server.close();

    const gone = await transports();
    gone.server.close();
    await assert.rejects(gone.client.startTls(request), isNetError("lost"));
  }
});

Deno.test("a server that leaves in the middle of the handshake has no TLS", async () => {
  const { good, authority } = await lab();
  for (const verify of [true, false]) {
    for (const bytes of [3, 200, 500]) {
      const { server: relay, client } = await transports();
      const { server, client: beyond } = await transports();
      const serving = server.startTls({ side: "server", identity: net.tlsIdentity([good]) });
      serving.catch(() => {});
      const authorities = [authority.certificate];
      const request = { side: "client", hostname: "localhost", verify, authorities } as const;
      const refused = assert.rejects(client.startTls(request), isNetError("lost"));
      await beyond.write((await relay.read())!);
      const flight = (await beyond.read())!;
      assert.ok(flight.length > bytes, `${flight.length} bytes`);
      await relay.write(flight.subarray(0, bytes));
      await relay.closeWrite();
      await refused;
      relay.close();
      beyond.close();
      await serving.catch(() => {});
    }
  }
});
