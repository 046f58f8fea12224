/** The promises about the queue. */
import assert from "$assert";
import type { Store, Taken } from "../../lib/store/store.ts";
import {
  addAccount,
  FINISHED,
  GREYLISTED,
  inboxOf,
  isSettled,
  message,
  NEVER,
  type OpenStore,
  rejectsWith,
  storeTest,
  textOf,
  toInbox,
  toQueue,
  UNREACHABLE,
} from "./store_support.ts";

export function queueConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: queue.take gives everything about a recipient`, open, async (store) => {
    const bob = toQueue("xyz.com", 5, "Bob");
    await store.accept(message("m1", [bob]));
    const nullSender = { sender: null, body: "7BIT" } as const;
    await store.accept({ ...message("m2", [toQueue("xyz.com", 6)]), envelope: nullSender });
    const [first, second] = await store.queue.take("xyz.com", 10, 10);
    const { token, content, ...rest } = first!;
    assert.deepEqual(rest, {
      message: "m1",
      acceptedAt: 1_700_000_001_000,
      envelope: { sender: { local: "Alice", domain: "abc.com" }, body: "8BITMIME" },
      recipient: { address: { local: "Bob", domain: "xyz.com" } },
      attempts: 0,
    });
    assert.equal(await textOf(content), "Subject: m1\r\n\r\nHello\r\n");
    assert.deepEqual(second!.envelope, nullSender);
    assert.notEqual(token, second!.token);
  });

  storeTest(`${name}: queue.take gives what the client asked for`, open, async (store) => {
    const asked = {
      sender: { local: "älice", domain: "abc.com" },
      body: "8BITMIME",
      utf8: true,
      ret: "FULL",
      envid: "QQ+2B1",
    } as const;
    const to = { local: "böb", domain: "xyz.com" };
    const orcpt = "utf-8;böb@xyz.com";
    const wanted = { address: to, notify: ["SUCCESS", "DELAY"], orcpt } as const;
    const never = { address: { ...to, local: "carol" }, notify: [] } as const;
    const deliveries = [wanted, never].map((recipient) =>
      ({ to: "queue", hop: "xyz.com", recipient, dueAt: 1 }) as const
    );
    await store.accept({ ...message("m1", deliveries), envelope: asked });
    const taken = await store.queue.take("xyz.com", 1, 10);
    assert.deepEqual(taken.map(({ envelope }) => envelope), [asked, asked]);
    assert.deepEqual(taken.map(({ recipient }) => recipient), [wanted, never]);
  });

  storeTest(`${name}: queue.take gives what is due, oldest first, once`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 30), toQueue("other.com", 1)]));
    await store.accept(message("m2", [toQueue("xyz.com", 10, "a"), toQueue("xyz.com", 10, "b")]));
    await store.accept(message("m3", [toQueue("xyz.com", 31)]));
    assert.deepEqual(whoOf(await store.queue.take("xyz.com", 9, 10)), []);
    assert.deepEqual(whoOf(await store.queue.take("xyz.com", 30, 2)), ["m2 a", "m2 b"]);
    assert.deepEqual(whoOf(await store.queue.take("xyz.com", 30, 2)), ["m1 bob"]);
    assert.deepEqual(whoOf(await store.queue.take("xyz.com", 30, 2)), []);
    assert.deepEqual(whoOf(await store.queue.take("nowhere.com", 30, 2)), []);
  });

  storeTest(`${name}: queue.ready names the longest waiting hop first`, open, async (store) => {
    await store.accept(message("m1", [toQueue("c.com", 3), toQueue("a.com", 9)]));
    await store.accept(message("m2", [toQueue("b.com", 2), toQueue("c.com", 1)]));
    const hops = await store.queue.ready(5, 10);
    assert.deepEqual(hops, [{ hop: "c.com", dueAt: 1 }, { hop: "b.com", dueAt: 2 }]);
    assert.deepEqual(await store.queue.ready(9, 2), hops);
    assert.deepEqual(await store.queue.ready(0, 10), []);

    // A hop whose oldest is taken moves back to where its next one belongs; one with none is gone.
    const [oldest] = await store.queue.take("c.com", 5, 1);
    assert.deepEqual((await store.queue.ready(9, 10)).map(({ hop }) => hop), [
      "b.com",
      "c.com",
      "a.com",
    ]);
    await store.queue.take("b.com", 5, 1);
    assert.deepEqual((await store.queue.ready(5, 10)).map(({ hop }) => hop), ["c.com"]);
    store.queue.release([oldest!.token]);
    assert.deepEqual((await store.queue.ready(5, 10))[0], { hop: "c.com", dueAt: 1 });
  });

  storeTest(`${name}: queue.nextDueAt ignores what is taken`, open, async (store) => {
    assert.equal(store.queue.nextDueAt(), null);
    await store.accept(message("m1", [toQueue("xyz.com", 10), toQueue("abc.com", 20)]));
    assert.equal(store.queue.nextDueAt(), 10);
    const [taken] = await store.queue.take("xyz.com", 10, 1);
    assert.equal(store.queue.nextDueAt(), 20);
    store.queue.release([taken!.token]);
    assert.equal(store.queue.nextDueAt(), 10);
    await store.queue.take("xyz.com", 10, 1);
    await store.queue.take("abc.com", 20, 1);
    assert.equal(store.queue.nextDueAt(), null);
  });

  storeTest(`${name}: queue.settle finishes and retries`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")]));
    const [a, b] = await store.queue.take("xyz.com", 1, 10);
    const stale = await store.queue.settle([
      [a!.token, FINISHED],
      [b!.token, { do: "retry", dueAt: 50, reply: GREYLISTED }],
    ], []);
    assert.deepEqual(stale, []);
    assert.equal(store.queue.nextDueAt(), 50);
    const [listed, ...others] = await store.queue.list({ max: 10 });
    assert.deepEqual(others, []);
    assert.deepEqual([listed!.recipient.local, listed!.attempts], ["b", 1]);
    assert.deepEqual([listed!.dueAt, listed!.lastReply, listed!.taken], [50, GREYLISTED, false]);

    const [again] = await store.queue.take("xyz.com", 50, 10);
    assert.equal(again!.attempts, 1);
    await store.queue.settle([[again!.token, { ...FINISHED, outcome: "failed" }]], []);
    assert.deepEqual(await store.queue.list({ max: 10 }), []);
    assert.equal(await store.queue.content("m1"), null);
    assert.equal(store.queue.nextDueAt(), null);
  });

  storeTest(`${name}: queue.settle ignores and reports stale tokens`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")]));
    await store.accept(message("m2", [toQueue("xyz.com", 2, "c")]));
    const [a, b, c] = await store.queue.take("xyz.com", 2, 10);
    await store.queue.settle([[a!.token, FINISHED]], []);
    store.queue.release([b!.token]);
    await store.queue.drop("m2");
    const retry = { do: "retry", dueAt: 9, reply: GREYLISTED } as const;
    const tokens = [a!.token, b!.token, c!.token, "", "no token", "1.1.1"];
    assert.deepEqual(
      await store.queue.settle(tokens.map((token) => [token, retry]), []),
      tokens,
    );
    store.queue.release(tokens);
    const listed = await store.queue.list({ max: 10 });
    assert.deepEqual(listed.map((each) => [each.recipient.local, each.dueAt, each.attempts]), [
      ["b", 1, 0],
    ]);

    // Taken again it has another token, and the old one stays stale.
    const [again] = await store.queue.take("xyz.com", 2, 10);
    assert.deepEqual(
      await store.queue.settle([[b!.token, FINISHED], [again!.token, retry], [
        again!.token,
        FINISHED,
      ]], []),
      [b!.token, again!.token],
    );
    assert.equal((await store.queue.list({ max: 10 }))[0]!.dueAt, 9);
  });

  storeTest(`${name}: queue.settle reports nothing about what was dropped`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("xyz.com", 1, "b")]));
    await store.accept(message("m2", [toQueue("xyz.com", 2, "c")]));
    const [a, b, c] = await store.queue.take("xyz.com", 2, 10);
    await store.queue.drop("m1", 3);
    const failed = { ...FINISHED, outcome: "failed" } as const;
    const dropped = [[a!.token, failed], [b!.token, failed]] as const;
    const stale = await store.queue.settle(dropped, [message("r1", [toInbox(alice)])]);
    assert.deepEqual(stale, [a!.token, b!.token]);
    assert.equal((await inboxOf(store, alice)).uidNext, 1);
    // Where something is left of it, that is told.
    const rest = [[b!.token, failed], [c!.token, failed]] as const;
    await store.queue.settle(rest, [message("r2", [toInbox(alice)])]);
    assert.equal((await inboxOf(store, alice)).uidNext, 2);
  });

  storeTest(`${name}: queue.settle takes its reports along, or nothing`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.accept(message("m1", [toQueue("xyz.com", 1)]));
    const [taken] = await store.queue.take("xyz.com", 1, 1);
    const verdicts = [[taken!.token, { ...FINISHED, outcome: "failed" }]] as const;
    const nobody = { ...alice, id: alice.id + 100 };
    await rejectsWith(
      "unknown",
      store.queue.settle(verdicts, [
        message("r1", [toInbox(alice)]),
        message("r2", [toInbox(nobody)]),
      ]),
    );
    const inbox = await inboxOf(store, alice);
    assert.equal(inbox.uidNext, 1);
    assert.deepEqual((await store.queue.list({ max: 9 })).map((each) => each.taken), [true]);

    const woken = store.mail.changed(alice.id, store.mail.modSeq(alice.id), NEVER);
    const version = store.queue.version();
    const reports = [message("r1", [toInbox(alice)]), message("r3", [toQueue("abc.org", 3)])];
    assert.deepEqual(await store.queue.settle(verdicts, reports), []);
    await woken;
    await store.queue.changed(version, NEVER);
    assert.equal((await store.mail.list(inbox.id, 0, 9))[0]!.message, "r1");
    assert.deepEqual((await store.queue.list({ max: 9 })).map((each) => each.message), ["r3"]);
  });

  storeTest(
    `${name}: queue.defer holds a hop, its recipients keep their place`,
    open,
    async (s) => {
      await s.accept(message("m1", [toQueue("xyz.com", 1, "a"), toQueue("abc.com", 2)]));
      await s.queue.defer("xyz.com", 100, UNREACHABLE);
      await s.accept(message("m2", [toQueue("xyz.com", 3, "b")]));
      await s.accept(message("m3", [toQueue("xyz.com", 200, "c")]));
      assert.deepEqual(await s.queue.ready(99, 10), [{ hop: "abc.com", dueAt: 2 }]);
      assert.deepEqual(await s.queue.take("xyz.com", 99, 10), []);
      const listed = await s.queue.list({ max: 10 });
      assert.deepEqual(listed.map((each) => [each.recipient.local, each.dueAt, each.lastReply]), [
        ["a", 100, UNREACHABLE],
        ["bob", 2, null],
        ["b", 100, UNREACHABLE],
        ["c", 200, null],
      ]);
      await s.queue.take("abc.com", 99, 10);
      assert.equal(s.queue.nextDueAt(), 100);
      assert.deepEqual(await s.queue.ready(100, 10), [{ hop: "xyz.com", dueAt: 100 }]);
      assert.deepEqual(whoOf(await s.queue.take("xyz.com", 100, 10)), ["m1 a", "m2 b"]);
    },
  );

  storeTest(`${name}: queue.defer is forgotten with the last that waits`, open, async (store) => {
    await store.queue.defer("nothing.com", 100, UNREACHABLE);
    await store.accept(message("m0", [toQueue("nothing.com", 1)]));
    assert.equal(store.queue.nextDueAt(), 1);
    await store.queue.drop("m0");

    await store.accept(message("m1", [toQueue("xyz.com", 1)]));
    const [taken] = await store.queue.take("xyz.com", 1, 1);
    await store.queue.defer("xyz.com", 100, UNREACHABLE);
    await store.queue.settle([[taken!.token, FINISHED]], []);
    await store.accept(message("m2", [toQueue("xyz.com", 2)]));
    assert.equal(store.queue.nextDueAt(), 2);
    await store.queue.defer("xyz.com", 100, UNREACHABLE);
    await store.queue.defer("xyz.com", 50, UNREACHABLE);
    assert.equal(store.queue.nextDueAt(), 50);
    await store.queue.drop("m2");
    await store.accept(message("m3", [toQueue("xyz.com", 3)]));
    assert.equal(store.queue.nextDueAt(), 3);
  });

  storeTest(`${name}: queue.retry makes due, nothing later than it was`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 5), toQueue("abc.com", 90)]));
    await store.accept(message("m2", [toQueue("xyz.com", 80), toQueue("other.com", 70)]));
    await store.queue.defer("xyz.com", 100, UNREACHABLE);
    await store.queue.take("other.com", 70, 1);
    assert.equal(await store.queue.retry(10, "m1"), 2);
    assert.deepEqual(await dueOf(store), [5, 10, 80, 70]);
    assert.equal(await store.queue.retry(20), 3);
    assert.deepEqual(await dueOf(store), [5, 10, 20, 70]);
    assert.deepEqual(await store.queue.ready(20, 9), [
      { hop: "xyz.com", dueAt: 5 },
      { hop: "abc.com", dueAt: 10 },
    ]);
    assert.equal(await store.queue.retry(20, "unknown"), 0);
  });

  storeTest(`${name}: queue.drop forgets one message, also what is taken`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.accept(
      message("m1", [toQueue("xyz.com", 1), toQueue("abc.com", 9), toInbox(alice)]),
    );
    await store.accept(message("m2", [toQueue("xyz.com", 2)]));
    await store.queue.take("xyz.com", 1, 1);
    assert.equal(await store.queue.drop("m1"), 2);
    assert.equal(await store.queue.drop("m1"), 0);
    assert.equal(await store.queue.content("m1"), null);
    assert.deepEqual((await store.queue.list({ max: 9 })).map((each) => each.message), ["m2"]);
    assert.equal(store.queue.nextDueAt(), 2);
    const inbox = await inboxOf(store, alice);
    assert.match(await textOf(await store.mail.body(inbox.id, 1)), /Subject: m1/);
  });

  storeTest(`${name}: queue.list shows everything, page by page`, open, async (store) => {
    await store.accept(message("m1", [toQueue("xyz.com", 9, "a"), toQueue("abc.com", 8, "b")]));
    await store.accept(message("m2", [toQueue("xyz.com", 7, "c")]));
    await store.queue.take("xyz.com", 7, 1);
    const all = await store.queue.list({ max: 10 });
    const { id, ...first } = all[0]!;
    assert.deepEqual(first, {
      message: "m1",
      acceptedAt: 1_700_000_001_000,
      size: 22,
      sender: { local: "Alice", domain: "abc.com" },
      recipient: { local: "a", domain: "xyz.com" },
      hop: "xyz.com",
      dueAt: 9,
      waitingSince: 1_700_000_001_000,
      attempts: 0,
      unreached: 0,
      lastReply: null,
      taken: false,
      held: null,
    });
    assert.deepEqual(all.map((each) => each.recipient.local), ["a", "b", "c"]);
    assert.deepEqual(all.map((each) => each.taken), [false, false, true]);
    // What a page ended with may be gone when the next one is asked for.
    const page = await store.queue.list({ max: 1 });
    assert.equal(page[0]!.id, id);
    await store.queue.drop("m1");
    assert.deepEqual(await store.queue.list({ after: id, max: 10 }), [all[2]]);
    assert.deepEqual(await store.queue.list({ after: all[2]!.id, max: 10 }), []);
    assert.deepEqual(await store.queue.list({ message: "m2", max: 10 }), [all[2]]);
    assert.deepEqual(await store.queue.list({ message: "m1", max: 10 }), []);
  });

  storeTest(`${name}: queue.changed tells of whatever may be due earlier`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const changes: readonly (readonly [what: string, () => Promise<unknown>])[] = [
      ["accept", () => store.accept(message("m1", [toQueue("xyz.com", 1)]))],
      ["release", async () => store.queue.release(tokensOf(await takeAll(store)))],
      ["retry", () => store.queue.retry(0)],
      ["settle", async () => {
        const verdict = { do: "retry", dueAt: 5, reply: GREYLISTED } as const;
        await store.queue.settle(tokensOf(await takeAll(store)).map((t) => [t, verdict]), []);
      }],
    ];
    for (const [what, change] of changes) {
      const version = store.queue.version();
      const changed = store.queue.changed(version, NEVER);
      assert.equal(await isSettled(changed), false, what);
      await change();
      assert.ok(store.queue.version() > version, what);
      await changed;
      await store.queue.changed(version, NEVER);
    }
    const version = store.queue.version();
    await store.accept(message("m2", [toInbox(alice)]));
    assert.equal(store.queue.version(), version);
    const stop = new AbortController();
    const changed = store.queue.changed(version, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(changed, /enough/);
  });
}

function takeAll(store: Store): Promise<readonly Taken[]> {
  return store.queue.take("xyz.com", 1000, 1000);
}

function tokensOf(taken: readonly Taken[]): string[] {
  return taken.map((each) => each.token);
}

function whoOf(taken: readonly Taken[]): string[] {
  return taken.map((each) => `${each.message} ${each.recipient.address.local}`);
}

async function dueOf(store: Store): Promise<number[]> {
  return (await store.queue.list({ max: 100 })).map((each) => each.dueAt);
}
