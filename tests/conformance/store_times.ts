/** The promises about when a queued recipient's turn is: held, overdue, or sooner than others. */
import assert from "$assert";
import type { Envelope } from "../../lib/mail/envelope.ts";
import { type Accepted, PRIORITY_HEAD_START_MS, type Taken } from "../../lib/store/store.ts";
import { encode } from "../../lib/wire/bytes.ts";
import {
  addAccount,
  FINISHED,
  GREYLISTED,
  inboxOf,
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

const ALICE = { local: "Alice", domain: "abc.com" };
const DELIVERED = { ...GREYLISTED, code: 250 };

function asked(accepted: Accepted, options: Partial<Envelope>): Accepted {
  return { ...accepted, envelope: { ...accepted.envelope, ...options } };
}

function by(at: number): Partial<Envelope> {
  return { by: { at, mode: "notify", trace: false } };
}

export function timesConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: queue.take gives what asks for its time`, open, async (store) => {
    const envelope = {
      sender: ALICE,
      body: "7BIT",
      hold: { until: 5, request: "for;1" },
      by: { at: 9, mode: "return", trace: true },
      priority: -3,
    } as const;
    await store.accept({ ...message("m1", [toQueue("xyz.com", 5)]), envelope });
    assert.deepEqual(await store.queue.take("xyz.com", 4, 9), []);
    const [taken] = await store.queue.take("xyz.com", 5, 9);
    assert.deepEqual(taken!.envelope, envelope);
  });

  storeTest(
    `${name}: queue.hasten brings back what the clock has left behind`,
    open,
    async (store) => {
      await store.accept(message("soon", [toQueue("xyz.com", 90)]));
      await store.accept(message("far", [toQueue("xyz.com", 101), toQueue("abc.org", 5000)]));
      const hold = { until: 5000, request: "until;x" };
      await store.accept(asked(message("held", [toQueue("held.test", 5000)]), { hold }));
      await store.accept(asked(message("late", [toQueue("held.test", 6000)]), { hold }));
      await store.accept(message("deferred", [toQueue("down.test", 1)]));
      await store.queue.defer("down.test", 5000, UNREACHABLE);
      const version = store.queue.version();
      assert.equal(await store.queue.hasten(10, 100), 4);
      assert.ok(store.queue.version() > version, "whoever waits for work is woken");
      const due = await store.queue.list({ max: 9 });
      assert.deepEqual(
        due.map((each) => [each.message, each.hop, each.dueAt]),
        [
          ["soon", "xyz.com", 90],
          ["far", "xyz.com", 10],
          ["far", "abc.org", 10],
          ["held", "held.test", 5000],
          ["late", "held.test", 5000],
          ["deferred", "down.test", 1],
        ],
      );
      const ready = (await store.queue.ready(10, 9)).map(({ hop }) => hop);
      assert.deepEqual(ready.toSorted(), ["abc.org", "down.test", "xyz.com"]);
      assert.equal(await store.queue.hasten(10, 100), 0);
    },
  );

  storeTest(`${name}: queue.hasten leaves nobody younger than new`, open, async (store) => {
    const accepted = (id: string, acceptedAt: number, hold?: { until: number }) => ({
      ...asked(message(id, [toQueue("xyz.com", 5000)]), {
        ...(hold === undefined ? {} : { hold: { ...hold, request: "until;x" } }),
      }),
      acceptedAt,
    });
    await store.accept(accepted("old", 5));
    await store.accept(accepted("ahead", 900));
    await store.accept(accepted("held", 900, { until: 800 }));
    await store.accept(accepted("over", 900, { until: 8 }));
    await store.queue.hasten(10, 9000);
    const since = (await store.queue.list({ max: 9 })).map((each) => [
      each.message,
      each.waitingSince,
    ]);
    assert.deepEqual(since, [["old", 5], ["ahead", 10], ["held", 900], ["over", 10]]);
    const late = await store.queue.overdue(110, 9, { warnAfterMs: null, giveUpAfterMs: 100 });
    assert.deepEqual(late.map((each) => each.message).toSorted(), ["ahead", "old", "over"]);
  });

  storeTest(`${name}: queue.take prefers priority, and starves nobody`, open, async (store) => {
    const step = PRIORITY_HEAD_START_MS;
    await store.accept(message("plain", [toQueue("xyz.com", 10)]));
    await store.accept(asked(message("low", [toQueue("xyz.com", 10)]), { priority: -9 }));
    await store.accept(asked(message("high", [toQueue("xyz.com", 10)]), { priority: 9 }));
    await store.accept(asked(message("late", [toQueue("xyz.com", 9 + step)]), { priority: 1 }));
    await store.accept(asked(message("later", [toQueue("xyz.com", 11 + step)]), { priority: 1 }));
    const order: string[] = [];
    for (let taken; (taken = await store.queue.take("xyz.com", 2 * step, 1)).length > 0;) {
      order.push(taken[0]!.message);
    }
    assert.deepEqual(order, ["high", "late", "plain", "later", "low"]);
  });

  storeTest(`${name}: queue.overdue takes late recipients, hop or not`, open, async (store) => {
    const two = [toQueue("xyz.com", 1, "a"), toQueue("abc.com", 50, "b")];
    await store.accept(asked(message("m1", two), by(20)));
    await store.accept(asked(message("m2", [toQueue("xyz.com", 1, "c")]), by(10)));
    await store.accept(message("m3", [toQueue("xyz.com", 1, "d")]));
    await store.queue.defer("xyz.com", 100, UNREACHABLE);
    assert.equal(store.queue.nextDueAt(), 10);
    assert.deepEqual(await store.queue.overdue(9, 9), []);
    assert.deepEqual(whoOf(await store.queue.overdue(19, 9)), ["m2 c"]);
    assert.equal(store.queue.nextDueAt(), 20);
    assert.deepEqual(whoOf(await store.queue.overdue(20, 1)), ["m1 a"]);
    const [late] = await store.queue.overdue(20, 9);
    assert.deepEqual(whoOf([late!]), ["m1 b"]);
    assert.deepEqual(await store.queue.take("abc.com", 50, 9), [], "taken is taken");
    assert.equal(store.queue.nextDueAt(), 100);
    store.queue.release([late!.token]);
    assert.deepEqual(whoOf(await store.queue.overdue(20, 9)), ["m1 b"]);
  });

  storeTest(`${name}: queue.settle lets wait what it was late for, once`, open, async (store) => {
    await store.accept(asked(message("m1", [toQueue("xyz.com", 30)]), by(20)));
    const [late] = await store.queue.overdue(20, 9);
    const version = store.queue.version();
    const verdict = { do: "wait", past: "deadline", reply: GREYLISTED } as const;
    assert.deepEqual(await store.queue.settle([[late!.token, verdict]], []), []);
    await store.queue.changed(version, NEVER);
    assert.deepEqual(await store.queue.overdue(1000, 9), []);
    assert.equal(store.queue.nextDueAt(), 30);
    const [listed] = await store.queue.list({ max: 9 });
    assert.deepEqual([listed!.dueAt, listed!.attempts, listed!.lastReply], [30, 0, null]);

    // A deadline that was not dealt with outlives a retry.
    await store.accept(asked(message("m2", [toQueue("abc.com", 1)]), by(20)));
    const [tried] = await store.queue.take("abc.com", 1, 9);
    const retry = { do: "retry", dueAt: 90, reply: GREYLISTED } as const;
    await store.queue.settle([[tried!.token, retry]], []);
    assert.deepEqual(whoOf(await store.queue.overdue(20, 9)), ["m2 bob"]);
  });

  storeTest(`${name}: queue.settle moves a recipient into a mailbox`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const names = [toQueue("abc.com", 1, "alice"), toQueue("abc.com", 1, "alice+tag")];
    await store.accept(message("m1", [...names, toQueue("xyz.com", 1)]));
    const taken = await store.queue.take("abc.com", 1, 9);
    const woken = store.mail.changed(alice.id, store.mail.modSeq(alice.id), NEVER);
    const to = toInbox(alice, "R: <>\r\n");
    const verdict = {
      do: "deliver",
      outcome: "delivered",
      deliveries: [to],
      reply: DELIVERED,
    } as const;
    const verdicts = taken.map(({ token }) => [token, verdict] as const);
    assert.deepEqual(await store.queue.settle(verdicts, []), []);
    await woken;
    const inbox = await inboxOf(store, alice);
    // Two names of one account get one copy.
    assert.deepEqual((await store.mail.list(inbox.id, 0, 9)).map((each) => each.message), ["m1"]);
    const text = "R: <>\r\nSubject: m1\r\n\r\nHello\r\n";
    assert.equal(await textOf(await store.mail.body(inbox.id, 1)), text);
    const [other] = await store.queue.take("xyz.com", 1, 9);
    await store.queue.settle([[other!.token, FINISHED]], []);
    assert.deepEqual(await store.queue.list({ max: 9 }), []);
    assert.equal(await textOf(await store.mail.body(inbox.id, 1)), text);
    assert.deepEqual(await store.queue.settle(verdicts, []), taken.map(({ token }) => token));
  });

  storeTest(`${name}: queue.settle moves nothing into no mailbox`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.accept(message("m1", [toQueue("abc.com", 1, "a"), toQueue("abc.com", 1, "b")]));
    const [a, b] = await store.queue.take("abc.com", 1, 9);
    const to = {
      to: "mailbox",
      account: alice.id + 100,
      mailbox: "INBOX",
      prefix: encode(""),
    } as const;
    const deliveries = [toInbox(alice), toQueue("xyz.com", 1), to];
    const nowhere = { do: "deliver", outcome: "delivered", deliveries, reply: DELIVERED } as const;
    await rejectsWith(
      "unknown",
      store.queue.settle([[a!.token, FINISHED], [b!.token, nowhere]], []),
    );
    assert.deepEqual((await store.queue.list({ max: 9 })).map((each) => each.taken), [true, true]);
    assert.deepEqual(await store.mail.list((await inboxOf(store, alice)).id, 0, 9), []);
    assert.deepEqual(
      await store.queue.settle([[a!.token, FINISHED], [b!.token, FINISHED]], []),
      [],
    );
  });

  storeTest(`${name}: queue.settle moves a recipient on under other names`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const held = { ...by(90), priority: 2 };
    await store.accept(asked(message("m1", [toQueue("abc.com", 1, "sales")]), held));
    const [taken] = await store.queue.take("abc.com", 1, 9);
    const deliveries = [toInbox(alice), toQueue("xyz.com", 5), toQueue("other.test", 6)];
    const since = store.queue.version();
    await store.queue.settle(
      [[taken!.token, { do: "deliver", outcome: "delivered", deliveries, reply: DELIVERED }]],
      [message("copy", [toInbox(alice)])],
    );
    assert.ok(store.queue.version() > since, "the worker hears of it");
    const inbox = await inboxOf(store, alice);
    const there = (await store.mail.list(inbox.id, 0, 9)).map((each) => each.message);
    assert.deepEqual(there.toSorted(), ["copy", "m1"]);
    assert.deepEqual(await store.queue.ready(9, 9), [
      { hop: "xyz.com", dueAt: 5 },
      { hop: "other.test", dueAt: 6 },
    ]);
    const [moved] = await store.queue.take("xyz.com", 5, 9);
    const { message: id, recipient, envelope, attempts } = moved!;
    assert.deepEqual([id, recipient.address.domain, attempts], ["m1", "xyz.com", 0]);
    assert.equal(envelope.priority, 2);
    // What its message was to be delivered by holds for it, too.
    assert.deepEqual(whoOf(await store.queue.overdue(90, 9)), ["m1 bob"]);
    await store.mail.remove(inbox.id, [1, 2]);
    assert.notEqual(await store.queue.content("m1"), null);
  });

  storeTest(`${name}: queue.retry releases nothing that is held`, open, async (store) => {
    const held = { hold: { until: 50, request: "for;1" } };
    await store.accept(asked(message("m1", [toQueue("xyz.com", 50)]), held));
    await store.accept(message("m2", [toQueue("xyz.com", 60)]));
    assert.equal(await store.queue.retry(10, "m1"), 0);
    assert.equal(await store.queue.retry(10), 1);
    assert.deepEqual((await store.queue.list({ max: 9 })).map(({ dueAt }) => dueAt), [50, 10]);
    const [first] = await store.queue.take("xyz.com", 50, 1);
    await store.queue.settle([[first!.token, FINISHED]], []);
    const [released] = await store.queue.take("xyz.com", 50, 1);
    assert.equal(released!.message, "m1");
    const later = { do: "retry", dueAt: 90, reply: GREYLISTED } as const;
    await store.queue.settle([[released!.token, later]], []);
    assert.equal(await store.queue.retry(70), 1, "what was released is like all others");
  });
}

function whoOf(taken: readonly Taken[]): string[] {
  return taken.map((each) => `${each.message} ${each.recipient.address.local}`);
}
