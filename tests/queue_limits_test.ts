/** What the queue bounds: its own work, and what a next hop can make of it. */
import assert from "$assert";
import { bodyOf } from "../lib/mail/body.ts";
import { SILENT } from "../lib/log.ts";
import { createWays, failed, NEW_WAY } from "../lib/queue/ways.ts";
import { createLinks } from "../lib/queue/link.ts";
import { startWorker } from "../lib/queue/worker.ts";
import { openMemoryStore } from "../lib/store/memory.ts";
import type { Accepted } from "../lib/store/store.ts";
import { encode } from "../lib/wire/bytes.ts";
import type { Transport } from "../lib/net/world.ts";
import { type FakeWorld, fakeWorld } from "./fake_world.ts";
import { lineReader } from "./line_reader.ts";
import { startNextHop } from "./next_hop.ts";
import { PORT, SCHEDULE, startSetting, targetsIn } from "./queue_support.ts";

const MINUTE_MS = 60_000;

Deno.test("one delivery takes fifty recipients of a message, and the next ones take the rest", async () => {
  await using setting = await startSetting();
  const hop = setting.hop();
  const bobs = Array.from({ length: 120 }, (_, at) => `bob${at}@xyz.com`);
  await setting.queue("many", ...bobs);
  await setting.world.clock.pass(0);
  const sizes = hop.messages.map(({ recipients }) => recipients.length);
  assert.deepEqual(sizes.toSorted((one, other) => other - one), [50, 50, 20]);
  assert.deepEqual(
    hop.messages.flatMap(({ recipients }) => recipients).toSorted(),
    bobs.toSorted(),
  );
});

Deno.test("fifty deliveries are under way at once, and others wait their turn", async () => {
  await using setting = startAnywhere();
  const { world } = setting;
  const hop = startNextHop(world, { port: PORT, answer: () => "silence" });
  for (let at = 0; at < 60; at++) await setting.queue(`m${at}`, `d${at}.test`);
  await world.clock.pass(0);
  assert.equal(hop.connections.length, 50);
  hop.stop();
  await world.clock.pass(0);
});

Deno.test("a hop that is slow at everything is left after twenty minutes", async () => {
  await using setting = await startSetting();
  const { world, store } = setting;
  const hop = startSlowHop(world, 4 * MINUTE_MS + 50_000);
  await setting.queue("slow");
  // The greeting, EHLO, MAIL and RCPT are each answered in time.
  await world.clock.pass(20 * MINUTE_MS - 1_000);
  assert.ok((await store.queue.list({ max: 1 }))[0]!.taken);
  await world.clock.pass(2_000);
  const [queued] = await store.queue.list({ max: 1 });
  assert.equal(queued!.taken, false);
  assert.ok(queued!.dueAt > world.clock.now(), "it is tried again later");
  hop.close();
});

Deno.test("ten thousand hops are remembered, and the one longest unchanged forgotten first", () => {
  const hops = createWays();
  const once = failed(NEW_WAY);
  for (let at = 0; at < 10_000; at++) hops.set(`d${at}.test`, once);
  hops.set("d0.test", failed(once));
  assert.equal(hops.of("d0.test").failures, 2);
  hops.set("new.test", once);
  assert.equal(hops.of("d0.test").failures, 2, "it was down last");
  assert.deepEqual(hops.of("d1.test"), NEW_WAY);
  assert.equal(hops.of("d2.test").failures, 1);
});

interface Anywhere extends AsyncDisposable {
  readonly world: FakeWorld;
  /** Queues a message for somebody at this domain. */
  queue(id: string, domain: string): Promise<void>;
}

/** A worker with sixty next hops, all at the same port of this machine. */
function startAnywhere(): Anywhere {
  const world = fakeWorld();
  const store = openMemoryStore({ turn: world.clock.turn });
  const links = createLinks({ world, hostname: "abc.com", log: SILENT });
  const worker = startWorker({
    world,
    links,
    store,
    targets: targetsIn(
      world,
      Object.fromEntries(
        Array.from(
          { length: 60 },
          (_, at) => [`d${at}.test`, { host: `mx${at}.test`, port: PORT }],
        ),
      ),
    ),
    schedule: SCHEDULE,
    log: SILENT,
    report: () => null,
    release: (group) => group.map(() => "unknown" as const),
  });
  return {
    world,
    queue: (id, domain) => store.accept(messageTo(world, id, domain)),
    async [Symbol.asyncDispose]() {
      const stopped = worker.stop().then(() => links.close());
      await world.clock.pass(60_000);
      await stopped;
      await store[Symbol.asyncDispose]();
    },
  };
}

function messageTo(world: FakeWorld, id: string, domain: string): Accepted {
  const now = world.clock.now();
  const recipient = { address: { local: "bob", domain } };
  return {
    id,
    acceptedAt: now,
    envelope: { sender: { local: "alice", domain: "abc.com" }, body: "7BIT" },
    content: bodyOf(encode(`Subject: ${id}\r\n\r\nHello\r\n`)),
    deliveries: [{ to: "queue", hop: domain, recipient, dueAt: now }],
  };
}

/** A server that thinks for so long about everything. */
function startSlowHop(world: FakeWorld, thinksMs: number): { close(): void } {
  const listener = world.net.listen({ host: "127.0.0.1", port: PORT });
  const serve = async (transport: Transport) => {
    const next = lineReader(transport);
    for (let line: string | null = "connect"; line !== null; line = await next()) {
      await world.clock.sleep(thinksMs);
      await transport.write(encode(line === "connect" ? "220 slow\r\n" : "250 OK\r\n"));
    }
  };
  (async () => {
    for await (const transport of listener) {
      // The other side leaves in the middle of it.
      serve(transport).catch(() => {}).finally(() => transport.close());
    }
  })();
  return listener;
}
