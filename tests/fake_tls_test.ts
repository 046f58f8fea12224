/** TLS in the world in memory fails where it does in the real one. */
import assert from "$assert";
import { denoWorld } from "../lib/net/deno.ts";
import type { KeyPair, Net, Transport } from "../lib/net/world.ts";
import { encode } from "../lib/wire/bytes.ts";
import { fakeWorld } from "./fake_world.ts";
import { isNetError, lab } from "./tls_support.ts";

interface World {
  readonly net: Net;
  readonly pair: KeyPair;
  readonly authority: string;
}

async function worlds(): Promise<readonly World[]> {
  const { authority, good } = await lab();
  const fake = "localhost,127.0.0.1";
  return [
    { net: denoWorld().net, pair: good, authority: authority.certificate },
    { net: fakeWorld().net, pair: { certificate: fake, key: "" }, authority: fake },
  ];
}

interface Ends {
  readonly server: Transport;
  readonly client: Transport;
}

async function connected(net: Net): Promise<Ends> {
  const listener = net.listen({ host: "127.0.0.1", port: 0 });
  const accepting = listener[Symbol.asyncIterator]().next();
  const client = await net.connect(listener.local, { timeoutMs: 10_000 });
  const server = await accepting;
  listener.close();
  if (server.done === true) throw new Error("the listener ended");
  return { server: server.value, client };
}

function close({ server, client }: Ends): void {
  client.close();
  server.close();
}

Deno.test("both ends agree, and go on where they were", async () => {
  for (const { net, pair, authority } of await worlds()) {
    const ends = await connected(net);
    const { server, client } = ends;
    const hostname = "localhost";
    const [atServer, atClient] = await Promise.all([
      server.startTls({ side: "server", identity: net.tlsIdentity([pair]) }),
      client.startTls({ side: "client", hostname, verify: true, authorities: [authority] }),
    ]);
    assert.equal(atServer.version, atClient.version);
    assert.equal(server.tls, atServer);
    assert.equal(client.tls, atClient);
    await client.write(encode("EHLO\r\n"));
    assert.deepEqual(await server.read(), encode("EHLO\r\n"));
    await Promise.all([server.closeWrite(), client.closeWrite()]);
    assert.deepEqual(await Promise.all([server.read(), client.read()]), [null, null]);
    close(ends);
  }
});

Deno.test("a client does not trust whom it does not know", async () => {
  for (const { net, pair, authority } of await worlds()) {
    for (
      const [hostname, authorities] of [["localhost", []], ["mx.example", [authority]]] as const
    ) {
      const ends = await connected(net);
      const identity = net.tlsIdentity([pair]);
      const serving = ends.server.startTls({ side: "server", identity }).catch(() => null);
      const request = { side: "client", hostname, verify: true, authorities } as const;
      await assert.rejects(ends.client.startTls(request), isNetError("untrusted"));
      await serving;
      close(ends);
    }
  }
});

Deno.test("without verification, any certificate will do", async () => {
  for (const { net, pair } of await worlds()) {
    const ends = await connected(net);
    const identity = net.tlsIdentity([pair]);
    await Promise.all([
      ends.server.startTls({ side: "server", identity }),
      ends.client.startTls({ side: "client", hostname: "mx.example", verify: false }),
    ]);
    await Promise.all([ends.server.closeWrite(), ends.client.closeWrite()]);
    close(ends);
  }
});

Deno.test("what was said in clear before is no handshake", async () => {
  for (const { net, pair } of await worlds()) {
    const ends = await connected(net);
    await ends.client.write(encode("NOOP\r\n"));
    const identity = net.tlsIdentity([pair]);
    const request = { side: "server", identity } as const;
    await assert.rejects(ends.server.startTls(request), isNetError("handshake"));
    close(ends);
  }
});

Deno.test("a client that leaves has no TLS", async () => {
  for (const { net, pair } of await worlds()) {
    const ends = await connected(net);
    const identity = net.tlsIdentity([pair]);
    const starting = ends.server.startTls({ side: "server", identity });
    ends.client.close();
    await assert.rejects(starting, isNetError("lost"));
    close(ends);
  }
});
