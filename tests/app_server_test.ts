/** A running server as a whole: its listeners, its limit of connections, and its end. */
import assert from "$assert";
import { NetError } from "../lib/net/world.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Store } from "../lib/store/store.ts";
import { letter, sendMessage, startTestServer } from "./app_support.ts";
import { fakeWorld } from "./fake_world.ts";
import { startNextHop } from "./next_hop.ts";

Deno.test("one connection too many hears 421 or -ERR, until a place is free", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, connectionsMax: 2 });
  const first = await server.connect();
  const second = await server.connect("pop3");
  assert.match(first.greeting, /^220 abc\.com /);
  const third = await server.connect();
  assert.equal(third.greeting, "421 4.3.2 abc.com Too many connections, try again later");
  assert.equal(await third.hear(), "", "and the connection is closed");
  const fourth = await server.connect("pop3");
  assert.equal(fourth.greeting, "-ERR [SYS/TEMP] Too many connections, try again later");
  // Those that were turned away are still lingering, and take nobody's place.
  second.close();
  await world.clock.pass(0);
  const fifth = await server.connect();
  assert.match(fifth.greeting, /^220 /);
  for (const talker of [first, third, fourth, fifth]) talker.close();
});

Deno.test("a crowd that is turned away does not grow without end", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, connectionsMax: 1 });
  const first = await server.connect();
  const crowd = [];
  for (let n = 0; n < 150; n++) crowd.push(await server.connect());
  const heard = crowd.filter(({ greeting }) => greeting !== "");
  assert.equal(heard.length, 100);
  for (const talker of [first, ...crowd]) talker.close();
});

Deno.test("whoever leaves before being turned away is no failure of ours", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, connectionsMax: 1 });
  const first = await server.connect();
  const hasty = await world.net.connect(
    { host: "127.0.0.1", port: server.port("smtp") },
    { timeoutMs: 1_000 },
  );
  hasty.close();
  await world.clock.pass(0);
  assert.deepEqual(server.logged("session-failed"), []);
  first.close();
});

Deno.test("an address that is taken is an error, and leaves nothing open", async () => {
  const world = fakeWorld();
  const other = world.net.listen({ host: "127.0.0.1", port: 110 });
  await assert.rejects(
    startTestServer({ world, ports: { smtp: 25, pop3: 110 } }),
    (error: unknown) => error instanceof NetError && error.kind === "inUse",
  );
  other.close();
  world.net.listen({ host: "127.0.0.1", port: 25 }).close(); // it is free again
});

Deno.test("a stop says 421 to those who wait, and listens no more", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const idle = await server.smtp();
  const reader = await server.connect("pop3");
  const port = server.port("smtp");
  const stopped = server.server.stop();
  assert.equal(await idle.hear(), "421 4.3.2 abc.com is going down, closing");
  assert.equal(await idle.hear(), "");
  assert.match(await reader.hear(), /^-ERR \[SYS\/TEMP\] /);
  await assert.rejects(server.world.net.connect({ host: "127.0.0.1", port }, { timeoutMs: 1000 }));
  idle.close();
  reader.close();
  await world.clock.pass(3_000);
  await stopped;
});

Deno.test("a stop lets a message that is being committed have its 250", async () => {
  const world = fakeWorld();
  const inner = openMemoryStore({ turn: world.clock.turn });
  const committing = Promise.withResolvers<void>();
  const store: Store = {
    ...inner,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    async accept(message) {
      await committing.promise;
      await inner.accept(message);
    },
  };
  await using server = await startTestServer({ world, store, users: ["alice"] });
  const stranger = await server.smtp();
  const sent = sendMessage(stranger, {
    from: "carol@other.test",
    to: ["alice@abc.com"],
    content: letter("Just in time"),
  });
  await world.clock.pass(0);
  const stopped = server.server.stop();
  await world.clock.pass(1_000);
  committing.resolve();
  assert.match((await sent).at(-1)!, /^250 2\.0\.0 /);
  assert.match(await stranger.hear(), /^421 /);
  stranger.close();
  await world.clock.pass(3_000);
  await stopped;
  assert.equal((await server.mailbox("alice@abc.com")).length, 1);
});

Deno.test("a stop cuts off who is still not answered after five seconds", async () => {
  const world = fakeWorld();
  const inner = openMemoryStore({ turn: world.clock.turn });
  const committing = Promise.withResolvers<void>();
  const store: Store = {
    ...inner,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    async accept(message) {
      await committing.promise;
      await inner.accept(message);
    },
  };
  await using server = await startTestServer({ world, store, users: ["alice"] });
  const stranger = await server.smtp();
  const sent = sendMessage(stranger, {
    from: "carol@other.test",
    to: ["alice@abc.com"],
    content: letter("Too late"),
  });
  let answered = false;
  void sent.then(() => answered = true);
  await world.clock.pass(0);
  const stopped = server.server.stop();
  await world.clock.pass(4_900);
  assert.equal(answered, false);
  await world.clock.pass(200);
  assert.equal((await sent).at(-1), "", "the connection ended without an answer");
  committing.resolve();
  stranger.close();
  await world.clock.pass(3_000);
  await stopped;
});

Deno.test("a stop in the middle of DATA keeps nothing and says 421", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const stranger = await server.smtp();
  await stranger.say("MAIL FROM:<carol@other.test>");
  await stranger.say("RCPT TO:<alice@abc.com>");
  await stranger.say("DATA");
  await stranger.send("Subject: Half\r\n\r\nHello");
  await world.clock.pass(0);
  const stopped = server.server.stop();
  assert.match(await stranger.hear(), /^421 4\.3\.2 /);
  stranger.close();
  await world.clock.pass(3_000);
  await stopped;
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
});

Deno.test("a client that vanishes in the middle of DATA leaves nothing behind", async () => {
  const world = fakeWorld();
  await using server = await startTestServer({ world, users: ["alice"] });
  const stranger = await server.smtp();
  await stranger.say("MAIL FROM:<carol@other.test>");
  await stranger.say("RCPT TO:<alice@abc.com>");
  await stranger.say("DATA");
  await stranger.send("Subject: Half\r\n\r\nHello\r\n.\r"); // the end is almost there
  stranger.close();
  await world.clock.pass(0);
  assert.deepEqual(await server.mailbox("alice@abc.com"), []);
});

Deno.test("a stop does not wait for a next hop that hangs: what was asked is taken", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world, {
    answer: (line) => line.startsWith("RCPT") ? "silence" : undefined,
  });
  await using server = await startTestServer({
    world,
    users: ["alice"],
    routes: { "xyz.com": hop.endpoint },
  });
  const alice = await server.smtp("alice");
  await alice.say("MAIL FROM:<alice@abc.com>");
  const asked = alice.say("RCPT TO:<bob@xyz.com>");
  await world.clock.pass(1_000);
  const stopped = server.server.stop();
  assert.match(await asked, /^250 2\.1\.5 /);
  assert.match(await alice.hear(), /^421 /);
  alice.close();
  await world.clock.pass(5_000);
  await stopped;
  hop.stop();
});

Deno.test("after a stop nothing is left: no connection, no timer", async () => {
  const world = fakeWorld();
  const hop = startNextHop(world);
  {
    await using server = await startTestServer({
      world,
      users: ["alice"],
      routes: { "xyz.com": hop.endpoint },
    });
    const alice = await server.smtp("alice");
    await sendMessage(alice, {
      from: "alice@abc.com",
      to: ["bob@xyz.com", "alice@abc.com"],
      content: letter("Everywhere"),
    });
    await world.clock.pass(0);
    const stopped = server.server.stop();
    await world.clock.pass(0);
    alice.close();
    await stopped;
  }
  hop.stop();
  await world.clock.pass(0);
  assert.equal(world.net.open(), 0);
  assert.equal(world.clock.pending(), 0);
});
