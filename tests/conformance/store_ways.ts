/** The promises about hops that share a way: they take turns, and are down and woken together. */
import assert from "$assert";
import type { Hop, HopId, Store } from "../../lib/store/store.ts";
import {
  FINISHED,
  GREYLISTED,
  message,
  NEVER,
  type OpenStore,
  storeTest,
  toQueue,
  UNREACHABLE,
} from "./store_support.ts";

const LATER = 100;

/** What ends in `.relayed` goes to one server. */
function wayOf(hop: HopId): string {
  return hop.endsWith(".relayed") ? "relay:25" : hop;
}

export function waysConformance(name: string, open: OpenStore): void {
  const openWithWays: OpenStore = async () => {
    const store = await open();
    store.queue.setWays(wayOf);
    return store;
  };

  storeTest(`${name}: hops that share a way take turns`, openWithWays, async (store) => {
    await store.accept(message("m1", [2, 3, 4].map((at) => toQueue("b.relayed", at))));
    await store.accept(message("m2", [toQueue("own.com", 2), toQueue("a.relayed", 9)]));
    await store.accept(message("m3", [toQueue("c.relayed", 5, "c"), toQueue("c.relayed", 6, "d")]));
    // The way has the place of its longest waiting hop, whosever turn it is.
    const order: string[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const [own, shared] = byWay(await store.queue.ready(9, 9));
      assert.equal(own?.hop, "own.com");
      order.push(shared!.hop);
      await store.queue.take(shared!.hop, 9, 1);
    }
    assert.deepEqual(order, [
      "a.relayed",
      "b.relayed",
      "c.relayed",
      "b.relayed",
      "c.relayed",
      "b.relayed",
    ]);
    assert.deepEqual((await store.queue.ready(9, 9)).map(({ hop }) => hop), ["own.com"]);
  });

  storeTest(`${name}: a way stands where its longest waiting hop does`, openWithWays, async (s) => {
    await s.accept(message("m1", [toQueue("a.com", 2), toQueue("z.relayed", 1)]));
    await s.accept(message("m2", [toQueue("a.relayed", 5), toQueue("b.com", 3)]));
    const hops = await s.queue.ready(9, 9);
    assert.deepEqual(hops, [
      { hop: "a.relayed", dueAt: 1 },
      { hop: "a.com", dueAt: 2 },
      { hop: "b.com", dueAt: 3 },
    ]);
    // What is not due has no turn.
    assert.deepEqual((await s.queue.ready(1, 9)).map(({ hop }) => hop), ["z.relayed"]);
    assert.equal(s.queue.nextDueAt(), 1);
    await s.queue.take("z.relayed", 9, 1);
    assert.equal(s.queue.nextDueAt(), 2);
  });

  storeTest(`${name}: a way that is down puts off all of its hops`, openWithWays, async (store) => {
    await store.accept(message("m1", [toQueue("a.relayed", 1), toQueue("own.com", 50)]));
    await store.accept(message("m2", [toQueue("b.relayed", 1), toQueue("c.relayed", 200)]));
    const [taken] = await store.queue.take("a.relayed", 1, 9);
    await store.queue.defer("a.relayed", LATER, UNREACHABLE, 7);
    store.queue.release([taken!.token]);
    assert.deepEqual(await dueOf(store), [100, 50, 100, 200]);
    assert.deepEqual((await store.queue.ready(99, 9)).map(({ hop }) => hop), ["own.com"]);
    assert.equal(store.queue.nextDueAt(), 50);
    assert.deepEqual(await store.queue.take("b.relayed", 99, 9), []);
    const hopsIn = async (state: "up" | "down") =>
      (await store.queue.ready(LATER, 9, state)).map(({ hop }) => hop);
    assert.deepEqual([await hopsIn("up"), await hopsIn("down")], [["own.com"], ["a.relayed"]]);
    const replies = (await store.queue.list({ max: 9 })).map(({ lastReply }) => lastReply);
    assert.deepEqual(replies, [UNREACHABLE, null, UNREACHABLE, null]);
  });

  storeTest(
    `${name}: history shows to all when their way was down`,
    openWithWays,
    async (store) => {
      const acceptedAt = 1_700_000_001_000;
      await store.accept(message("m1", [toQueue("a.relayed", 1)]));
      await store.accept(message("m2", [toQueue("b.relayed", 1)]));
      await store.queue.defer("a.relayed", acceptedAt + LATER, UNREACHABLE, acceptedAt + 7);
      await store.accept(message("m3", [toQueue("c.relayed", 1)]));
      const seen = await Promise.all(["m1", "m2", "m3"].map(async (id) => {
        const [history] = await store.history.find(id, 1);
        return history!.happenings.map((each) => each.what === "unreached" && each.hop);
      }));
      // Nobody was asked for what came later: that it waits is seen in the queue.
      assert.deepEqual(seen, [["a.relayed"], ["b.relayed"], []]);
      const listed = await store.queue.list({ max: 9 });
      assert.deepEqual(listed.map(({ unreached }) => unreached), [1, 1, 0]);
      assert.deepEqual(listed[2]!.lastReply, UNREACHABLE);
    },
  );

  storeTest(`${name}: a hop that comes up joins its way`, openWithWays, async (store) => {
    await store.accept(message("m1", [toQueue("a.relayed", 1)]));
    await store.queue.defer("a.relayed", LATER, UNREACHABLE);
    await store.accept(message("m2", [toQueue("b.relayed", 2), toQueue("own.com", 3)]));
    assert.deepEqual(await dueOf(store), [100, 100, 3]);
    // The operator has it tried all the same, and what comes then does not undo that.
    assert.equal(await store.queue.flush(10, "b.relayed"), 1);
    await store.accept(message("m3", [toQueue("b.relayed", 20)]));
    assert.deepEqual(await dueOf(store), [100, 2, 3, 20]);
    const up = await store.queue.ready(99, 9, "up");
    assert.deepEqual(up.map(({ hop }) => hop), ["b.relayed", "own.com"]);
    await store.accept(message("m4", [toQueue("c.relayed", 30)]));
    assert.deepEqual(await dueOf(store), [100, 2, 3, 20, 30], "it is just being tried");
  });

  storeTest(`${name}: a way that answers wakes all of its hops`, openWithWays, async (store) => {
    const domains = Array.from({ length: 250 }, (_, at) => `d${at}.relayed`);
    await store.accept(message("m1", domains.map((hop) => toQueue(hop, 1))));
    await store.accept(message("m2", [toQueue("own.com", 1)]));
    await store.queue.defer("own.com", LATER, UNREACHABLE);
    await store.queue.defer("d7.relayed", LATER, UNREACHABLE);
    assert.deepEqual(await store.queue.ready(99, 9), []);
    assert.equal((await store.queue.list({ max: 999 })).filter((q) => q.dueAt === 100).length, 251);
    const version = store.queue.version();
    await store.queue.reached("d99.relayed");
    await store.queue.changed(version, NEVER);
    assert.deepEqual(await store.queue.ready(99, 9), [{ hop: "d0.relayed", dueAt: 1 }]);
    assert.deepEqual(await store.queue.ready(LATER, 9, "down"), [{ hop: "own.com", dueAt: 100 }]);
    assert.equal((await store.queue.list({ max: 999 })).filter((q) => q.dueAt === 1).length, 250);
    await store.queue.retry(LATER);
    assert.deepEqual((await store.queue.ready(LATER, 9, "up")).length, 2);
  });

  storeTest(`${name}: hops that wait are gathered when ways become known`, open, async (store) => {
    await store.accept(
      message("m1", ["a.relayed", "b.relayed", "own.com"].map((h) => toQueue(h, 1))),
    );
    await store.queue.defer("b.relayed", LATER, UNREACHABLE);
    assert.equal((await store.queue.ready(LATER, 9)).length, 3);
    store.queue.setWays(wayOf);
    assert.deepEqual(await store.queue.ready(99, 9), [
      { hop: "a.relayed", dueAt: 1 },
      { hop: "own.com", dueAt: 1 },
    ]);
    const [taken] = await store.queue.take("a.relayed", 1, 9);
    await store.queue.reached("a.relayed");
    const retry = { do: "retry", dueAt: 60, reply: GREYLISTED } as const;
    await store.queue.settle([[taken!.token, retry]], []);
    const hops = await store.queue.ready(99, 9);
    assert.deepEqual(byWay(hops).map((each) => each?.hop), ["own.com", "b.relayed"]);
    const [other] = await store.queue.take("b.relayed", 99, 9);
    await store.queue.settle([[other!.token, FINISHED]], []);
    assert.deepEqual(byWay(await store.queue.ready(99, 9))[1], { hop: "a.relayed", dueAt: 60 });
  });
}

/** The one hop that is its own way, and the one that is not. */
function byWay(hops: readonly Hop[]): readonly [Hop | undefined, Hop | undefined] {
  assert.ok(hops.length <= 2, JSON.stringify(hops));
  return [hops.find(({ hop }) => wayOf(hop) === hop), hops.find(({ hop }) => wayOf(hop) !== hop)];
}

async function dueOf(store: Store): Promise<number[]> {
  return (await store.queue.list({ max: 999 })).map((each) => each.dueAt);
}
