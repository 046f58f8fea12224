/** Whole servers behind proxies: PROXY and XCLIENT, from those who may, and from others. */
import assert from "$assert";
import type { Service } from "../lib/config.ts";
import { concat, decodeLatin1, encode } from "../lib/wire/bytes.ts";
import { letter, startTestServer, type TestServer, type TestServerOptions } from "./app_support.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { lab } from "./tls_support.ts";
import { binary } from "./wire_proxy_test.ts";

const V1 = encode("PROXY TCP4 203.0.113.9 192.0.2.1 56324 25\r\n");
const V2 = binary(0x21, 0x11, Uint8Array.of(203, 0, 113, 9, 192, 0, 2, 1, 0xdc, 0x04, 0, 25));
const TRUSTED = ["127.0.0.0/8"];

interface Raw {
  send(bytes: string | Uint8Array): Promise<void>;
  /** What was said until now; `null` at the end: the other side has left. */
  heard(): Promise<string>;
  ended(): boolean;
  close(): void;
}

/** A connection on which nobody waits for a greeting. */
async function raw(world: FakeWorld, port: number): Promise<Raw> {
  const transport = await world.net.connect({ host: "127.0.0.1", port }, { timeoutMs: 1_000 });
  let text = "";
  let ended = false;
  (async () => {
    for (let chunk; (chunk = await transport.read()) !== null;) text += decodeLatin1(chunk);
    ended = true;
  })().catch(() => ended = true);
  return {
    send: (bytes) => transport.write(typeof bytes === "string" ? encode(bytes) : bytes),
    async heard() {
      await world.clock.pass(0);
      const heard = text;
      text = "";
      return heard;
    },
    ended: () => ended,
    close: () => transport.close(),
  };
}

async function start(options: TestServerOptions = {}) {
  const world = fakeWorld();
  const server = await startTestServer({ world, users: ["alice"], trusted: TRUSTED, ...options });
  const connect = (service: Service = "smtp") => raw(world, server.port(service));
  return { world, server, connect };
}

/** Sends a message to alice, and gives what stands in its Received field. */
async function fromOf(server: TestServer, client: Raw): Promise<string> {
  await client.send("EHLO client.test\r\nMAIL FROM:<carol@other.test>\r\n");
  await client.send(`RCPT TO:<alice@abc.com>\r\nDATA\r\n${letter("Hi")}.\r\n`);
  assert.match(await client.heard(), /\r\n250 2\.0\.0 Accepted as [a-z0-9]+\r\n$/);
  const message = (await server.mailbox("alice@abc.com")).at(-1)!;
  return /Received: (from .*?) by /.exec(message.replaceAll("\r\n ", " "))![1]!;
}

for (const [name, header] of [["1", V1], ["2", V2]] as const) {
  Deno.test(`a client behind a trusted proxy is the one that PROXY ${name} names`, async () => {
    const { server, connect } = await start();
    await using _ = server;
    const client = await connect();
    await client.send(header);
    assert.match(await client.heard(), /^220 abc\.com ESMTP ready\r\n$/, "greeted at once");
    assert.equal(await fromOf(server, client), "from client.test ([203.0.113.9])");
    assert.ok(server.logged("connected").some(({ peer }) => peer === "203.0.113.9"));
    client.close();
  });

  Deno.test(`PROXY ${name} from others is only a bad command`, async () => {
    const { server, connect } = await start({ trusted: ["127.0.0.2"] });
    await using _ = server;
    const client = await connect();
    await client.heard();
    await client.send(concat([header, encode("\r\n")]));
    assert.match(await client.heard(), /^50[01] /);
    assert.equal(await fromOf(server, client), "from client.test ([127.0.0.1])");
    client.close();
  });
}

Deno.test("a trusted peer without a header is greeted after a moment, as itself", async () => {
  const { world, server, connect } = await start();
  await using _ = server;
  const client = await connect();
  await world.clock.pass(299);
  assert.equal(await client.heard(), "");
  await world.clock.pass(1);
  assert.match(await client.heard(), /^220 /);
  assert.equal(await fromOf(server, client), "from client.test ([127.0.0.1])");
  const health = await connect();
  await health.send("PROXY UNKNOWN\r\n");
  assert.match(await health.heard(), /^220 /);
  assert.equal(await fromOf(server, health), "from client.test ([127.0.0.1])");
  client.close();
  health.close();
});

Deno.test("a trusted peer that speaks before the greeting is heard, with header and without", async () => {
  const { server, connect } = await start();
  await using _ = server;
  for (const header of ["", "PROXY TCP4 203.0.113.9 192.0.2.1 1 25\r\n"]) {
    const client = await connect();
    await client.send(`${header}EHLO early.test\r\nQUIT\r\n`);
    assert.match(await client.heard(), /^220 [^]*\r\n250 HELP\r\n221 2\.0\.0 /);
    client.close();
  }
});

Deno.test("half a header, and one that makes no sense, end the connection without a word", async () => {
  const { world, server, connect } = await start();
  await using _ = server;
  const half = await connect();
  await half.send(V1.subarray(0, 10));
  await world.clock.pass(4_900);
  assert.ok(!half.ended());
  await world.clock.pass(200);
  assert.equal(await half.heard(), "");
  assert.ok(half.ended());
  const odd = await connect();
  await odd.send("PROXY TCP4 somebody else 1 2\r\nEHLO x\r\n");
  assert.equal(await odd.heard(), "");
  assert.ok(odd.ended());
  const piecemeal = await connect();
  for (const byte of V2) await piecemeal.send(Uint8Array.of(byte));
  assert.match(await piecemeal.heard(), /^220 /);
  piecemeal.close();
  assert.equal(server.logged("proxy-failed").length, 2);
});

/** Tries to become alice, by XCLIENT and with her password in clear. */
async function assertStranger(client: Raw, about: string): Promise<void> {
  await client.send("EHLO x\r\nXCLIENT LOGIN=alice\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
  const said = await client.heard();
  assert.doesNotMatch(said, /250-(?:XCLIENT|AUTH) /, about);
  assert.match(said, /\r\n550 5\.7\.0 [^\r]*\r\n538 5\.7\.11 [^\r]*\r\n$/, about);
}

Deno.test("a client behind a trusted proxy may nothing of what the proxy may", async () => {
  const { server, connect } = await start();
  await using _ = server;
  const unknown = binary(0x21, 0x00, new Uint8Array(0));
  const local = binary(0x20, 0x00, new Uint8Array(0));
  for (const header of [V1, V2, encode("PROXY UNKNOWN\r\n"), unknown, local]) {
    const client = await connect();
    await client.send(header);
    await client.heard();
    await assertStranger(client, decodeLatin1(header));
    client.close();
  }
  for (const said of ["ADDR=203.0.113.9", "ADDR=[UNAVAILABLE]", "HELO=x ADDR=IPV6:2001:db8::9"]) {
    const client = await connect();
    await client.send(`EHLO p\r\nXCLIENT ${said}\r\n`);
    await client.heard();
    await assertStranger(client, said);
    client.close();
  }
});

Deno.test("an address of ours or of a proxy, named by a proxy, is nothing", async () => {
  const { server, connect } = await start();
  await using _ = server;
  const client = await connect();
  await client.send("PROXY TCP4 127.0.0.9 192.0.2.1 1 25\r\n");
  await client.heard();
  await assertStranger(client, "PROXY");
  client.close();
  // By XCLIENT, as with Postfix, the named one may go on where it is trusted itself.
  const again = await connect();
  await again.send("EHLO p\r\nXCLIENT ADDR=127.0.0.9\r\n");
  await again.heard();
  await again.send("EHLO x\r\n");
  assert.match(await again.heard(), /250-XCLIENT /);
  await again.send("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
  assert.match(await again.heard(), /^538 5\.7\.11 /);
  again.close();
});

for (const [name, header] of [["1", V1], ["2", V2]] as const) {
  Deno.test(`PROXY ${name} that comes after the greeting ends the connection`, async () => {
    const { world, server, connect } = await start({ ports: { smtp: 0, pop3: 0 } });
    await using _ = server;
    for (const service of ["smtp", "pop3"] as const) {
      const client = await connect(service);
      await world.clock.pass(300);
      assert.match(await client.heard(), /^(?:220|\+OK) /);
      await client.send(header.subarray(0, 7));
      await client.send(concat([header.subarray(7), encode("EHLO x\r\nXCLIENT LOGIN=alice\r\n")]));
      assert.doesNotMatch(await client.heard(), /^2|^\+OK/m);
      assert.ok(client.ended());
    }
    assert.equal(server.logged("proxy-failed").length, 2);
  });
}

Deno.test("limits hold for whom a proxy names, and not for the proxy", async () => {
  const { server, connect } = await start({ limitLoopback: true, connectionsPerAddressMax: 1 });
  await using _ = server;
  const proxies = [await connect(), await connect(), await connect()] as const;
  const named = async (proxy: Raw) => {
    await proxy.send("EHLO p\r\nXCLIENT ADDR=203.0.113.9\r\n");
    return (await proxy.heard()).split("\r\n").at(-2);
  };
  assert.match((await named(proxies[0]))!, /^220 /);
  assert.match((await named(proxies[1]))!, /^421 4\.7\.0 Too many connections from your/);
  assert.ok(proxies[1].ended());
  const other = await connect();
  await other.send(V1);
  assert.match(await other.heard(), /^421 4\.7\.0 /, "the same address, by PROXY");
  // Its place is free again when it has gone.
  await proxies[0].send("QUIT\r\n");
  await proxies[0].heard();
  proxies[0].close();
  assert.match((await named(proxies[2]))!, /^220 /);
  proxies[2].close();
});

Deno.test("a client behind a proxy is not on this machine, although the proxy is", async () => {
  const { server, connect } = await start({ ports: { smtp: 0, pop3: 0 } });
  await using _ = server;
  for (const by of ["PROXY", "XCLIENT"]) {
    const client = await connect();
    if (by === "PROXY") await client.send(V1);
    else await client.send("EHLO p\r\nXCLIENT ADDR=203.0.113.9\r\n");
    await client.heard();
    await client.send("EHLO x\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
    const said = await client.heard();
    assert.doesNotMatch(said, /250-AUTH/);
    assert.match(said, /\r\n538 5\.7\.11 /);
    await client.send("XPOP3\r\nUSER alice\r\n");
    assert.match(await client.heard(), /\r\n-ERR /);
    client.close();
  }
  const reader = await connect("pop3");
  await reader.send(V1);
  await reader.heard();
  await reader.send("USER alice\r\n");
  assert.match(await reader.heard(), /^-ERR /);
  reader.close();
});

Deno.test("PROXY comes before TLS, where TLS begins with the first byte", async () => {
  const { good, authority } = await lab();
  await using server = await startTestServer({
    users: ["alice"],
    tls: [good],
    trusted: TRUSTED,
    ports: { smtp: 0, smtps: 0 },
  });
  for (const header of [V1, new Uint8Array(0)]) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port("smtps") });
    if (header.length > 0) await conn.write(header);
    const tls = await Deno.startTls(conn, {
      hostname: "localhost",
      caCerts: [authority.certificate],
    });
    const buffer = new Uint8Array(1000);
    const count = await tls.read(buffer);
    assert.match(decodeLatin1(buffer.subarray(0, count!)), /^220 /);
    tls.close();
  }
  assert.ok(server.logged("tls").some(({ peer }) => peer === "203.0.113.9"));
  assert.ok(server.logged("tls").some(({ peer }) => peer === "127.0.0.1"));
});

Deno.test("on a socket, too, a trusted peer without a header is heard after the greeting", async () => {
  await using server = await startTestServer({ users: ["alice"], trusted: TRUSTED });
  const talker = await server.smtp();
  assert.match(await talker.say("XCLIENT ADDR=203.0.113.9"), /^220 /);
  assert.match(await talker.say("XCLIENT ADDR=203.0.113.10"), /^550 5\.7\.0 /);
  talker.close();
});

Deno.test("XCLIENT: the proxy's word counts for address, name, hello and login", async () => {
  const { server, connect } = await start();
  await using _ = server;
  const client = await connect();
  await client.send("EHLO proxy.test\r\n");
  assert.match(await client.heard(), /\r\n250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN\r\n/);
  await client.send(
    "XCLIENT NAME=spike.test ADDR=IPV6:2001:db8::9 PORT=4711 HELO=spike.test LOGIN=alice\r\n",
  );
  assert.match(await client.heard(), /^220 abc\.com ESMTP ready\r\n$/);
  await client.send(
    "EHLO x\r\nMAIL FROM:<alice@abc.com>\r\nRCPT TO:<alice@abc.com>\r\nDATA\r\n\r\n.\r\n",
  );
  assert.match(await client.heard(), /\r\n250 2\.0\.0 Accepted/);
  const message = (await server.mailbox("alice@abc.com")).at(-1)!;
  assert.match(
    message.replaceAll("\r\n ", " "),
    /Received: from spike\.test \(spike\.test \[IPv6:2001:db8::9\]\) by abc\.com with ESMTPA /,
  );
  // The sender had to be hers: she was logged in.
  await client.send("MAIL FROM:<bob@abc.com>\r\n");
  assert.match(await client.heard(), /^550 5\.7\.1 /);
  client.close();
});

Deno.test("what XCLIENT says in several parts adds up", async () => {
  const { server, connect } = await start();
  await using _ = server;
  const client = await connect();
  await client.send("EHLO p\r\nXCLIENT HELO=spike.test LOGIN=alice\r\n");
  await client.send("XCLIENT ADDR=203.0.113.9\r\nEHLO x\r\nMAIL FROM:<bob@abc.com>\r\n");
  assert.match(await client.heard(), /\r\n550 5\.7\.1 [^\r]*\r\n$/, "alice is logged in");
  client.close();
});
