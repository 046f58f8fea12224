/** The promises about `accept` and about what happens to content. */
import assert from "$assert";
import { bodyOf, bytesOf } from "../../lib/mail/body.ts";
import { CHUNK_BYTES } from "../../lib/store/content.ts";
import { equal } from "../../lib/wire/bytes.ts";
import {
  addAccount,
  FINISHED,
  inboxOf,
  message,
  NEVER,
  type OpenStore,
  rejectsWith,
  secretOf,
  storeTest,
  textOf,
  toInbox,
  toQueue,
} from "./store_support.ts";

export function messageConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: accept takes a message and its reports, or neither`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const report = message("r1", [toInbox(alice), toQueue("far.com", 1)]);
    await store.accept(message("m1", [toInbox(alice)]), [report]);
    const inbox = await inboxOf(store, alice);
    const found = await store.mail.list(inbox.id, 0, 10);
    assert.deepEqual(found.map((entry) => entry.message), ["m1", "r1"]);
    assert.deepEqual((await store.queue.list({ max: 10 })).map((each) => each.message), ["r1"]);

    const gone = { ...alice, id: alice.id + 1000 };
    await rejectsWith(
      "unknown",
      store.accept(message("m2", [toInbox(alice)]), [message("r2", [toInbox(gone)])]),
    );
    assert.equal((await store.mail.list(inbox.id, 0, 10)).length, 2);
  });

  storeTest(`${name}: accept delivers prefix and content to each mailbox`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const bob = await addAccount(store, "bob@abc.com");
    await store.accept(message("m1", [toInbox(alice, "A: 1\r\n"), toInbox(bob, "B: 22\r\n")]));
    for (const [account, prefix] of [[alice, "A: 1\r\n"], [bob, "B: 22\r\n"]] as const) {
      const inbox = await inboxOf(store, account);
      const text = `${prefix}Subject: m1\r\n\r\nHello\r\n`;
      assert.equal(inbox.uidNext, 2);
      assert.equal(await textOf(await store.mail.body(inbox.id, 1)), text);
      assert.deepEqual(await store.mail.list(inbox.id, 0, 10), [{
        uid: 1,
        size: text.length,
        receivedAt: 1_700_000_001_000,
        savedAt: 1_700_000_001_000,
        modSeq: store.mail.modSeq(account.id),
        message: "m1",
        flags: [],
      }]);
    }
  });

  storeTest(`${name}: accept puts one message twice into one mailbox`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await store.accept(message("m1", [toInbox(alice, "1\r\n"), toInbox(alice, "2\r\n")]));
    const inbox = await inboxOf(store, alice);
    const entries = await store.mail.list(inbox.id, 0, 10);
    assert.deepEqual(entries.map((entry) => entry.uid), [1, 2]);
    assert.ok(entries[0]!.modSeq < entries[1]!.modSeq);
    assert.match(await textOf(await store.mail.body(inbox.id, 2)), /^2\r\nSubject: m1/);
  });

  storeTest(`${name}: accept leaves nothing of what it rejects`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const nobody = { ...alice, id: alice.id + 100 };
    const bad = [
      message("bad1", [toInbox(alice), toQueue("xyz.com", 1), toInbox(nobody)]),
      message("bad2", [{ ...toInbox(alice), mailbox: "Nowhere" } as ReturnType<typeof toInbox>]),
    ];
    // All in one group: what is bad must not touch what comes before or behind it.
    const results = await Promise.allSettled([
      store.accept(message("good1", [toInbox(alice)])),
      ...bad.map((each) => store.accept(each)),
      store.accept(message("good2", [toInbox(alice)])),
    ]);
    assert.deepEqual(results.map((result) => result.status), [
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    for (const each of bad) await rejectsWith("unknown", store.accept(each));

    const inbox = await inboxOf(store, alice);
    const entries = await store.mail.list(inbox.id, 0, 10);
    assert.deepEqual(entries.map(({ uid, message }) => [uid, message]), [[1, "good1"], [
      2,
      "good2",
    ]]);
    assert.equal(inbox.uidNext, 3);
    assert.equal(inbox.modSeq, store.mail.modSeq(alice.id));
    assert.deepEqual(await store.queue.list({ max: 10 }), []);
    assert.equal(store.queue.nextDueAt(), null);
    assert.equal(store.queue.version(), 0);
    // The id is free: nothing of the message is there.
    await store.accept(message("bad1", [toInbox(alice)]));
  });

  storeTest(`${name}: accept refuses what could never be removed`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    await assert.rejects(store.accept(message("m1", [])), RangeError);
    const short = { size: 10, slice: () => new Uint8Array(3) };
    await assert.rejects(
      store.accept({ ...message("m2", [toInbox(alice)]), content: short }),
      RangeError,
    );
    await store.accept(message("m3", [toInbox(alice)]));
    await assert.rejects(store.accept(message("m3", [toInbox(alice)])));
    assert.equal((await inboxOf(store, alice)).uidNext, 2);
  });

  storeTest(
    `${name}: accept wakes nobody and shows nothing before it resolves`,
    open,
    async (s) => {
      const alice = await addAccount(s, "alice@abc.com");
      const order: string[] = [];
      const woken = Promise.all([
        s.mail.changed(alice.id, s.mail.modSeq(alice.id), NEVER).then(() => order.push("mail")),
        s.queue.changed(s.queue.version(), NEVER).then(() => order.push("queue")),
      ]);
      const accepted = s.accept(message("m1", [toInbox(alice), toQueue("xyz.com", 5)]));
      const inbox = await inboxOf(s, alice);
      assert.deepEqual([inbox.uidNext, s.queue.nextDueAt(), order.length], [1, null, 0]);
      await accepted;
      assert.deepEqual([(await inboxOf(s, alice)).uidNext, s.queue.nextDueAt()], [2, 5]);
      await woken;
      assert.deepEqual(order.sort(), ["mail", "queue"]);
    },
  );

  storeTest(`${name}: accept keeps every byte, whatever the size`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const sizes = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 200_000];
    for (const [at, size] of sizes.entries()) {
      const content = patternOf(size);
      await store.accept(
        message(`m${at}`, [toInbox(alice, "P\r\n"), toQueue("x.com", 1)], content),
      );
      const whole = await bytesOf((await store.mail.body(inbox.id, at + 1))!);
      assert.equal(whole.length, size + 3);
      assert.ok(equal(whole.subarray(3), content), `content of ${size} bytes`);
      assert.ok(equal(await bytesOf((await store.queue.content(`m${at}`))!), content));
    }
  });

  storeTest(`${name}: bodies gives what body gives, from a UID on`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const sizes = [0, 1, 5_000, CHUNK_BYTES, 5_000, CHUNK_BYTES + 1, 1, 3 * CHUNK_BYTES, 1];
    for (const [at, size] of sizes.entries()) {
      await store.accept(message(`m${at}`, [toInbox(alice, `P${at}\r\n`)], patternOf(size)));
    }
    await store.mail.remove(inbox.id, [2]);
    const cases: readonly (readonly [from: number, max: number, uids: readonly number[]])[] = [
      [1, 1, [1]],
      [1, 3, [1, 3, 4]],
      [2, 2, [3, 4]],
      // Together they have no more than 128 KiB, but the first is always there.
      [1, 32, [1, 3, 4, 5]],
      [5, 32, [5, 6, 7]],
      [7, 32, [7]],
      [8, 32, [8]],
      [10, 32, []],
    ];
    for (const [from, max, uids] of cases) {
      const found = await store.mail.bodies(inbox.id, from, max);
      assert.deepEqual([...found.keys()], uids, `${max} from ${from}`);
      for (const [uid, body] of found) {
        const alone = await bytesOf((await store.mail.body(inbox.id, uid))!);
        assert.ok(equal(await bytesOf(body), alone), `message ${uid} from ${from}`);
      }
    }
    assert.equal((await store.mail.bodies(inbox.id + 1, 1, 32)).size, 0);
  });

  storeTest(`${name}: a body gives any slice, across pieces`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const content = patternOf(3 * CHUNK_BYTES + 17);
    await store.accept(message("m1", [toInbox(alice), toQueue("xyz.com", 1)], content));
    const bodies = [
      (await store.mail.body(inbox.id, 1))!,
      (await store.queue.content("m1"))!,
      (await store.queue.take("xyz.com", 1, 1))[0]!.content,
    ];
    const edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 5];
    const ends = [...edges, 3 * CHUNK_BYTES, content.length, content.length + 9];
    for (const body of bodies) {
      assert.equal(body.size, content.length);
      for (const from of edges) {
        for (const to of ends) {
          assert.ok(
            equal(await body.slice(from, to), content.slice(from, Math.max(from, to))),
            `from ${from} to ${to}`,
          );
        }
      }
    }
  });

  storeTest(`${name}: a body can be read to its end after its removal`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    for (const [at, size] of [100, 3 * CHUNK_BYTES].entries()) {
      const content = patternOf(size);
      await store.accept(message(`m${at}`, [toInbox(alice), toQueue("x.com", 1)], content));
      const read = (await store.mail.body(inbox.id, at + 1))!;
      const [taken] = await store.queue.take("x.com", 1, 1);
      await store.mail.remove(inbox.id, [at + 1]);
      assert.equal(await store.mail.body(inbox.id, at + 1), null);
      assert.ok(await store.queue.content(`m${at}`), "the queue still needs it");
      await store.queue.settle([[taken!.token, FINISHED]], []);
      assert.equal(await store.queue.content(`m${at}`), null);
      await store.accept(message(`other${at}`, [toQueue("y.com", 9)]));
      await store.queue.drop(`other${at}`);
      assert.ok(equal(await bytesOf(read), content));
      assert.ok(equal(await bytesOf(taken!.content), content));
      if (size > CHUNK_BYTES) break;
      // Nothing points at it any more, but its history still goes by its id.
      await assert.rejects(store.accept(message(`m${at}`, [toQueue("y.com", 9)])));
    }
  });

  storeTest(`${name}: accept reads content that comes piece by piece`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const whole = bodyOf(patternOf(CHUNK_BYTES * 2));
    const slow = {
      size: whole.size,
      slice: async (from: number, to: number) => await whole.slice(from, to),
    };
    await store.accept({ ...message("m1", [toInbox(alice)]), content: slow });
    const body = (await store.mail.body(inbox.id, 1))!;
    assert.ok(equal(await bytesOf(body), await bytesOf(whole)));
  });

  Deno.test(`${name}: a store that is closed takes nothing and lets everybody go`, async () => {
    const store = await open();
    const alice = await addAccount(store, "alice@abc.com");
    const last = store.users.setSecret(alice.id, secretOf(7));
    const waiting = [
      store.mail.changed(alice.id, 1000, NEVER),
      store.queue.changed(1000, NEVER),
    ];
    const letGo = Promise.all(waiting.map((each) => rejectsWith("closed", each)));
    await store.accept(message("m0", [toQueue("xyz.com", 1)]));
    const [taken] = await store.queue.take("xyz.com", 1, 1);
    const closing = store[Symbol.asyncDispose]();
    await rejectsWith("closed", store.accept(message("m2", [toInbox(alice)])));
    await closing;
    await last;
    assert.deepEqual(store.users.secret(alice.id), secretOf(7));
    await letGo;
    store.queue.release([taken!.token]);
    await store[Symbol.asyncDispose]();
  });
}

/** Bytes that differ from place to place, so that a slice from elsewhere is noticed. */
function patternOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + (at >> 16)) & 0xff;
  return bytes;
}
