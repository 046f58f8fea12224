/** Whose connections count for whom. */
import assert from "$assert";
import { createImapBackend } from "../lib/app/imap_backend.ts";
import { createPop3Backend } from "../lib/app/pop3_backend.ts";
import { createSmtpBackend } from "../lib/app/smtp_backend.ts";
import { type Visit, visit } from "../lib/app/visit.ts";
import { encode } from "../lib/wire/bytes.ts";
import { startTestServer, type Talker } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { lineReader } from "./line_reader.ts";

type Options = Parameters<typeof startTestServer>[0];

async function start(options: Options) {
  const world = fakeWorld();
  const server = await startTestServer({ world, limitLoopback: true, ...options });
  /** A connection through a proxy that speaks for `address`; gives the greeting. */
  async function greetingFor(address: string): Promise<string | null> {
    const port = server.port("smtp");
    const transport = await world.net.connect({ host: "127.0.0.1", port }, { timeoutMs: 1_000 });
    await transport.write(encode(`PROXY TCP4 ${address} 192.0.2.1 5000 25\r\n`));
    return await lineReader(transport)();
  }
  return { world, server, greetingFor };
}

Deno.test("whoever is turned away takes nobody's place", async () => {
  const { world, server, greetingFor } = await start({
    trusted: ["127.0.0.1"],
    connectionsMax: 2,
    connectionsPerAddressMax: 1,
  });
  await using _ = server;
  assert.match((await greetingFor("203.0.113.9"))!, /^220 /);
  for (let at = 0; at < 100; at++) {
    assert.match((await greetingFor("203.0.113.9"))!, /^421 4\.7\.0 /);
  }
  // They stay open for two seconds, to hear what they still say; beyond a hundred it is too much.
  assert.equal(await greetingFor("203.0.113.9"), null);
  assert.match((await greetingFor("203.0.113.10"))!, /^220 /);
  await world.clock.pass(0);
});

Deno.test("by XCLIENT a connection counts for whom the proxy speaks, and for the proxy never", async () => {
  const { world, server } = await start({ trusted: ["127.0.0.1"], connectionsPerAddressMax: 2 });
  await using _ = server;
  const opened: Talker[] = [];
  for (let at = 0; at < 5; at++) {
    const connecting = server.connect();
    await world.clock.pass(400); // a peer that may send a header is greeted late
    const talker = await connecting;
    await talker.say("EHLO proxy.test");
    opened.push(talker);
  }
  const speakFor = (at: number, address: string) => opened[at]!.say(`XCLIENT ADDR=${address}`);
  assert.match(await speakFor(0, "203.0.113.9"), /^220 /);
  assert.match(await speakFor(1, "203.0.113.9"), /^220 /);
  const tooMany = "421 4.7.0 Too many connections from your address, try again later";
  assert.equal(await speakFor(2, "203.0.113.9"), tooMany);
  assert.equal(await opened[2]!.hear(), "", "and it is closed");
  assert.deepEqual(server.logged("turned-away"), [
    { service: "smtp", peer: "203.0.113.9", reason: "tooMany" },
  ]);
  assert.match(await speakFor(3, "203.0.113.10"), /^220 /, "another client");
  opened[0]!.close();
  await world.clock.pass(0);
  assert.match(await speakFor(4, "203.0.113.9"), /^220 /, "the place that was left");
  for (const talker of opened) talker.close();
});

Deno.test("a connection that goes on as another's leaves its place", async () => {
  const { server } = await start({ connectionsPerAddressMax: 1 });
  await using _ = server;
  const { site } = server.server;
  const backends = {
    ...createSmtpBackend(site),
    pop3: createPop3Backend(site),
    imap: createImapBackend(site),
  };
  const enter = (address: string) => visit(site, address) as Visit;
  const first = enter("203.0.113.9");
  assert.equal(visit(site, "203.0.113.9"), "tooMany");
  first.backends(backends).open({ address: "203.0.113.10", port: 5000 });
  const second = enter("203.0.113.9");
  assert.equal(visit(site, "203.0.113.10"), "tooMany");
  first.leave();
  second.leave();
  enter("203.0.113.10").leave();
});

Deno.test("by LMTP one server brings everybody's mail, and has no share", async () => {
  const { server } = await start({
    users: ["alice"],
    ports: { smtp: 0, lmtp: 0 },
    connectionsPerAddressMax: 1,
    messagesPerMinuteMax: 1,
  });
  await using _ = server;
  const talkers = [await server.connect("lmtp"), await server.connect("lmtp")];
  for (const talker of talkers) {
    assert.match(talker.greeting, /^220 /);
    await talker.say("LHLO front.test");
    assert.match(await talker.say("MAIL FROM:<carol@other.test>"), /^250 /);
  }
  for (const talker of talkers) talker.close();
});
