/** The promises about what an operator does to the queue. */
import assert from "$assert";
import type { Happening } from "../../lib/store/history.ts";
import type { Store, Verdict } from "../../lib/store/store.ts";
import {
  FINISHED,
  GREYLISTED,
  message,
  type OpenStore,
  storeTest,
  toQueue,
  UNREACHABLE,
} from "./store_support.ts";

const LATER: Verdict = { do: "retry", dueAt: 50, reply: GREYLISTED };

async function happeningsOf(store: Store, id: string): Promise<readonly Happening[]> {
  const [found] = await store.history.find(id, 1);
  return found?.happenings ?? [];
}

export function holdConformance(name: string, open: OpenStore): void {
  storeTest(
    `${name}: what is held is neither tried nor overdue until it is released`,
    open,
    async (store) => {
      const by = { at: 4, mode: "return", trace: false } as const;
      const first = message("m1", [toQueue("xyz.com", 1, "a"), toQueue("abc.com", 2, "b")]);
      await store.accept({ ...first, envelope: { ...first.envelope, by } });
      await store.accept(message("m2", [toQueue("xyz.com", 3, "c")]));
      assert.equal(await store.queue.hold({ message: "m1", reason: "spam?", at: 7 }), 2);
      assert.equal(await store.queue.hold({ message: "m1", reason: "again", at: 8 }), 0);
      assert.equal(await store.queue.hold({ message: "none", reason: "", at: 8 }), 0);
      assert.deepEqual((await store.queue.list({ max: 9 })).map(({ held }) => held), [
        "spam?",
        "spam?",
        null,
      ]);
      assert.deepEqual(await store.queue.ready(9, 9), [{ hop: "xyz.com", dueAt: 3 }]);
      assert.equal(await store.queue.nextDueAt(), 3);
      assert.deepEqual(await store.queue.overdue(9, 9), []);
      assert.equal(await store.queue.retry(0), 1, "retry leaves alone what is held");
      const taken = await store.queue.take("xyz.com", 9, 9);
      assert.deepEqual(taken.map((each) => each.message), ["m2"]);
      assert.deepEqual(await store.queue.take("abc.com", 9, 9), []);
      assert.equal(await store.queue.nextDueAt(), null);

      const version = store.queue.version();
      assert.equal(await store.queue.unhold(20, "m1"), 2);
      assert.ok(store.queue.version() > version, "the worker hears of it");
      assert.equal(await store.queue.unhold(20), 0);
      assert.equal((await store.queue.overdue(9, 9)).length, 2);
      assert.deepEqual(await happeningsOf(store, "m1"), [
        { what: "hold", at: 7, reason: "spam?" },
        { what: "release", at: 20 },
      ]);
    },
  );

  storeTest(
    `${name}: what is held while it is tried is held when it has to wait again`,
    open,
    async (store) => {
      await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")]));
      const [a, b] = await store.queue.take("xyz.com", 1, 2);
      assert.equal(await store.queue.hold({ reason: "all", at: 1 }), 2);
      await store.queue.settle([[a!.token, LATER], [b!.token, FINISHED]], []);
      assert.deepEqual((await store.queue.list({ max: 9 })).map(({ held }) => held), ["all"]);
      assert.deepEqual(await store.queue.take("xyz.com", 100, 9), []);
      assert.equal(await store.queue.unhold(2), 1);
      assert.equal((await store.queue.take("xyz.com", 100, 9)).length, 1);
    },
  );

  storeTest(`${name}: queue.flush makes one hop due at once`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 90), toQueue("abc.com", 90)]));
    await store.accept(message("m2", [toQueue("xyz.com", 5)]));
    await store.queue.defer("xyz.com", 200, UNREACHABLE);
    await store.queue.defer("abc.com", 200, UNREACHABLE);
    assert.equal(await store.queue.flush(10, "nowhere.com"), 0);
    assert.equal(await store.queue.flush(10, "xyz.com"), 2);
    assert.deepEqual((await store.queue.list({ max: 9 })).map(({ dueAt }) => dueAt), [10, 200, 5]);
  });

  storeTest(`${name}: what was dropped is in history`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("abc.com", 1, "b")]));
    assert.equal(await store.queue.drop("m1", 30), 2);
    const [drop] = await happeningsOf(store, "m1");
    if (drop?.what !== "drop") throw new assert.AssertionError({ message: "it is not there" });
    assert.equal(drop.at, 30);
    const [outcome] = drop.outcomes;
    assert.equal(outcome!.outcome, "dropped");
    assert.deepEqual(outcome!.recipients.map(({ local }) => local), ["a", "b"]);
    assert.notEqual(outcome!.unreported, null);
  });
}
