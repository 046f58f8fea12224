/** LMTP: final delivery for another mail server, recipient by recipient. */
import assert from "$assert";
import { sendOverSmtp } from "../lib/cli/transfer.ts";
import { makeConfig } from "../lib/config.ts";
import { bodyOf } from "../lib/mail/body.ts";
import { encode } from "../lib/wire/bytes.ts";
import { letter, REAL, startTestServer, type TestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { startNextHop } from "./next_hop.ts";

const PORTS = { smtp: 0, lmtp: 0, pop3: 0 };

async function lmtp(server: TestServer) {
  const talker = await server.connect("lmtp");
  assert.equal(talker.greeting, "220 abc.com LMTP ready");
  await talker.say("LHLO mx.abc.com");
  return talker;
}

Deno.test("a message by LMTP is in each mailbox when its recipient is answered with 250", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice", "dave"], ports: PORTS });
  const talker = await lmtp(server);
  await talker.say("MAIL FROM:<carol@other.test>");
  for (const [to, reply] of [["alice", /^250 /], ["nobody", /^550 5\.1\.1 /], ["dave", /^250 /]]) {
    assert.match(await talker.say(`RCPT TO:<${to}@abc.com>`), reply as RegExp);
  }
  await talker.say("DATA");
  await talker.send(`${letter("By LMTP")}.\r\n`);
  const replies = [await talker.hear(), await talker.hear()];
  assert.match(replies[0]!, /^250 2\.0\.0 Accepted as [a-z0-9]+$/);
  assert.equal(replies[1], replies[0]);
  for (const user of ["alice@abc.com", "dave@abc.com"]) {
    const [message, another] = await server.mailbox(user);
    assert.equal(another, undefined);
    assert.match(message!, /^Return-Path: <carol@other\.test>\r\nReceived: /);
    assert.match(message!.replaceAll("\r\n ", " "), / by abc\.com with LMTP id [a-z0-9]+; /);
  }
  talker.close();
});

Deno.test("LMTP delivers to mailboxes here only, and sends nothing on", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world);
  await using server = await startTestServer({
    world,
    users: ["alice"],
    ports: PORTS,
    routes: { "*": hop.endpoint },
  });
  const talker = await lmtp(server);
  await talker.say("MAIL FROM:<alice@abc.com>");
  for (const to of ["bob@xyz.com", "bob%xyz.com@abc.com", "@abc.com:bob@xyz.com"]) {
    assert.match(await talker.say(`RCPT TO:<${to}>`), /^550 5\.(7\.1|1\.1) /, to);
  }
  assert.match(await talker.say("DATA"), /^503 /);
  talker.close();
  hop.stop();
  assert.deepEqual(hop.connections, []);
});

Deno.test("LMTP sends nothing on for a user either, for whom a trusted proxy vouches", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world);
  await using server = await startTestServer({
    world,
    users: ["alice"],
    ports: PORTS,
    routes: { "*": hop.endpoint },
    trusted: ["127.0.0.1"],
  });
  const connecting = server.connect("lmtp");
  await world.clock.pass(1_000); // in which a PROXY header could have come
  const talker = await connecting;
  await talker.say("LHLO mx.abc.com");
  assert.match(await talker.say("XCLIENT LOGIN=alice"), /^220 /);
  await talker.say("LHLO mx.abc.com");
  await talker.say("MAIL FROM:<alice@abc.com>");
  assert.match(await talker.say("RCPT TO:<bob@xyz.com>"), /^550 5\.7\.1 LMTP /);
  talker.close();
  hop.stop();
  assert.deepEqual(hop.connections, []);
});

Deno.test("a recipient who is gone since RCPT is told so, and the others get the message", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice", "dave"], ports: PORTS });
  const talker = await lmtp(server);
  await talker.say("MAIL FROM:<carol@other.test>");
  for (const to of ["dave", "alice"]) await talker.say(`RCPT TO:<${to}@abc.com>`);
  await server.store.users.remove(server.store.users.find("dave@abc.com")!.id);
  await talker.say("DATA");
  await talker.send(`${letter("For who is here")}.\r\n`);
  assert.match(await talker.hear(), /^550 5\.1\.1 /);
  assert.match(await talker.hear(), /^250 2\.0\.0 /);
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
  talker.close();
});

Deno.test("our client delivers by LMTP, with an outcome for each recipient", async () => {
  await using server = await startTestServer({ users: ["alice", "dave"], ports: PORTS });
  const send = (...locals: readonly string[]) =>
    sendOverSmtp({
      world: REAL,
      to: { host: "127.0.0.1", port: server.port("lmtp") },
      helloName: null,
      timeoutMs: 10_000,
      tls: { mode: "none", authorities: [] },
      login: null,
      protocol: "lmtp",
      partial: true,
      envelope: { sender: { local: "carol", domain: "other.test" }, body: "7BIT" },
      recipients: locals.map((local) => ({ address: { local, domain: "abc.com" } })),
      content: bodyOf(encode(letter("From our client"))),
    });
  const { attempts } = await send("alice", "nobody", "dave");
  assert.deepEqual(attempts.map(({ result }) => result), ["delivered", "refused", "delivered"]);
  assert.equal((await server.mailbox("dave@abc.com")).length, 1);
});

Deno.test("RFC 2033 §5: LMTP is not for port 25", () => {
  assert.throws(() => makeConfig({ domains: ["abc.com"], ports: { lmtp: 25 } }), /RFC 2033 §5/);
});
