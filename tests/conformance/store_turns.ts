/** The promises about who goes first, who has waited too long, and how much waits. */
import assert from "$assert";
import type { Envelope } from "../../lib/mail/envelope.ts";
import {
  type Accepted,
  type Delivery,
  type Overdue,
  type Store,
  type Taken,
  TAKEN_BYTES_MAX,
} from "../../lib/store/store.ts";
import { bodyOf } from "../../lib/mail/body.ts";
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

/** When {@linkcode message} is accepted. */
const ACCEPTED_AT = 1_700_000_001_000;
const PATIENCE = { warnAfterMs: 40, giveUpAfterMs: 100 };
const RETRY = { do: "retry", dueAt: ACCEPTED_AT + 1000, reply: GREYLISTED } as const;

export function turnsConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: queue.take lets senders take turns`, open, async (store) => {
    for (let at = 0; at < 10; at++) {
      await store.accept(from("alice", `a${at}`, [toQueue("x.com", 1)]));
    }
    await store.accept(from("bob", "b0", [toQueue("x.com", 2)]));
    await store.accept(from(null, "n0", [toQueue("x.com", 3)]));
    await store.accept(from("bob", "b1", [toQueue("x.com", 4)]));
    const first = await store.queue.take("x.com", 9, 5);
    assert.deepEqual(new Set(idsOf(first)), new Set(["a0", "b0", "n0", "a1", "b1"]));
    assert.deepEqual(idsOf(await store.queue.take("x.com", 9, 5)), ["a2", "a3", "a4", "a5", "a6"]);
    assert.deepEqual(idsOf(await store.queue.take("x.com", 9, 9)), ["a7", "a8", "a9"]);
  });

  storeTest(`${name}: queue.take comes to every sender, however many`, open, async (store) => {
    const people = Array.from({ length: 7 }, (_, at) => `p${at}`);
    for (const each of people) {
      for (const n of [1, 2, 3]) {
        await store.accept(from(each, `${each} ${n}`, [toQueue("x.com", n)]));
      }
    }
    // The last one comes late, and is not left behind what the others have sent before.
    await store.accept(from("zoe", "zoe 1", [toQueue("x.com", 9)]));
    const taken: string[] = [];
    for (let call = 0; call < 3; call++) {
      taken.push(...idsOf(await store.queue.take("x.com", 9, 3)));
    }
    assert.ok(taken.includes("zoe 1"), `${taken}`);
    assert.equal(new Set(taken.map((id) => id.split(" ")[0])).size, 8);
    await takeRest(store);
  });

  storeTest(`${name}: queue.take looks past senders with nothing due`, open, async (store) => {
    for (let at = 0; at < 6; at++) {
      await store.accept(from(`p${at}`, `p${at}`, [toQueue("x.com", 100)]));
    }
    await store.accept(from("zoe", "zoe", [toQueue("x.com", 1)]));
    assert.deepEqual(idsOf(await store.queue.take("x.com", 9, 2)), ["zoe"]);
  });

  storeTest(`${name}: queue.take keeps to what fits into memory`, open, async (store) => {
    const size = 60 * 1024;
    for (let at = 0; at < 20; at++) {
      const content = bodyOf(new Uint8Array(size).fill(65));
      await store.accept({ ...message(`m${at}`, [toQueue("x.com", 1)]), content });
    }
    const taken = await store.queue.take("x.com", 1, 50);
    assert.equal(taken.length, Math.ceil(TAKEN_BYTES_MAX / size));
    assert.equal((await store.queue.take("x.com", 1, 50)).length, 20 - taken.length);
  });

  storeTest(`${name}: queue.ready tells hops that are down from others`, open, async (store) => {
    await store.accept(message("m1", [toQueue("a.com", 1), toQueue("b.com", 2)]));
    const hopsOf = async (state: "up" | "down") =>
      (await store.queue.ready(100, 9, state)).map(({ hop }) => hop);
    await store.queue.defer("a.com", 50, UNREACHABLE);
    assert.deepEqual([await hopsOf("up"), await hopsOf("down")], [["b.com"], ["a.com"]]);
    // Also while it has nothing that is not taken, and for what comes later.
    const [taken] = await store.queue.take("a.com", 60, 1);
    await store.accept(message("m2", [toQueue("a.com", 3)]));
    assert.deepEqual(await hopsOf("down"), ["a.com"]);
    const version = store.queue.version();
    await store.queue.reached("a.com");
    await store.queue.changed(version, NEVER);
    assert.deepEqual(await store.queue.ready(9, 9, "up"), [
      { hop: "b.com", dueAt: 2 },
      { hop: "a.com", dueAt: 3 },
    ]);
    assert.deepEqual(await hopsOf("down"), []);
    await store.queue.reached("nowhere.com");
    store.queue.release([taken!.token]);
    await store.queue.defer("a.com", 50, UNREACHABLE);
    await store.queue.retry(10);
    assert.deepEqual(await hopsOf("up"), ["a.com", "b.com"], "the operator knows better");
  });

  storeTest(`${name}: queue.overdue takes what was put off too long`, open, async (store) => {
    const now = ACCEPTED_AT;
    await store.accept(message("hop", [toQueue("a.com", now)]));
    await store.accept(message("own", [toQueue("b.com", now)]));
    await store.accept(message("due", [toQueue("c.com", now)]));
    await store.accept({ ...message("young", [toQueue("a.com", now)]), acceptedAt: now + 30 });
    await store.queue.defer("a.com", now + 1000, UNREACHABLE);
    const [own] = await store.queue.take("b.com", now, 1);
    await store.queue.settle([[own!.token, RETRY]], []);
    assert.deepEqual(await late(store, 39), []);
    const warned = await store.queue.overdue(now + 40, 9, PATIENCE);
    assert.deepEqual(reasonsOf(warned), [["hop", "delay", UNREACHABLE], [
      "own",
      "delay",
      GREYLISTED,
    ]]);
    assert.deepEqual(await late(store, 40), [], "taken is taken");
    const wait = { do: "wait", past: "delay", reply: UNREACHABLE } as const;
    await store.queue.settle(warned.map(({ token }) => [token, wait] as const), []);
    assert.deepEqual(await late(store, 69), []);
    assert.deepEqual(await late(store, 70), ["young delay"]);
    assert.deepEqual(await late(store, 100), ["hop age", "own age", "young delay"]);
    // What is due is tried before it is given up; without patience age counts for nothing.
    assert.deepEqual(await late(store, 1000), []);
    assert.deepEqual(await store.queue.overdue(now + 500, 9), []);
  });

  storeTest(`${name}: queue.overdue finds who is late behind many`, open, async (store) => {
    const crowd = Array.from(
      { length: 1200 },
      (_, at) => toQueue("due.com", ACCEPTED_AT, `p${at}`),
    );
    await store.accept(message("crowd", crowd));
    await store.accept(message("late", [toQueue("down.com", ACCEPTED_AT)]));
    await store.queue.defer("down.com", ACCEPTED_AT + 1000, UNREACHABLE);
    const found: string[] = [];
    for (let call = 0; call < 6; call++) found.push(...await late(store, 100));
    assert.ok(found.includes("late age"), `${found}`);
    assert.deepEqual(new Set(found), new Set(["late age"]));
  });

  storeTest(`${name}: queue.nextDueAt looks at ages, too`, open, async (store) => {
    const now = ACCEPTED_AT;
    await store.accept(message("m1", [toQueue("a.com", now)]));
    await store.queue.defer("a.com", now + 1000, UNREACHABLE);
    const next = (patience = PATIENCE) => Number(store.queue.nextDueAt(patience)) - now;
    assert.equal(store.queue.nextDueAt(), now + 1000);
    assert.equal(next(), 40);
    const [warned] = await store.queue.overdue(now + 40, 9, PATIENCE);
    assert.equal(store.queue.nextDueAt(PATIENCE), null);
    const wait = { do: "wait", past: "delay", reply: UNREACHABLE } as const;
    await store.queue.settle([[warned!.token, wait]], []);
    assert.equal(next(), 100);
    assert.equal(next({ ...PATIENCE, giveUpAfterMs: 5000 }), 1000);
  });

  storeTest(`${name}: a deadline counts as a warning, and a warning not`, open, async (store) => {
    const now = ACCEPTED_AT;
    const by = { at: now + 60, mode: "notify", trace: false } as const;
    const accepted = message("m1", [toQueue("a.com", now)]);
    await store.accept({ ...accepted, envelope: { ...accepted.envelope, by } });
    await store.queue.defer("a.com", now + 1000, UNREACHABLE);
    for (const [at, why] of [[40, "delay"], [60, "deadline"]] as const) {
      const [taken] = await store.queue.overdue(now + at, 9, PATIENCE);
      assert.equal(taken!.why, why);
      const wait = { do: "wait", past: why, reply: UNREACHABLE } as const;
      await store.queue.settle([[taken!.token, wait]], []);
      assert.deepEqual(await late(store, at), []);
    }
    await store.accept({
      ...message("m2", [toQueue("a.com", now)]),
      envelope: { ...accepted.envelope, by },
    });
    const [first] = await store.queue.overdue(now + 60, 9, { ...PATIENCE, warnAfterMs: 70 });
    await store.queue.settle(
      [[first!.token, { do: "wait", past: "deadline", reply: UNREACHABLE }]],
      [],
    );
    assert.deepEqual(await late(store, 99), []);
  });

  storeTest(`${name}: what is held is as old as its release`, open, async (store) => {
    const until = ACCEPTED_AT + 500;
    const accepted = message("m1", [toQueue("a.com", until)]);
    const hold = { until, request: "for;1" };
    await store.accept({ ...accepted, envelope: { ...accepted.envelope, hold } });
    await store.queue.defer("a.com", until + 1000, UNREACHABLE);
    assert.deepEqual(await late(store, 539), []);
    assert.deepEqual(await late(store, 540), ["m1 delay"]);
    assert.deepEqual(await late(store, 600), ["m1 age"]);
  });

  storeTest(`${name}: what the operator holds does not grow late`, open, async (store) => {
    await store.accept(message("m1", [toQueue("a.com", ACCEPTED_AT)]));
    await store.queue.defer("a.com", ACCEPTED_AT + 1000, UNREACHABLE);
    await store.queue.hold({ reason: "odd", at: 1 });
    assert.deepEqual(await late(store, 500), []);
    assert.equal(store.queue.nextDueAt(PATIENCE), null);
    await store.queue.unhold(2);
    assert.deepEqual(await late(store, 500), ["m1 age"]);
  });

  storeTest(`${name}: queue.size counts who waits`, open, async (store) => {
    assert.equal(await store.queue.size(), 0);
    await store.accept(message("m1", [toQueue("a.com", 1), toQueue("b.com", 1)]));
    await store.accept(message("m2", [toQueue("a.com", 1)]));
    assert.equal(await store.queue.size(), 3);
    const [taken] = await store.queue.take("a.com", 1, 1);
    assert.equal(await store.queue.size(), 3, "what is taken waits as well");
    await store.queue.settle([[taken!.token, FINISHED]], [message("r", [toQueue("c.com", 1)])]);
    assert.equal(await store.queue.size(), 3);
    await assert.rejects(store.accept(message("m2", [toQueue("a.com", 1)])));
    assert.equal(await store.queue.size(), 3, "what was not taken does not wait");
    await store.queue.drop("m2");
    assert.equal(await store.queue.size(), 2);
  });
}

function from(sender: string | null, id: string, deliveries: readonly Delivery[]): Accepted {
  const accepted = message(id, deliveries);
  const envelope: Envelope = {
    ...accepted.envelope,
    sender: sender === null ? null : { local: sender, domain: "abc.com" },
  };
  return { ...accepted, envelope };
}

function idsOf(taken: readonly Taken[]): string[] {
  return taken.map((each) => each.message);
}

function reasonsOf(overdue: readonly Overdue[]) {
  return overdue.map(({ message, why, lastReply }) => [message, why, lastReply]);
}

/** Who is late so many milliseconds after acceptance, and why; all are given back. */
async function late(store: Store, ageMs: number): Promise<readonly string[]> {
  const overdue = await store.queue.overdue(ACCEPTED_AT + ageMs, 9, PATIENCE);
  store.queue.release(overdue.map(({ token }) => token));
  return overdue.map(({ message, why }) => `${message} ${why}`).sort();
}

async function takeRest(store: Store): Promise<void> {
  for (;;) {
    const rest = await store.queue.take("x.com", 100, 50);
    if (rest.length === 0) return;
    await store.queue.settle(rest.map(({ token }) => [token, FINISHED] as const), []);
  }
}
