/** Mail to domains that nobody has named a next hop for goes where the DNS says. */
import assert from "$assert";
import {
  arrived,
  letter,
  sendMessage,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from "./app_support.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { type NextHop, startNextHop } from "./next_hop.ts";

interface Setting extends AsyncDisposable {
  readonly world: FakeWorld;
  readonly hop: NextHop;
  readonly server: TestServer;
  /** Alice writes to somebody: the replies from MAIL to the dot. */
  write(to: string): Promise<readonly string[]>;
}

/** abc.com with alice; the mail host of xyz.com is at 192.0.2.1, and says as it is told. */
async function start(
  options: TestServerOptions = {},
  answer?: (line: string) => string | undefined,
) {
  const world = fakeWorld();
  world.dns.set("xyz.com", "MX 10 dead.xyz.com", "MX 20 mx.xyz.com");
  world.dns.set("dead.xyz.com", "A 192.0.2.9");
  world.dns.set("mx.xyz.com", "A 192.0.2.1");
  world.dns.set("closed.test", "MX 0 .");
  const hop = startNextHop(world, {
    host: "192.0.2.1",
    port: 25,
    ...(answer === undefined ? {} : { answer }),
  });
  const server = await startTestServer({ world, users: ["alice"], mxPort: 25, ...options });
  const setting: Setting = {
    world,
    hop,
    server,
    async write(to) {
      const talker = await server.smtp("alice");
      const replies = sendMessage(talker, {
        from: "alice@abc.com",
        to: [to],
        content: letter(`to ${to}`),
      });
      await world.clock.pass(30_000);
      talker.close();
      return await replies;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      hop.stop();
    },
  };
  return setting;
}

Deno.test("a user's mail goes to the first mail host that takes it", async () => {
  await using setting = await start();
  assert.match((await setting.write("bob@xyz.com")).at(-1)!, /^250 /);
  assert.deepEqual(setting.hop.messages.map(({ recipients }) => recipients), [["bob@xyz.com"]]);
  const [relayed] = setting.server.logged("relayed");
  assert.equal(relayed!.via, "mx.xyz.com[192.0.2.1]:25");
  assert.deepEqual(setting.server.logged("passed-over"), [{
    via: "dead.xyz.com[192.0.2.9]:25",
    reply: "450 4.4.1 nothing listens on 192.0.2.9:25",
  }]);
  // Asked for once, and remembered.
  assert.deepEqual(setting.world.dns.questions, [
    "xyz.com MX",
    "dead.xyz.com AAAA",
    "dead.xyz.com A",
    "mx.xyz.com AAAA",
    "mx.xyz.com A",
    "_mta-sts.xyz.com TXT",
  ]);
  await setting.write("carol@xyz.com");
  assert.equal(setting.world.dns.questions.length, 6);
});

Deno.test("a domain that does not exist, or takes no mail, is taken and comes back at once", async () => {
  await using setting = await start();
  for (const to of ["bob@none.test", "bob@closed.test"]) {
    assert.match((await setting.write(to)).at(-1)!, /^250 /, to);
  }
  const [first, second] = await arrived(setting.server, "alice@abc.com", 2);
  assert.match(first!, /Status: 5\.1\.2\r\n/);
  assert.match(first!, /There is no domain none\.test/);
  assert.match(second!, /Status: 5\.1\.10\r\n/);
});

Deno.test("SERVFAIL is no reason to send mail back", async () => {
  await using setting = await start();
  setting.world.dns.fail("xyz.com", "failed");
  await setting.write("bob@xyz.com");
  const [down] = setting.server.logged("hop-down");
  assert.match(String(down!.reply), /^450 4\.4\.3 The DNS did not say .* failed$/);
  setting.world.dns.remove("xyz.com");
  setting.world.dns.set("xyz.com", "MX 20 mx.xyz.com");
  await setting.world.clock.pass(60 * 60_000);
  assert.equal(setting.hop.messages.length, 1);
  assert.deepEqual(await setting.server.mailbox("alice@abc.com"), []);
});

Deno.test("mail hosts are asked about recipients with --verify-recipients=always only", async () => {
  const answer = (line: string) => line.includes("<nobody@") ? "550 5.1.1 Nobody" : undefined;
  await using usual = await start({}, answer);
  assert.match((await usual.write("nobody@xyz.com"))[1]!, /^250 /);

  await using asking = await start({ verifyRecipients: "always" }, answer);
  const said = async (to: string) => (await asking.write(to))[1]!;
  assert.equal(await said("nobody@xyz.com"), "550 5.1.1 Nobody");
  assert.equal(await said("bob@none.test"), "550 5.1.2 There is no domain none.test");
  assert.equal(await said("bob@closed.test"), "556 5.1.10 That domain takes no mail");
  assert.match(await said("bob@xyz.com"), /^250 /);
  asking.world.dns.fail("broken.test", "timeout");
  assert.match(await said("bob@broken.test"), /^250 /, "what is not known is the queue's business");
  await usual.world.clock.pass(60_000);
});

Deno.test("a stranger is refused before the DNS is asked", async () => {
  await using setting = await start({ verifyRecipients: "always" });
  const talker = await setting.server.smtp();
  await talker.say("MAIL FROM:<eve@other.test>");
  assert.match(await talker.say("RCPT TO:<bob@xyz.com>"), /^550 5\.7\.1 /);
  assert.deepEqual(setting.world.dns.questions, []);
  talker.close();
});

Deno.test("an address literal leads to its address, and without the DNS nothing does", async () => {
  await using setting = await start();
  await setting.write("bob@[192.0.2.1]");
  assert.deepEqual(setting.hop.messages.map(({ recipients }) => recipients), [["bob@[192.0.2.1]"]]);
  await using closed = await start({ mxPort: null });
  assert.equal(
    (await closed.write("bob@xyz.com"))[1],
    "550 5.1.2 There is no route to that domain",
  );
});

Deno.test("mail whose best host is this server comes back, and does not go round", async () => {
  const world = fakeWorld();
  world.dns.set("xyz.com", "MX 10 here.test", "MX 20 elsewhere.test");
  world.dns.set("here.test", "A 192.0.2.7");
  world.dns.set("elsewhere.test", "A 192.0.2.8");
  world.dns.set("named.test", "MX 10 abc.com");
  await using server = await startTestServer({
    world,
    users: ["alice"],
    hosts: ["127.0.0.1", "192.0.2.7"],
    ports: { smtp: 25 },
    mxPort: 25,
  });
  const talker = await server.smtp("alice");
  const from = "alice@abc.com";
  await sendMessage(talker, {
    from,
    to: ["bob@xyz.com", "bob@named.test", "bob@[127.0.0.2]"],
    content: letter("here"),
  });
  await world.clock.pass(1_000);
  const reports = await arrived(server, from, 2);
  for (const report of reports) assert.match(report, /Status: 5\.4\.6\r\n/);
  talker.close();
});
