/** The promises about mailboxes. */
import assert from "$assert";
import { type Changes, type Entry, REMOVED_KEPT, type Store } from "../../lib/store/store.ts";
import {
  addAccount,
  inboxOf,
  isSettled,
  message,
  NEVER,
  type OpenStore,
  storeTest,
  toInbox,
} from "./store_support.ts";

export function mailConformance(name: string, open: OpenStore): void {
  storeTest(`${name}: mail gives out uids that only grow`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    await acceptMany(store, alice, ["m1", "m2", "m3"]);
    await store.mail.remove(inbox.id, [3, 2]);
    await acceptMany(store, alice, ["m4"]);
    await store.mail.remove(inbox.id, [1, 4]);
    await acceptMany(store, alice, ["m5"]);
    const entries = await store.mail.list(inbox.id, 0, 10);
    assert.deepEqual(entries.map(({ uid, message }) => [uid, message]), [[5, "m5"]]);
    assert.equal((await inboxOf(store, alice)).uidNext, 6);
  });

  storeTest(`${name}: mail lists by uid, page by page`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    await acceptMany(store, alice, ["m1", "m2", "m3", "m4", "m5"]);
    await store.mail.remove(inbox.id, [2]);
    const uids = (entries: readonly Entry[]) => entries.map((entry) => entry.uid);
    assert.deepEqual(uids(await store.mail.list(inbox.id, 0, 2)), [1, 3]);
    assert.deepEqual(uids(await store.mail.list(inbox.id, 3, 2)), [4, 5]);
    assert.deepEqual(uids(await store.mail.list(inbox.id, 5, 2)), []);
  });

  storeTest(`${name}: mail pages changes, arrivals and removals alike`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const start = store.mail.modSeq(alice.id);
    await acceptMany(store, alice, ["m1", "m2", "m3", "m4"]);
    await store.mail.remove(inbox.id, [3, 1]);
    await acceptMany(store, alice, ["m5"]);
    const end = store.mail.modSeq(alice.id);

    for (const max of [1, 2, 3, 4, 5, 6, 100]) {
      const pages = await pagesOf(store, inbox.id, start, max);
      for (const page of pages) {
        const size = page.entries.length + page.removed.length;
        assert.ok(page.more ? size === max : size <= max, `a page of ${size}, at most ${max}`);
        assert.equal(page.forgotten, false);
      }
      assert.deepEqual(pages.flatMap((page) => page.entries).map((entry) => entry.uid), [2, 4, 5]);
      assert.deepEqual(pages.flatMap((page) => page.removed), [3, 1]);
      assert.equal(pages.at(-1)!.modSeq, end);
    }
    assert.deepEqual(await store.mail.changes(inbox.id, end, 10), {
      entries: [],
      removed: [],
      modSeq: end,
      more: false,
      forgotten: false,
    });
  });

  storeTest(`${name}: mail gives everything from 0, and no removals`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    await acceptMany(store, alice, ["m1", "m2", "m3"]);
    await store.mail.remove(inbox.id, [2]);
    const page = await store.mail.changes(inbox.id, 0, 2);
    assert.deepEqual(page.entries.map((entry) => entry.uid), [1, 3]);
    assert.deepEqual([page.removed, page.more], [[], false]);
    assert.equal(page.modSeq, store.mail.modSeq(alice.id));
  });

  storeTest(`${name}: mail gives each change a mark of its own`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const start = store.mail.modSeq(alice.id);
    await Promise.all([
      acceptMany(store, alice, ["m1", "m2", "m3"]),
      acceptMany(store, alice, ["m4", "m5"]),
    ]);
    await store.mail.remove(inbox.id, [1, 2]);
    assert.equal(store.mail.modSeq(alice.id), start + 7);
    assert.equal((await inboxOf(store, alice)).modSeq, start + 7);
    const marks = (await store.mail.list(inbox.id, 0, 10)).map((entry) => entry.modSeq);
    assert.deepEqual(marks, [start + 3, start + 4, start + 5]);
  });

  storeTest(`${name}: mail passes over removals of what is gone`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    await acceptMany(store, alice, ["m1", "m2"]);
    await store.mail.remove(inbox.id, [1, 1, 77]);
    const mark = store.mail.modSeq(alice.id);
    await store.mail.remove(inbox.id, [1]);
    await store.mail.remove(inbox.id, []);
    await store.mail.remove(inbox.id + 1000, [1]);
    assert.equal(store.mail.modSeq(alice.id), mark);
    assert.deepEqual((await store.mail.changes(inbox.id, 1, 10)).removed, [1]);
  });

  storeTest(`${name}: mail says when it has forgotten removals`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const inbox = await inboxOf(store, alice);
    const count = REMOVED_KEPT + 2000;
    // Few messages with many deliveries each make the same entries faster.
    for (let at = 0; at < count; at += 1000) {
      await store.accept(message(`m${at}`, Array.from({ length: 1000 }, () => toInbox(alice))));
    }
    const before = store.mail.modSeq(alice.id);
    const uids = Array.from({ length: count }, (_, at) => at + 1);
    await store.mail.remove(inbox.id, uids);
    const end = store.mail.modSeq(alice.id);
    assert.equal(end, before + count);

    assert.equal((await store.mail.changes(inbox.id, before, 10)).forgotten, true);
    assert.equal((await store.mail.changes(inbox.id, 0, 10)).forgotten, false);
    const kept = await store.mail.changes(inbox.id, end - REMOVED_KEPT, REMOVED_KEPT);
    assert.deepEqual([kept.forgotten, kept.more, kept.removed.length], [
      false,
      false,
      REMOVED_KEPT,
    ]);
    assert.equal(kept.removed.at(-1), count);
  });

  storeTest(
    `${name}: mail.changed resolves at once when it is past already`,
    open,
    async (store) => {
      const alice = await addAccount(store, "alice@abc.com");
      const mark = store.mail.modSeq(alice.id);
      await acceptMany(store, alice, ["m1"]);
      await store.mail.changed(alice.id, mark, NEVER);
      assert.equal(
        await isSettled(store.mail.changed(alice.id, mark + 1, AbortSignal.abort())),
        true,
      );
    },
  );

  storeTest(`${name}: mail.changed waits for its own account`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const bob = await addAccount(store, "bob@abc.com");
    const inbox = await inboxOf(store, alice);
    await acceptMany(store, alice, ["m1"]);
    const changed = store.mail.changed(alice.id, store.mail.modSeq(alice.id), NEVER);
    await acceptMany(store, bob, ["m2"]);
    assert.equal(await isSettled(changed), false);
    await store.mail.remove(inbox.id, [1]);
    await changed;
  });

  storeTest(`${name}: mail.changed rejects with the reason of its signal`, open, async (store) => {
    const alice = await addAccount(store, "alice@abc.com");
    const stop = new AbortController();
    const changed = store.mail.changed(alice.id, store.mail.modSeq(alice.id), stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(changed, /enough/);
    await assert.rejects(store.mail.changed(alice.id, 1000, stop.signal), /enough/);
  });
}

async function acceptMany(
  store: Store,
  account: Parameters<typeof toInbox>[0],
  ids: readonly string[],
): Promise<void> {
  await Promise.all(ids.map((id) => store.accept(message(id, [toInbox(account)]))));
}

async function pagesOf(
  store: Store,
  mailbox: number,
  since: number,
  max: number,
): Promise<Changes[]> {
  const pages: Changes[] = [];
  for (let mark = since;;) {
    const page = await store.mail.changes(mailbox, mark, max);
    pages.push(page);
    if (!page.more) return pages;
    mark = page.modSeq;
  }
}
