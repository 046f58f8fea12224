/**
 * A view against a simple model: several clients of one mailbox, each told what it may be told,
 * when it may be told it, in any order that chance makes.
 */
import assert from "$assert";
import fc from "$check";
import { formatSpans } from "../lib/imap/sequence.ts";
import { type Seen, View } from "../lib/imap/view.ts";

const seen = (uid: number, modSeq = uid, ...flags: readonly string[]): Seen => {
  return { uid, modSeq, flags };
};

Deno.test("a view numbers what was told, and moves numbers only when it may", () => {
  const view = new View([seen(3), seen(5), seen(9)]);
  view.forget([5, 9]);
  assert.equal(view.count, 3);
  assert.equal(view.numberOf(9), 3);
  assert.ok(view.isGone(5));
  assert.deepEqual(view.tell({ expunges: false }).expunged, []);
  view.learn([seen(10, 20), seen(12, 21)]);
  assert.equal(view.count, 3);
  const { expunged, vanished, exists } = view.tell({ expunges: true });
  // RFC 9051 §7.5.1: each number as it is when its turn has come.
  assert.deepEqual(expunged, [2, 2]);
  assert.equal(formatSpans(vanished), "5,9");
  assert.equal(exists, 3);
  assert.equal(view.numberOf(12), 3);
  assert.deepEqual(view.at(2), seen(10, 20));
  assert.throws(() => view.at(4), RangeError);
});

Deno.test("a view tells changed flags once, and not those that were told otherwise", () => {
  const view = new View([seen(1), seen(2), seen(3)]);
  view.learn([seen(1, 10, "a"), seen(2, 11, "b"), seen(3, 12)]);
  view.told(2);
  const { changed } = view.tell({ expunges: false });
  assert.deepEqual(changed, [{ number: 1, seen: seen(1, 10, "a") }]);
  assert.deepEqual(view.tell({ expunges: true }).changed, []);
  assert.equal(view.at(3).modSeq, 12);
  view.learn([seen(1, 9, "old")]);
  assert.deepEqual(view.at(1).flags, ["a"]);
});

Deno.test("a view tells nothing of what came and went between", () => {
  const view = new View([seen(1)]);
  view.learn([seen(2, 2), seen(3, 3)]);
  view.forget([2]);
  assert.deepEqual(view.tell({ expunges: true }), {
    expunged: [],
    vanished: [],
    exists: 2,
    fresh: 3,
    changed: [],
  });
  view.forget([3]);
  view.tell({ expunges: true });
  view.learn([seen(3, 4, "late")]); // what is gone does not come back
  assert.equal(view.tell({ expunges: true }).exists, null);
});

Deno.test("a view of a hundred thousand messages takes in a hundred thousand more", () => {
  const many = (from: number) => Array.from({ length: 100_000 }, (_, at) => seen(from + at));
  const view = new View(many(1));
  view.learn(many(100_001));
  assert.equal(view.tell({ expunges: false }).exists, 200_000);
  view.forget(many(1).map(({ uid }) => uid));
  assert.equal(view.tell({ expunges: true }).expunged.length, 100_000);
  assert.equal(view.count, 100_000);
});

/** The truth: what is there, and every change in its order. */
class Mailbox {
  readonly messages = new Map<number, Seen>();
  readonly removed: (readonly [uid: number, modSeq: number])[] = [];
  #uid = 0;
  #modSeq = 0;

  append(): void {
    this.#uid++;
    this.messages.set(this.#uid, seen(this.#uid, ++this.#modSeq));
  }

  change(at: number, flag: string): void {
    const found = this.#nth(at);
    if (found === undefined) return;
    const flags = found.flags.includes(flag)
      ? found.flags.filter((each) => each !== flag)
      : [...found.flags, flag];
    this.messages.set(found.uid, { uid: found.uid, modSeq: ++this.#modSeq, flags });
  }

  remove(at: number): void {
    const found = this.#nth(at);
    if (found === undefined) return;
    this.messages.delete(found.uid);
    this.removed.push([found.uid, ++this.#modSeq]);
  }

  get modSeq(): number {
    return this.#modSeq;
  }

  #nth(at: number): Seen | undefined {
    return [...this.messages.values()][at % Math.max(1, this.messages.size)];
  }
}

/** A client as RFC 9051 has it: it believes what it hears, and nothing else. */
class Client {
  readonly view: View;
  /** The UIDs by number; `null` where it has not asked yet. */
  #numbers: (number | null)[];
  readonly #flags = new Map<number, readonly string[]>();
  #mark: number;

  constructor(mailbox: Mailbox) {
    const messages = [...mailbox.messages.values()];
    this.view = new View(messages);
    this.#numbers = messages.map(({ uid }) => uid);
    for (const { uid, flags } of messages) this.#flags.set(uid, flags);
    this.#mark = mailbox.modSeq;
  }

  /** What the session does before it tells: it reads what has changed, in pieces. */
  sync({ messages, removed, modSeq }: Mailbox): void {
    const fresh = [...messages.values()].filter((each) => each.modSeq > this.#mark);
    this.view.learn(fresh.toSorted((a, b) => a.modSeq - b.modSeq));
    this.view.forget(removed.filter(([, at]) => at > this.#mark).map(([uid]) => uid));
    this.#mark = modSeq;
  }

  hear(expunges: boolean): void {
    const { expunged, vanished, exists, changed } = this.view.tell({ expunges });
    if (!expunges) assert.deepEqual(expunged, []);
    const before = this.#numbers.length;
    const gone = expunged.map((number) => {
      assert.ok(number >= 1 && number <= this.#numbers.length);
      return this.#numbers.splice(number - 1, 1)[0]!;
    });
    const spans = vanished.flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, at) => from + at)
    );
    assert.deepEqual(gone, spans);
    if (exists !== null) {
      assert.ok(exists > this.#numbers.length, "a mailbox shrinks by EXPUNGE only");
      while (this.#numbers.length < exists) this.#numbers.push(null);
    } else assert.equal(this.#numbers.length, before - expunged.length);
    for (const { number, seen } of changed) {
      assert.equal(this.#numbers[number - 1], seen.uid);
      this.#flags.set(seen.uid, seen.flags);
    }
    this.#fetchNew();
    assert.equal(this.view.count, this.#numbers.length);
  }

  /** It asks for the UIDs and flags of what is new. */
  #fetchNew(): void {
    this.#numbers = this.#numbers.map((uid, at) => {
      if (uid !== null) return uid;
      const found = this.view.at(at + 1);
      this.#flags.set(found.uid, found.flags);
      this.view.told(found.uid);
      return found.uid;
    });
    assert.deepEqual(this.#numbers, this.#numbers.toSorted((a, b) => a! - b!));
  }

  /** It stores flags without asking for them: the server tells it nothing of these. */
  storeSilently(mailbox: Mailbox, at: number, flag: string): void {
    const uid = [...mailbox.messages.keys()][at % Math.max(1, mailbox.messages.size)];
    if (uid === undefined || this.view.numberOf(uid) === null) return;
    this.sync(mailbox);
    this.hear(false);
    mailbox.change(at, flag);
    const now = mailbox.messages.get(uid)!;
    this.view.learn([now]);
    this.view.told(uid);
    this.#flags.set(uid, now.flags);
  }

  /** What it believes is what is true. */
  believes({ messages }: Mailbox): void {
    const uids = this.#numbers as readonly number[];
    assert.deepEqual(uids, [...messages.keys()]);
    for (const [at, uid] of uids.entries()) {
      assert.equal(this.view.numberOf(uid), at + 1);
      assert.deepEqual(this.#flags.get(uid)!.toSorted(), messages.get(uid)!.flags.toSorted());
    }
    assert.deepEqual(
      [...this.view.ofUids([{ from: 1, to: 10_000 }])],
      [...this.view.ofNumbers([{ from: 1, to: 10_000 }])],
    );
  }
}

const CLIENTS = 3;
const client = fc.nat(CLIENTS - 1);
const step = fc.oneof(
  fc.record({ do: fc.constant("append" as const) }),
  fc.record({ do: fc.constant("remove" as const), at: fc.nat(20) }),
  fc.record({
    do: fc.constant("change" as const),
    at: fc.nat(20),
    flag: fc.constantFrom("a", "b"),
  }),
  fc.record({ do: fc.constant("sync" as const), client }),
  fc.record({ do: fc.constant("hear" as const), client, expunges: fc.boolean() }),
  fc.record({ do: fc.constant("open" as const), client }),
  fc.record({
    do: fc.constant("store" as const),
    client,
    at: fc.nat(20),
    flag: fc.constantFrom("a", "b"),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(step: Step, mailbox: Mailbox, clients: Client[]): void {
  switch (step.do) {
    case "append":
      return mailbox.append();
    case "remove":
      return mailbox.remove(step.at);
    case "change":
      return mailbox.change(step.at, step.flag);
    case "sync":
      return clients[step.client]!.sync(mailbox);
    case "hear":
      return clients[step.client]!.hear(step.expunges);
    case "open":
      clients[step.client] = new Client(mailbox);
      return;
    case "store":
      return clients[step.client]!.storeSilently(mailbox, step.at, step.flag);
  }
}

Deno.test("several clients, told in any order, all believe what is true in the end", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const mailbox = new Mailbox();
      for (let count = 0; count < 4; count++) mailbox.append();
      const clients = Array.from({ length: CLIENTS }, () => new Client(mailbox));
      for (const each of steps) take(each, mailbox, clients);
      for (const each of clients) {
        each.sync(mailbox);
        each.hear(true);
        each.believes(mailbox);
      }
    }),
    { numRuns: 300 },
  );
});
