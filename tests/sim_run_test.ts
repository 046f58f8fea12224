/** `deno task sim`: that it passes, that it can fail, and that a seed is always the same story. */
import assert from "$assert";
import { FAULTS } from "./sim/faults.ts";
import { run } from "./sim/run.ts";
import { SCENARIO } from "./sim/scenario.ts";
import type { Scenario } from "./sim/sim.ts";
import { simulate } from "./sim/simulate.ts";
import { twoServers } from "./sim/two_servers.ts";
import { canRun, canUseFiles } from "./support.ts";

Deno.test("the simulation of two servers passes with the first seeds", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { failures } = await simulate(twoServers, { seed });
    assert.deepEqual(failures, [], `seed ${seed}`);
  }
});

Deno.test("the simulation tells the same seed the same way, line by line, and others otherwise", async () => {
  for (const seed of [1, 2, 3]) {
    const once = await simulate(twoServers, { seed });
    const again = await simulate(twoServers, { seed });
    assert.deepEqual(again.trace, once.trace);
    assert.equal(again.hash, once.hash);
    assert.notEqual((await simulate(twoServers, { seed: seed + 1000 })).hash, once.hash);
  }
});

async function runLines(args: readonly string[], scenario: Scenario) {
  const lines: string[] = [];
  const status = await run(args, scenario, (line) => lines.push(line));
  return { status, lines };
}

/** Waits for a moment, and finds that something is wrong where there are many messages. */
const faulty: Scenario = async (sim) => {
  sim.faults.begin();
  sim.tally("messages");
  await sim.sleep(1000);
  sim.trace("story", "all is well");
  if (sim.seed === 7 && sim.scale.messages > 0.3) sim.complain(`message 123 is not there`);
};

Deno.test("the simulation tells a failing seed with as little as still fails", async () => {
  const { status, lines } = await runLines(["--from", "6", "--seeds", "3"], faulty);
  assert.equal(status, 1);
  assert.equal(lines[0], "seed 7 FAILED: message 123 is not there");
  assert.match(lines[1]!, /^ {2}1\.000 story all is well$/);
  assert.match(lines[2]!, /^ {2}1\.000 FAILURE message 123 is not there$/);
  assert.match(lines[3]!, /deno task sim --seed 7 --without \S+ --messages 0\.5 --users 0\.0\d+/);
  assert.match(lines[4]!, /^3 seeds, 0 virtual days, \d+ events in .* seeds a second$/);
  assert.equal(lines[5], "counted: messages 3");
  assert.equal(lines[6], "faults: none");
  assert.equal(lines[7], "2 passed, 1 failed");
});

const bad: readonly (readonly [what: string, scenario: Scenario, failure: RegExp])[] = [
  ["throws", () => Promise.reject(new Error("oh")), /^the scenario: Error: oh/],
  [
    "waits for what never comes",
    () => new Promise(() => {}),
    /^the scenario does not end: nothing is left that could happen/,
  ],
  [
    "goes on for ever",
    async (sim) => {
      for (;;) await sim.sleep(24 * 3_600_000);
    },
    /^the scenario does not end: it goes on and on/,
  ],
  [
    "leaves a connection open",
    async (sim) => {
      const { world, address } = sim.node("one.test");
      world.net.listen({ host: address, port: 25 });
      await world.net.connect({ host: address, port: 25 }, { timeoutMs: 1000 });
    },
    /^left open: one\.test 10\.0\.0\.1:25 to 10\.0\.0\.1:40001/,
  ],
  [
    "lets an error go unheard",
    async (sim) => {
      void Promise.reject(new Error("who hears me"));
      await sim.sleep(1);
    },
    /^nobody heard: Error: who hears me/,
  ],
];

for (const [what, scenario, failure] of bad) {
  Deno.test(`the simulation fails with a scenario that ${what}`, async () => {
    const { failures } = await simulate(scenario, { seed: 1 });
    assert.match(failures[0] ?? "", failure);
  });
}

Deno.test("the simulation's runner refuses what it does not understand", async () => {
  for (const args of [["--seeds", "x"], ["--jobs", "0"], ["--without", "y"], ["--users", "2"]]) {
    const { status, lines } = await runLines(args, faulty);
    assert.equal(status, 64);
    assert.match(lines[1]!, /slowLink,cutChunk/);
  }
});

Deno.test({
  name: "the simulation's runner adds up what several processes have counted",
  ignore: !canRun,
  async fn() {
    const one = await runLines(["--seeds", "6"], SCENARIO);
    const several = await runLines(["--seeds", "6", "--jobs", "2"], SCENARIO);
    assert.equal(several.status, 0);
    assert.deepEqual(several.lines.slice(-3), one.lines.slice(-3));
  },
});

Deno.test({
  name: "docs/simulation.md lists every kind of fault with what it does",
  ignore: !canUseFiles,
  async fn() {
    const text = await Deno.readTextFile(new URL("../docs/simulation.md", import.meta.url));
    const rows = text.matchAll(/^\| `(\w+)` +\| (.*?) +\|$/gm);
    const documented = Object.fromEntries([...rows].map(([, kind, what]) => [kind, what]));
    assert.deepEqual(documented, FAULTS);
  },
});
