/** The simulated network, machines and disks do what real ones do, where that matters. */
import assert from "$assert";
import { DnsError } from "../lib/net/dns.ts";
import { NetError, type Transport } from "../lib/net/world.ts";
import { concat, decode, encode } from "../lib/wire/bytes.ts";
import { NOBODY } from "./sim/dns.ts";
import { createFaults, type FaultRates } from "./sim/faults.ts";
import { createLife } from "./sim/life.ts";
import { createNetwork } from "./sim/network.ts";
import { createPrng } from "./sim/prng.ts";
import type { Node, Sim } from "./sim/sim.ts";
import { simulate } from "./sim/simulate.ts";
import { createTimeline } from "./sim/timeline.ts";

const PORT = 25;
const TIMEOUT = { timeoutMs: 30_000 };

/** Runs a scenario in which all has to be well, with these faults from the beginning. */
async function inSimulation(
  scenario: (sim: Sim) => Promise<void>,
  { seed = 1, rates = {} }: { readonly seed?: number; readonly rates?: FaultRates } = {},
): Promise<void> {
  const { failures } = await simulate((sim) => {
    sim.faults.begin();
    return scenario(sim);
  }, { seed, rates });
  assert.deepEqual(failures, []);
}

/** A connection between two machines. */
async function connected(sim: Sim): Promise<readonly [near: Transport, far: Transport]> {
  const there = sim.node("there.test");
  const listener = there.world.net.listen({ host: there.address, port: PORT });
  const accepted = listener[Symbol.asyncIterator]().next();
  const near = await dial(sim.node("here.test"));
  const far = (await accepted).value as Transport;
  listener.close();
  return [near, far];
}

function dial({ world }: Node): Promise<Transport> {
  return world.net.connect({ host: "there.test", port: PORT }, TIMEOUT);
}

async function readAll(transport: Transport): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await transport.read();
    if (chunk === null) return decode(concat(chunks));
    chunks.push(chunk.slice());
  }
}

function isLost(error: unknown): boolean {
  return error instanceof NetError && error.kind === "lost";
}

Deno.test("a simulated connection brings everything in order, however it is cut and delayed", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    await inSimulation(async (sim) => {
      const [near, far] = await connected(sim);
      const lines = Array.from({ length: 50 }, (_, at) => `line ${at} from here\r\n`);
      const heard = readAll(far);
      for (const line of lines) await near.write(encode(line));
      await near.closeWrite();
      assert.equal(await heard, lines.join(""));
      // The other direction is still open.
      await far.write(encode("thank you"));
      far.close();
      assert.equal(await readAll(near), "thank you");
      near.close();
    }, { seed, rates: { cutChunk: 0.5, slowLink: 0.3 } });
  }
});

Deno.test("a simulated connection that breaks is lost for both, with what was on its way", async () => {
  await inSimulation(async (sim) => {
    const [near, far] = await connected(sim);
    await near.write(encode("hello"));
    await assert.rejects(() => far.read(), isLost);
    await assert.rejects(() => near.read(), isLost);
    await assert.rejects(() => near.write(encode("hello?")), isLost);
    assert.equal(sim.interruptions[0]?.what, "connection");
    near.close();
    far.close();
  }, { rates: { reset: 1 } });
});

Deno.test("a simulated write waits for a reader who is slow, and is let go by a close", async () => {
  await inSimulation(async (sim) => {
    const [near, far] = await connected(sim);
    const large = new Uint8Array(100_000);
    let written = false;
    const write = near.write(large).then(() => written = true);
    await sim.sleep(60_000);
    assert.equal(written, false);
    await far.read();
    await write;
    const stuck = assert.rejects(() => near.write(large), isLost);
    near.close();
    await stuck;
    far.close();
  });
});

Deno.test("what is written to a simulated end that is closed comes back as a reset", async () => {
  await inSimulation(async (sim) => {
    const [near, far] = await connected(sim);
    far.close();
    await near.write(encode("hello?"));
    await sim.sleep(10_000);
    await assert.rejects(() => near.write(encode("hello??")), isLost);
    near.close();
  });
});

Deno.test("a simulated partition holds back what is sent, and lets it through when it is over", async () => {
  await inSimulation(async (sim) => {
    const [near, far] = await connected(sim);
    sim.partition("here.test", "there.test", 60_000);
    const cutAtMs = sim.now();
    await near.write(encode("hello"));
    near.close();
    assert.equal(await readAll(far), "hello");
    assert.ok(sim.now() - cutAtMs >= 60_000);
    far.close();
  });
});

Deno.test("connecting in the simulated network fails as it does in a real one", async () => {
  const failsWith = (kind: string) => (error: unknown) =>
    error instanceof NetError && error.kind === kind;
  await inSimulation(async (sim) => {
    const here = sim.node("here.test");
    await assert.rejects(() => dial(here), failsWith("unknownHost"));
    const there = sim.node("there.test");
    await assert.rejects(() => dial(here), failsWith("refused"));
    const listener = there.world.net.listen({ host: there.address, port: PORT });
    sim.partition("here.test", "there.test", 40_000);
    await assert.rejects(() => dial(here), failsWith("timeout"));
    await sim.sleep(20_000);
    (await dial(here)).close();
    listener.close();
  });
  await inSimulation(async (sim) => {
    const [here, there] = [sim.node("here.test"), sim.node("there.test")];
    const listener = there.world.net.listen({ host: there.address, port: PORT });
    await assert.rejects(() => dial(here), failsWith("timeout"));
    listener.close();
  }, { rates: { hang: 1 } });
});

Deno.test("who gives up connecting in the simulated network has nothing open any more", async () => {
  const random = (name: string) => createPrng(1, name);
  const timeline = createTimeline(random("timeline"));
  const faults = createFaults({ random, without: new Set() });
  const prng = random("network");
  const network = createNetwork({ timeline, faults, prng, tell() {}, broke() {} });
  const [here, there] = ["10.0.0.1", "10.0.0.2"].map((address) => {
    const machine = { name: address, address, isUp: () => true };
    network.join(machine);
    return { address, net: network.netOf(machine, createLife(timeline)) };
  });
  const at = { host: there!.address, port: PORT };
  const accepting = there!.net.listen(at)[Symbol.asyncIterator]().next();
  const giveUp = new AbortController();
  const dialing = here!.net.connect(at, { ...TIMEOUT, signal: giveUp.signal });
  // The other side has the connection, and its answer is on the way.
  while (network.open().length === 0) await timeline.step();
  giveUp.abort(new Error("given up"));
  await assert.rejects(dialing, /given up/);
  assert.deepEqual(network.open(), ["10.0.0.2 10.0.0.2:25 to 10.0.0.1:40001"]);
  while (await timeline.step());
  assert.equal(await (await accepting).value.read(), null);
});

Deno.test("a simulated process that dies closes its connections, without power it says nothing", async () => {
  for (const death of ["process", "power"] as const) {
    await inSimulation(async (sim) => {
      const server = sim.server("there.test", {
        config: { domains: ["there.test"] },
        users: {},
        tls: false,
      });
      await server.start();
      const transport = await dial(sim.node("here.test"));
      assert.match(decode((await transport.read())!), /^220 /);
      server.crash(death);
      const heard = await Promise.race([
        transport.read().then((chunk) => chunk === null ? "end" : "bytes", () => "reset"),
        sim.sleep(3_600_000).then(() => "nothing"),
      ]);
      assert.equal(heard, death === "process" ? "end" : "nothing");
      // As soon as it has power again, it knows nothing of the connection.
      await server.start();
      await transport.write(encode("EHLO here.test\r\n")).catch(() => {});
      await sim.sleep(10_000);
      await assert.rejects(() => transport.write(encode("NOOP\r\n")), isLost);
      transport.close();
    });
  }
});

Deno.test("a simulated clock that is wrong moves the wall clock, and nothing that is measured", async () => {
  await inSimulation(async (sim) => {
    const config = { domains: ["there.test"] };
    const server = sim.server("there.test", { config, users: {}, tls: false });
    await server.start();
    const { clock } = server.world;
    const [wall, measured] = [clock.now(), clock.monotonicMs()];
    server.setClockError(-3_600_000);
    await clock.sleep(1000);
    assert.ok(Math.abs(clock.now() - wall + 3_599_000) <= 1);
    assert.ok(Math.abs(clock.monotonicMs() - measured - 1000) < 1e-6);
  });
});

Deno.test("the simulated name servers know the machines and what the scenario says", async () => {
  await inSimulation(async (sim) => {
    const { world: { dns }, address } = sim.node("there.test");
    const exchange = { type: "MX", preference: 10, exchange: "there.test" } as const;
    sim.zones.set("mail.test", [exchange]);
    const { signal } = new AbortController();
    const found = await dns.query("there.test", "A", signal);
    assert.deepEqual(found.kind === "found" && found.records, [{ type: "A", address }]);
    const mail = await dns.query("mail.test", "MX", signal);
    assert.deepEqual(mail.kind === "found" && mail.records, [exchange]);
    assert.equal((await dns.query("there.test", "MX", signal)).kind, "noData");
    assert.equal((await dns.query("nowhere.test", "MX", signal)).kind, "noName");
  });
});

Deno.test("the simulated name servers fail, lie, and say nothing for a long time", async () => {
  const failsWith = (kind: string) => (error: unknown) =>
    error instanceof DnsError && error.kind === kind;
  const { signal } = new AbortController();
  await inSimulation(async (sim) => {
    const { world } = sim.node("there.test");
    const ask = () => world.dns.query("there.test", "A", signal);
    await assert.rejects(ask, failsWith("failed"));
  }, { rates: { dnsFailed: 1 } });
  await inSimulation(async (sim) => {
    const { world } = sim.node("there.test");
    const answer = await world.dns.query("there.test", "A", signal);
    assert.deepEqual(answer.kind === "found" && answer.records, [{ type: "A", address: NOBODY }]);
  }, { rates: { dnsLie: 1 } });
  await inSimulation(async (sim) => {
    const { world } = sim.node("there.test");
    const kinds = new Set<string>();
    for (let questions = 0; questions < 20; questions++) {
      const asked = world.dns.query("there.test", "A", signal);
      kinds.add(await asked.then(({ kind }) => kind, (error) => (error as DnsError).kind));
    }
    assert.deepEqual([...kinds].toSorted(), ["found", "timeout"]);
    const stop = new AbortController();
    const given = assert.rejects(
      () => world.dns.query("there.test", "A", stop.signal),
      failsWith("aborted"),
    );
    stop.abort();
    await given;
  }, { rates: { dnsSlow: 1 } });
});

Deno.test("the simulated web has the pages that the scenario says, or is not to be had", async () => {
  const url = "https://mta-sts.there.test/policy";
  const options = { timeoutMs: 5000, bytesMax: 10 };
  const get = (sim: Sim, url: string) => sim.node("here.test").world.https.get(url, options);
  await inSimulation(async (sim) => {
    sim.pages.set(url, "mode: none").set(`${url}s`, "mode: enforce");
    assert.equal(decode((await get(sim, url)).body), "mode: none");
    await assert.rejects(() => get(sim, `${url}s`), /too long/);
    await assert.rejects(() => get(sim, "https://there.test/"), /there is no/);
  });
  await inSimulation(async (sim) => {
    sim.pages.set(url, "mode: none");
    await assert.rejects(() => get(sim, url), /no whole answer/);
    assert.equal(sim.now(), 5000);
  }, { rates: { web: 1 } });
});
