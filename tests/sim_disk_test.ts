/** What a simulated disk keeps, whatever happens to the process and to the commit. */
import assert from "$assert";
import type { Store } from "../lib/store/store.ts";
import { sqliteStore } from "../lib/store/sqlite.ts";
import { addAccount, inboxOf, message, toInbox, turn } from "./conformance/store_support.ts";
import { createDisk, Gone } from "./sim/disk.ts";
import { createFaults } from "./sim/faults.ts";
import { createLife } from "./sim/life.ts";
import { createPrng } from "./sim/prng.ts";
import { createTimeline } from "./sim/timeline.ts";

function machine(rates: { readonly diskRefuses?: number } = {}, seed = 1) {
  const random = (name: string) => createPrng(seed, name);
  const faults = createFaults({ random, without: new Set(), rates });
  const disk = createDisk({ faults, prng: random("disk"), tell: () => {} });
  const start = () => {
    const life = createLife(createTimeline(random("timeline")));
    return { life, store: sqliteStore(disk.open(life), { turn }) };
  };
  return { disk, faults, start };
}

async function subjectsOf(store: Store): Promise<readonly string[]> {
  const account = store.users.find("alice@abc.com")!;
  const { id } = await inboxOf(store, account);
  return (await store.mail.list(id, 0, 100)).map((entry) => entry.message);
}

/** Gives what was promised before the process died, and what is there afterwards. */
async function dieWhileAccepting(effects: number) {
  const { disk, start } = machine();
  const first = start();
  const alice = await addAccount(first.store, "alice@abc.com");
  first.life.dieAfter(effects, () => {
    first.life.end();
    disk.recover();
  });
  const promised = await Promise.all(
    ["m1", "m2"].map((id) =>
      first.store.accept(message(id, [toInbox(alice)])).then(() => id, (error) => {
        assert.ok(error instanceof Gone);
        return null;
      })
    ),
  );
  const survived = first.life.isAlive();
  first.life.end();
  disk.recover();
  const { store } = start();
  const there = await subjectsOf(store);
  assert.deepEqual(await store.check(), []);
  disk.close();
  return { promised: promised.filter((id) => id !== null), there, survived };
}

Deno.test("a simulated disk keeps a transaction whole or not at all, whenever its process dies", async () => {
  const seen = new Set<string>();
  for (let effects = 0;; effects++) {
    const { promised, there, survived } = await dieWhileAccepting(effects);
    assert.ok(there.length === 0 || there.length === 2, `${there} after ${effects} effects`);
    for (const id of promised) assert.ok(there.includes(id), `${id} was promised`);
    seen.add(`${there.length} there, ${promised.length} promised`);
    if (survived) break;
  }
  // The second is the moment in which COMMIT has returned, and the process does not know it yet.
  assert.deepEqual([...seen], [
    "0 there, 0 promised",
    "2 there, 0 promised",
    "2 there, 2 promised",
  ]);
});

Deno.test("a simulated disk that refuses keeps nothing of what it has refused", async () => {
  let refusals = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { disk, faults, start } = machine({ diskRefuses: 0.3 }, seed);
    const { store } = start();
    const alice = await addAccount(store, "alice@abc.com");
    faults.begin();
    const promised: string[] = [];
    for (const id of ["m1", "m2", "m3"]) {
      await store.accept(message(id, [toInbox(alice)])).then(() => promised.push(id), () => {
        refusals++;
      });
    }
    faults.end();
    assert.deepEqual(await subjectsOf(store), promised);
    assert.deepEqual(await store.check(), []);
    disk.close();
  }
  assert.ok(refusals > 10);
});

Deno.test("a simulated disk that is full takes nothing large, until it has room again", async () => {
  const { disk, start } = machine();
  const { store } = start();
  const alice = await addAccount(store, "alice@abc.com");
  assert.equal(disk.freeBytes(), null);
  disk.fill(true);
  assert.ok(disk.freeBytes()! < 100_000);
  const large = message("m1", [toInbox(alice)], "x".repeat(200_000));
  await assert.rejects(() => store.accept(large), /full/);
  disk.fill(false);
  await store.accept(large);
  assert.deepEqual(await subjectsOf(store), ["m1"]);
  disk.close();
});

Deno.test("a simulated process that is dead does nothing to the database that others go on with", async () => {
  const { disk, start } = machine();
  const { life, store: old } = start();
  const alice = await addAccount(old, "alice@abc.com");
  const accepting = old.accept(message("late", [toInbox(alice)]));
  life.end();
  disk.recover();
  const { store } = start();
  await assert.rejects(() => accepting, Gone);
  await old[Symbol.asyncDispose]();
  assert.deepEqual(await subjectsOf(store), []);
  await store.accept(message("m1", [toInbox(alice)]));
  assert.deepEqual(await subjectsOf(store), ["m1"]);
  disk.close();
});
